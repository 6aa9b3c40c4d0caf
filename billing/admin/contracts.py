"""The verbs of a contract, on the page of its customer. Each asks first and goes through `billing.contracts`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import contracts
from billing.admin import dialogs
from billing.admin.verbs import Asked, carry_out, today
from billing.models import Customer, Subscription
from billing.refusals import Refused
from sharespine.lib.admin import Admin, Dialog, action
from sharespine.lib.text import N_

#: unfold looks a permission with a dot up in the database, before there is one: this names a method.
MAY = ["contract"]
VERBS = (
    "start",
    "keep_package",
    "pause",
    "resume",
    "grant_feature",
    "grant_orders",
    "sell_add_on",
    "give_notice",
    "withdraw_notice",
)


def may_change(request: HttpRequest) -> bool:
    return bool(request.user.has_perm("billing.change_subscription"))


def possible(subscription: Subscription | None) -> set[str]:
    """Which verbs make sense for a customer whose page shows `subscription`."""
    day = today()
    if subscription is None or (subscription.ends_on is not None and subscription.ends_on < day):
        return {"start"}
    verbs = {"pause", "grant_feature", "grant_orders", "sell_add_on"}
    verbs.add("give_notice" if subscription.notice_on is None else "withdraw_notice")
    if subscription.is_paused_on(day):
        verbs = verbs - {"pause"} | {"resume"}
    if subscription.terms.filter(begins_on__gt=max(day, subscription.begins_on)).exists():
        verbs.add("keep_package")
    if subscription.ends_on is not None:
        verbs.add("start")
    return verbs


class ContractVerbs(Admin):
    """Mixed into the page of a customer."""

    actions_detail: tuple[Any, ...] = ({"title": gettext_lazy("Subscription"), "icon": "contract", "items": list(VERBS)},)

    def has_contract_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the user may change what a customer has bought."""
        return may_change(request)

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> Any:
        verbs = possible(dialogs.shown(object_id))
        hidden = set(VERBS) - verbs
        return [a for a in super().get_actions_detail(request, object_id) if a.method.original_function_name not in hidden]

    @action(
        description=gettext_lazy("Start"),
        permissions=MAY,
        icon="rocket_launch",
        dialog={
            "title": gettext_lazy("Start a subscription"),
            "description": gettext_lazy("It is sold at the prices that hold on its first day, and keeps them."),
            "form_class": dialogs.StartDialog,
            "form_submit_text": gettext_lazy("Start"),
        },
    )
    def start(self, request: HttpRequest, form: dialogs.StartDialog, object_id: str) -> HttpResponse:
        values = form.cleaned_data
        customer = Customer.objects.get(pk=object_id)
        return carry_out(
            request,
            _page(object_id),
            lambda actor: contracts.start(
                customer,
                values["package"],
                values["edition"],
                begins_on=values["begins_on"],
                actor=actor,
                agreed=form.agreed(),
                start_minutes=values["start_minutes"],
            ),
            _("The subscription is started."),
            Asked(self.start, form),
        )

    @action(
        description=gettext_lazy("Keep the package"),
        permissions=MAY,
        icon="undo",
        dialog={
            "title": gettext_lazy("Take back the change to come?"),
            "description": gettext_lazy("The package of today stays."),
            "form_class": Dialog,
            "form_submit_text": gettext_lazy("Keep the package"),
        },
    )
    def keep_package(self, request: HttpRequest, form: Dialog, object_id: str) -> HttpResponse:
        return self._contract(
            request,
            object_id,
            Asked(self.keep_package, form),
            lambda s, actor: contracts.keep_package(s, today=today(), actor=actor),
            _("The package stays."),
        )

    @action(
        description=gettext_lazy("Pause"),
        permissions=MAY,
        icon="pause",
        dialog={
            "title": gettext_lazy("Pause the subscription?"),
            "description": gettext_lazy("No flow runs on these days. Nothing is lost: orders are fetched when it goes on."),
            "form_class": dialogs.PauseDialog,
            "form_submit_text": gettext_lazy("Pause"),
        },
    )
    def pause(self, request: HttpRequest, form: dialogs.PauseDialog, object_id: str) -> HttpResponse:
        values = form.cleaned_data
        return self._contract(
            request,
            object_id,
            Asked(self.pause, form),
            lambda s, actor: contracts.pause(
                s,
                begins_on=values["begins_on"],
                until=values["until"],
                charged=values["charged"],
                reason=values["reason"],
                actor=actor,
            ),
            _("The pause is noted."),
        )

    @action(
        description=gettext_lazy("Resume"),
        permissions=MAY,
        icon="play_arrow",
        dialog={
            "title": gettext_lazy("Let the subscription go on?"),
            "description": gettext_lazy("Its flows go on where they were."),
            "form_class": dialogs.ResumeDialog,
            "form_submit_text": gettext_lazy("Resume"),
        },
    )
    def resume(self, request: HttpRequest, form: dialogs.ResumeDialog, object_id: str) -> HttpResponse:
        on = form.cleaned_data["on"]
        return self._contract(
            request,
            object_id,
            Asked(self.resume, form),
            lambda s, actor: contracts.resume(s, on=on, actor=actor),
            _("The pause has an end."),
        )

    @action(
        description=gettext_lazy("Grant a feature"),
        permissions=MAY,
        icon="extension",
        dialog={
            "title": gettext_lazy("Grant a feature that the package has not"),
            "description": gettext_lazy("It costs nothing, and is seen in the history with its reason."),
            "form_class": dialogs.GrantFeatureDialog,
            "form_submit_text": gettext_lazy("Grant"),
        },
    )
    def grant_feature(self, request: HttpRequest, form: dialogs.GrantFeatureDialog, object_id: str) -> HttpResponse:
        values = form.cleaned_data
        return self._contract(
            request,
            object_id,
            Asked(self.grant_feature, form),
            lambda s, actor: contracts.grant_feature(
                s,
                values["feature"],
                begins_on=values["begins_on"],
                expires_on=values["expires_on"],
                reason=values["reason"],
                actor=actor,
            ),
            _("The feature is granted."),
        )

    @action(
        description=gettext_lazy("Grant extra orders"),
        permissions=MAY,
        icon="add_shopping_cart",
        dialog={
            "title": gettext_lazy("Grant extra orders"),
            "description": gettext_lazy("Orders that wait for room go by themselves, the oldest first."),
            "form_class": dialogs.GrantOrdersDialog,
            "form_submit_text": gettext_lazy("Grant"),
        },
    )
    def grant_orders(self, request: HttpRequest, form: dialogs.GrantOrdersDialog, object_id: str) -> HttpResponse:
        values = form.cleaned_data
        return self._contract(
            request,
            object_id,
            Asked(self.grant_orders, form),
            lambda s, actor: contracts.grant_orders(
                s,
                values["number"],
                begins_on=values["begins_on"],
                expires_on=values["expires_on"],
                reason=values["reason"],
                actor=actor,
            ),
            _("The orders are granted."),
        )

    @action(
        description=gettext_lazy("Sell an add-on"),
        permissions=MAY,
        icon="add_box",
        dialog={
            "title": gettext_lazy("Sell an add-on"),
            "description": gettext_lazy("It is charged from its first day on."),
            "form_class": dialogs.AddOnDialog,
            "form_submit_text": gettext_lazy("Sell"),
        },
    )
    def sell_add_on(self, request: HttpRequest, form: dialogs.AddOnDialog, object_id: str) -> HttpResponse:
        values = form.cleaned_data
        return self._contract(
            request,
            object_id,
            Asked(self.sell_add_on, form),
            lambda s, actor: contracts.add(
                s,
                values["kind"],
                values["label"],
                begins_on=values["begins_on"],
                monthly_price=values["monthly_price"],
                actor=actor,
            ),
            _("The add-on is sold."),
        )

    @action(
        description=gettext_lazy("Give notice"),
        permissions=MAY,
        icon="event_busy",
        dialog={
            "title": gettext_lazy("The customer gives notice"),
            "description": gettext_lazy("The subscription ends when binding time and notice are both over."),
            "form_class": dialogs.NoticeDialog,
            "form_submit_text": gettext_lazy("Note it"),
        },
    )
    def give_notice(self, request: HttpRequest, form: dialogs.NoticeDialog, object_id: str) -> HttpResponse:
        on = form.cleaned_data["on"]
        return self._contract(
            request,
            object_id,
            Asked(self.give_notice, form),
            lambda s, actor: contracts.give_notice(s, on=on, actor=actor),
            _("The notice is noted."),
        )

    @action(
        description=gettext_lazy("Withdraw the notice"),
        permissions=MAY,
        icon="event_available",
        dialog={
            "title": gettext_lazy("The customer stays after all?"),
            "description": gettext_lazy("The subscription goes on without an end."),
            "form_class": Dialog,
            "form_submit_text": gettext_lazy("Withdraw"),
        },
    )
    def withdraw_notice(self, request: HttpRequest, form: Dialog, object_id: str) -> HttpResponse:
        return self._contract(
            request,
            object_id,
            Asked(self.withdraw_notice, form),
            lambda s, actor: contracts.withdraw_notice(s, today=today(), actor=actor),
            _("The subscription goes on."),
        )

    def _contract(
        self,
        request: HttpRequest,
        object_id: str,
        asked: Asked,
        verb: Callable[[Subscription, str], object],
        done: str,
    ) -> HttpResponse:
        """Do `verb` to the subscription that the page shows."""

        def on_shown(actor: str) -> object:
            subscription = dialogs.shown(object_id)
            if subscription is None:
                raise Refused(N_("The customer has no subscription. Start one first."))
            return verb(subscription, actor)

        return carry_out(request, _page(object_id), on_shown, done, asked)


def _page(customer_id: Any) -> str:
    return reverse("admin:billing_customer_change", args=[customer_id])
