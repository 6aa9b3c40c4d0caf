"""What lists are narrowed by, as it stands in the address."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from billing.models import Customer
from flows import finding
from flows.models import Flow

#: A question is made of no more parts: SQLite ends at 500.
MOST_PARTS = 200
#: What is not read of a system for a list: its credentials, and what is long.
KEPT_BACK = ("secrets", "options", "report")
#: Days outside are as good as none: databases and time zones have ends of their own.
FIRST, LAST = date(1970, 1, 1), date(2900, 1, 1)


class Filters(forms.Form):
    """What a list is narrowed by. What makes no sense is said at its field, and narrows nothing."""

    use_required_attribute = False

    @property
    def chosen(self) -> dict[str, Any]:
        """What narrows the list, by the name of its field."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}

    @property
    def kept(self) -> dict[str, str]:
        """The same as it stands in the address."""
        return {name: str(value) for name, value in self.chosen.items()}


class FlowFilters(Filters):
    """The same of what goes through flows, of which only those of one customer are offered."""

    def __init__(self, data: Any, flows: Sequence[Flow], *, called: Callable[[Flow], str] = str) -> None:
        super().__init__(data)
        self.flows = flows
        self._offer("flow", [(str(flow.pk), called(flow)) for flow in flows])
        if "register" in self.fields:
            registers = {flow.register: capfirst(flow.get_register_display()) for flow in flows}
            self._offer("register", list(registers.items()))

    def _offer(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field: Any = self.fields[name]
        field.choices = [("", _("all")), *choices]

    def chosen_flows(self) -> list[int]:
        """The ids of the flows that the list is narrowed to."""
        flow, register = self.chosen.get("flow"), self.chosen.get("register")
        return [each.pk for each in self.flows if flow in (None, str(each.pk)) and register in (None, each.register)]


class Day(forms.DateField):
    """A day that a list begins or ends with."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            input_formats=["%Y-%m-%d"],
            required=False,
            validators=[MinValueValidator(FIRST), MaxValueValidator(LAST)],
            **kwargs,
        )


class Search(forms.CharField):
    """What somebody has in their hand."""

    widget = forms.TextInput(attrs={"type": "search", "autocomplete": "off", "size": "34"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=100, required=False, **kwargs)


class Choice(forms.ChoiceField):
    """One of some, or all."""

    def __init__(self, *, choices: Any = (), **kwargs: Any) -> None:
        super().__init__(choices=[("", _("all")), *choices], required=False, **kwargs)


@dataclass(frozen=True, slots=True)
class Narrowed:
    """The rows that an address asks for.

    `flows` are those that they go through, where only an index of each flow gives them in order. `too_many`: more begin like
    what was looked for than were looked at.
    """

    rows: QuerySet[Any]
    filters: FlowFilters
    flows: Sequence[int] = ()
    too_many: bool = False

    @property
    def parts(self) -> list[QuerySet[Any]]:
        """The rows as an index gives them in order: those of each flow by themselves, as far as a database can take that."""
        apart = [self.rows.filter(flow=flow) for flow in self.flows]
        return apart if 1 <= len(apart) <= MOST_PARTS else [self.rows]

    @property
    def kept(self) -> dict[str, str]:
        return self.filters.kept

    @property
    def query(self) -> str:
        return urlencode(self.kept)

    def address(self, area: str, customer: Customer) -> str:
        """That of the list, narrowed likewise: `area` is its page."""
        return reverse(f"portal:{area}", args=[customer.pk]) + (f"?{self.query}" if self.kept else "")

    def among(self, found: Sequence[int]) -> Narrowed:
        """Those of the rows that `flows.finding` found, by their ids."""
        return replace(self, rows=self.rows.filter(pk__in=found), flows=(), too_many=len(found) >= finding.LIMIT)

    @property
    def is_narrowed(self) -> bool:
        """Whether something else than a fixed view was chosen."""
        return bool(self.kept.keys() - {"view"})


def flows_of(customer: Customer) -> list[Flow]:
    """The flows of a customer, with what they are called by."""
    flows = Flow.objects.filter(connection__customer=customer)
    return list(with_systems(flows, "shop", "connection__erp").order_by("shop__name", "pk"))


def with_systems(rows: QuerySet[Any], *systems: str) -> QuerySet[Any]:
    """`rows` with their systems, which are found on these paths, or else on those from a flow."""
    systems = systems or ("flow__shop", "flow__connection__erp")
    return rows.select_related(*systems).defer(*(f"{system}__{column}" for system in systems for column in KEPT_BACK))


def between(column: str, first: date | None, last: date | None) -> Q:
    """That `column` lies between two days, both included, as days are where the reader is."""
    found = Q()
    if first:
        found &= Q((f"{column}__gte", _midnight(first)))
    if last:
        found &= Q((f"{column}__lt", _midnight(last + timedelta(days=1))))
    return found


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
