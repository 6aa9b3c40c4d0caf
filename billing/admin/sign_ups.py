"""Sign-ups in the inbox: what came in, each with the subscription that it asks for, and what is done with it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import sign_ups
from billing.admin.dialogs import AgreedFields
from billing.admin.inbox import MAY_HANDLE, InboxAdmin
from billing.admin.quotes import context_of, price_of
from billing.admin.verbs import Asked, carry_out, today
from billing.models import Customer, SignUp
from sharespine.lib.admin import (
    ActionVariant,
    ChoicesDropdownFilter,
    Dialog,
    DropdownFilter,
    IntegerInput,
    Textarea,
    action,
    display,
)
from sharespine.lib.fields import DayField

State = SignUp.State
TONES = {
    State.UNCONFIRMED: "default",
    State.NEW: "warning",
    State.TAKEN: "info",
    State.STARTED: "success",
    State.DECLINED: "default",
}
#: The fixed views of the list, by what stands in the address.
VIEWS: dict[str, Q] = {
    # What is not confirmed may be spam: one sees it where one looks for it.
    "": ~Q(state=State.UNCONFIRMED),
    "new": Q(state=State.NEW),
    "taken": Q(state=State.TAKEN),
    "done": Q(state__in=[State.STARTED, State.DECLINED]),
    "unconfirmed": Q(state=State.UNCONFIRMED),
}
#: As `MAY_HANDLE`.
MAY_START = ["start"]


class ViewFilter(DropdownFilter):
    title = gettext_lazy("view")
    parameter_name = "view"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("new", State.NEW.label),
            ("taken", State.TAKEN.label),
            ("done", _("done")),
            ("unconfirmed", State.UNCONFIRMED.label),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(VIEWS.get(self.value() or "", Q()))


class StartDialog(Dialog, AgreedFields):
    begins_on = DayField(label=gettext_lazy("First day"), initial=today)
    start_minutes = forms.IntegerField(
        label=gettext_lazy("Minutes of the start package"),
        required=False,
        min_value=0,
        widget=IntegerInput,
        help_text=gettext_lazy("They go to the service account. Empty: as the price list has it."),
    )
    field_order = ("begins_on", "start_minutes", "monthly_price", "order_cap", "installation_price")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = SignUp.objects.select_related("quote", "package").filter(pk=self.object_id).first()
        held = found is not None and sign_ups.draft(found).agreed.monthly_price is not None
        for name in ("monthly_price", "order_cap", "installation_price"):
            self.fields[name].required = not held
            self.fields[name].help_text = _("Empty: as the quote has it.") if held else _("As agreed with the customer.")


class DeclineDialog(Dialog):
    note = forms.CharField(
        label=gettext_lazy("Note"),
        max_length=500,
        widget=Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Why nothing comes of it. Seen by staff only."),
    )
    answer = forms.CharField(
        label=gettext_lazy("Answer"),
        max_length=2000,
        required=False,
        widget=Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy("Sent by e-mail to whoever signed up, as you write it. Empty: no e-mail is sent."),
    )


@admin.register(SignUp)
class SignUpAdmin(InboxAdmin):
    list_display = ("company", "state_label", "package", "edition", "price", "received", "handled_by")
    list_display_links = ("company",)
    list_filter = (ViewFilter, ("quote__edition", ChoicesDropdownFilter))
    list_select_related = ("package", "quote")
    search_fields = ("company", "organisation_number", "email", "quote__number")
    search_help_text = gettext_lazy("Company, organisation number, e-mail or number of the quote")
    sortable_by = ("received",)
    actions_detail = ("take", "start", "decline")
    possible = {State.NEW: {"take", "start", "decline"}, State.TAKEN: {"start", "decline"}}
    change_form_template = "billing/sign_up.html"

    def has_start_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the user may make a subscription of one."""
        return self.has_handle_permission(request) and bool(request.user.has_perm("billing.change_subscription"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        sign_up = self.get_object(request, object_id)
        context = dict(extra_context or {})
        if sign_up:
            context |= {
                "sign_up": sign_up,
                "tone": TONES[State(sign_up.state)],
                "namesakes": _namesakes(sign_up),
                **context_of(sign_up.quote, sign_up.package),
            }
        return super().change_view(request, object_id, form_url, context)

    @display(description=gettext_lazy("state"), label={str(state): tone for state, tone in TONES.items()})
    def state_label(self, sign_up: SignUp) -> tuple[str, str]:
        return sign_up.state, sign_up.get_state_display()

    @display(description=gettext_lazy("edition"))
    def edition(self, sign_up: SignUp) -> str:
        return sign_up.quote.get_edition_display()

    @display(description=gettext_lazy("monthly price, excl. VAT"))
    def price(self, sign_up: SignUp) -> str:
        return price_of(sign_up.quote, sign_up.package)

    @display(description=gettext_lazy("received"), ordering="created_at")
    def received(self, sign_up: SignUp) -> Any:
        return sign_up.created_at

    @action(
        description=gettext_lazy("Take care of it"),
        permissions=MAY_HANDLE,
        icon="person_check",
        variant=ActionVariant.PRIMARY,
        dialog={
            "title": gettext_lazy("Take care of this sign-up?"),
            "description": gettext_lazy("Your name stands on it from now on, so that nobody else calls the customer."),
            "form_class": Dialog,
            "form_submit_text": gettext_lazy("Take it"),
        },
    )
    def take(self, request: HttpRequest, form: Dialog, object_id: str) -> HttpResponse:
        return self.handle(
            request,
            object_id,
            Asked(self.take, form),
            lambda sign_up, actor: sign_ups.take(sign_up, actor=actor),
            _("The sign-up is yours."),
        )

    @action(
        description=gettext_lazy("Start the subscription"),
        permissions=MAY_START,
        icon="rocket_launch",
        dialog={
            "title": gettext_lazy("Start the subscription"),
            "description": gettext_lazy(
                "It is sold at the prices of the quote, with its add-ons, and keeps them. Whoever signed up is told by e-mail."
            ),
            "form_class": StartDialog,
            "form_submit_text": gettext_lazy("Start"),
        },
    )
    def start(self, request: HttpRequest, form: StartDialog, object_id: str) -> HttpResponse:
        values = form.cleaned_data
        sign_up = SignUp.objects.get(pk=object_id)
        customer = sign_up.customer_id

        def start(actor: str) -> None:
            subscription = sign_ups.start(
                sign_up,
                begins_on=values["begins_on"],
                actor=actor,
                agreed=form.agreed(),
                start_minutes=values["start_minutes"],
            )
            sign_ups.tell_started(sign_up, subscription)

        return carry_out(
            request,
            reverse("admin:billing_customer_change", args=[customer]) if customer else self.page(object_id),
            start,
            _("The subscription is started."),
            Asked(self.start, form),
        )

    @action(
        description=gettext_lazy("Decline"),
        permissions=MAY_HANDLE,
        icon="cancel",
        dialog={
            "title": gettext_lazy("Decline this sign-up?"),
            "description": gettext_lazy(
                "Whoever follows it sees that nothing came of it, and gets an e-mail only if you write an answer here."
            ),
            "form_class": DeclineDialog,
            "form_submit_text": gettext_lazy("Decline"),
        },
    )
    def decline(self, request: HttpRequest, form: DeclineDialog, object_id: str) -> HttpResponse:
        values = form.cleaned_data

        def decline(sign_up: SignUp, actor: str) -> None:
            declined = sign_ups.decline(sign_up, values["note"], actor=actor, answer=values["answer"])
            sign_ups.tell_declined(declined)

        return self.handle(request, object_id, Asked(self.decline, form), decline, _("The sign-up is declined."))


def _namesakes(sign_up: SignUp) -> list[Customer]:
    """Other customers with the same organisation number: who signs up may be a customer already."""
    if not sign_up.organisation_number:
        return []
    same = Customer.objects.filter(organisation_number=sign_up.organisation_number)
    return [customer for customer in same[:5] if customer.pk != sign_up.customer_id]
