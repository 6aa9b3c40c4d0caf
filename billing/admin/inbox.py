"""The inbox of sales: rows that came in, which staff look at, handle by verbs, and never edit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from billing.admin.verbs import Asked, carry_out
from sharespine.lib.admin import HistoryAdmin

#: unfold looks a permission with a dot up in the database, before there is one: this names a method.
MAY_HANDLE = ["handle"]


class InboxAdmin(HistoryAdmin):
    fields = ()
    #: State → the verbs that make sense in it.
    possible: Mapping[str, Set[str]]

    def has_handle_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the user may handle what came in. What was sent nobody edits."""
        return bool(request.user.has_perm(f"billing.change_{self.opts.model_name}"))

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> Any:
        """Only what can be done in its state."""
        states = self.get_queryset(request).filter(pk=object_id).values_list("state", flat=True)
        possible = self.possible.get(states.first(), set())
        return [a for a in super().get_actions_detail(request, object_id) if a.method.original_function_name in possible]

    def handle(
        self, request: HttpRequest, object_id: str, asked: Asked, verb: Callable[[Any, str], object], done: Any
    ) -> HttpResponse:
        """Call `verb` with the row and the name of the user, and say on the page of the row that it is `done`."""
        row = self.get_queryset(request).get(pk=object_id)
        return carry_out(request, self.page(object_id), lambda actor: verb(row, actor), done, asked)

    def page(self, object_id: Any) -> str:
        return reverse(f"admin:billing_{self.opts.model_name}_change", args=[object_id])
