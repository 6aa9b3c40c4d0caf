"""Outgoing webhooks of merchants, and the messages to them: looked at, sent again, switched off and on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from billing.admin.verbs import carry_out
from flows import webhooks
from flows.admin.filters import CustomerFilter, DaysFilter
from flows.models import HookEvent, HookMessage, Webhook
from sharespine.lib.admin import (
    ActionVariant,
    ChoicesDropdownFilter,
    Dialog,
    HistoryAdmin,
    action,
    display,
)
from sharespine.lib.display import TONES, pretty, stamp
from sharespine.lib.said import said


def dialog(title: Any, description: Any, button: Any) -> dict[str, Any]:
    return {"title": title, "description": description, "form_class": Dialog, "form_submit_text": button}


class OfCustomerFilter(CustomerFilter):
    """By customer, through its webhooks: there are few of them, and an index of messages begins with the webhook."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[HookMessage]) -> QuerySet[HookMessage]:
        value = self.value() or ""
        if not value.isdigit():
            return queryset
        return queryset.filter(webhook__in=list(Webhook.objects.filter(customer=int(value)).values_list("pk", flat=True)))


class OutgoingAdmin(HistoryAdmin):
    """What webhooks and the messages to them have in common: nobody edits one here, and some may press its buttons."""

    ordering = ("-pk",)
    sortable_by = ()

    def has_operate_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the user may switch webhooks off and on, or have messages sent again."""
        return bool(request.user.has_perm(f"flows.change_{self.opts.model_name}"))

    @display(description=_("state"), label=TONES)
    def state_label(self, row: Webhook | HookMessage) -> tuple[str, str]:
        return row.state, row.get_state_display()

    @display(description=_("what is wrong"))
    def what_is_wrong(self, row: Webhook | HookMessage) -> str:
        return said(row.trouble) or "–"

    def do(self, request: HttpRequest, object_id: str, verb: Callable[..., object], done: str) -> HttpResponse:
        """Do `verb` to the row, on behalf of the user, and say on its page that it is `done`, or why not."""
        row = self.get_queryset(request).get(pk=object_id)
        address = reverse(f"admin:flows_{self.opts.model_name}_change", args=[object_id])
        return carry_out(request, address, lambda actor: verb(row, actor=actor), done)


@admin.register(Webhook)
class WebhookAdmin(OutgoingAdmin):
    list_display = ("address", "customer", "told", "state_label", "what_is_wrong", "created_by", "created_at")
    list_filter = (("state", ChoicesDropdownFilter), ("customer", CustomerFilter))
    list_select_related = ("customer",)
    search_fields = ("address", "customer__name")
    search_help_text = _("Address or customer")
    # Never the secret, not even that there is one.
    fields = ("address", "customer", "told", "state_label", "what_is_wrong", "sent", "created_by", "created_at")
    readonly_fields = fields
    actions_detail = ("send_trial", "switch_on", "switch_off", "resend_given_up")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Webhook]:
        return super().get_queryset(request).defer("secrets")

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> Any:
        """Only what can be done in the state that it is in."""
        state = Webhook.objects.filter(pk=object_id).values_list("state", flat=True).first()
        shown = {"send_trial", "switch_off", "resend_given_up"} if state == Webhook.State.ACTIVE else set()
        if state in (Webhook.State.PAUSED, Webhook.State.FAILED):
            shown = {"switch_on"}
        return [a for a in super().get_actions_detail(request, object_id) if a.method.original_function_name in shown]

    @display(description=_("told"))
    def told(self, webhook: Webhook) -> str:
        return ", ".join(str(event.label) for event in webhooks.EVENTS if event in webhook.events)

    @display(description=_("messages"))
    def sent(self, webhook: Webhook) -> str:
        address = f"{reverse('admin:flows_hookmessage_changelist')}?{urlencode({'webhook__id__exact': webhook.pk})}"
        return format_html('<a href="{}" class="underline">{}</a>', address, gettext("What was sent to it, and what waits"))

    @action(
        description=_("Send a trial"),
        permissions=["operate"],
        icon="send",
        dialog=dialog(
            _("Send a trial?"),
            _("The receiver gets a message that means nothing. What it answers is seen among the messages."),
            _("Send"),
        ),
    )
    def send_trial(self, request: HttpRequest, form: Dialog, object_id: str) -> HttpResponse:
        return self.do(request, object_id, webhooks.send_trial, gettext("It is sent within a few seconds."))

    @action(
        description=_("Switch off"),
        permissions=["operate"],
        icon="pause_circle",
        dialog=dialog(
            _("Switch the webhook off?"),
            _("Nothing is sent until it is switched on again. What happens meanwhile is kept, and goes then."),
            _("Switch off"),
        ),
    )
    def switch_off(self, request: HttpRequest, form: Dialog, object_id: str) -> HttpResponse:
        return self.do(request, object_id, webhooks.pause, gettext("It is switched off."))

    @action(
        description=_("Switch on"),
        permissions=["operate"],
        icon="play_circle",
        variant=ActionVariant.PRIMARY,
        dialog=dialog(_("Switch the webhook on?"), _("What waits for it is sent at once, the oldest first."), _("Switch on")),
    )
    def switch_on(self, request: HttpRequest, form: Dialog, object_id: str) -> HttpResponse:
        return self.do(request, object_id, webhooks.resume, gettext("It is switched on."))

    @action(
        description=_("Send again what was given up"),
        permissions=["operate"],
        icon="replay",
        dialog=dialog(
            _("Send again all that was given up?"),
            _("For when the receiver has been mended. Each message keeps its id, so the receiver can tell what it knows."),
            _("Send again"),
        ),
    )
    def resend_given_up(self, request: HttpRequest, form: Dialog, object_id: str) -> HttpResponse:
        def resend(webhook: Webhook, *, actor: str) -> None:
            n = webhooks.resend_given_up(webhook, actor=actor)
            self.message_user(request, ngettext("%(n)d message is sent again.", "%(n)d messages are sent again.", n) % {"n": n})

        return self.do(request, object_id, resend, "")


@admin.register(HookMessage)
class HookMessageAdmin(OutgoingAdmin):
    list_display = ("what", "order", "customer", "address", "state_label", "attempts", "answer", "written", "arrived")
    list_display_links = ("what",)
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("event", ChoicesDropdownFilter),
        ("webhook__customer", OfCustomerFilter),
        ("created_at", DaysFilter),
    )
    list_select_related = ("webhook__customer", "transfer")
    fields = (
        "what", "uid", "order", "customer", "address", "state_label", "what_is_wrong", "attempts", "due_at", "created_at",
        "delivered_at", "body",
    )  # fmt: skip
    readonly_fields = fields
    actions_detail = ("resend",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[HookMessage]:
        unneeded = ("webhook__secrets", "transfer__payload")
        return super().get_queryset(request).select_related(*self.list_select_related).defer(*unneeded)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return lookup == "webhook__id__exact" or super().lookup_allowed(lookup, value, request)

    @display(description=_("event"))
    def what(self, message: HookMessage) -> str:
        return str(HookEvent(message.event).label)

    @display(description=_("order number"))
    def order(self, message: HookMessage) -> str:
        return str(message.transfer) if message.transfer else "–"

    @display(description=_("customer"))
    def customer(self, message: HookMessage) -> str:
        return str(message.webhook.customer)

    @display(description=_("address"))
    def address(self, message: HookMessage) -> str:
        return message.webhook.address

    @display(description=_("answer"))
    def answer(self, message: HookMessage) -> str:
        return str(message.status_code or "–")

    @display(description=_("created"))
    def written(self, message: HookMessage) -> str:
        return stamp(message.created_at)

    @display(description=_("delivered"))
    def arrived(self, message: HookMessage) -> str:
        return stamp(message.delivered_at)

    @display(description=_("message"))
    def body(self, message: HookMessage) -> str:
        return format_html('<pre class="whitespace-pre-wrap">{}</pre>', pretty(message.payload))

    @action(
        description=_("Send again"),
        permissions=["operate"],
        icon="replay",
        variant=ActionVariant.PRIMARY,
        dialog=dialog(
            _("Send the message again?"),
            _("It keeps its id, so the receiver can tell if it knows it. It is tried as if for the first time."),
            _("Send again"),
        ),
    )
    def resend(self, request: HttpRequest, form: Dialog, object_id: str) -> HttpResponse:
        return self.do(request, object_id, webhooks.resend, gettext("It is sent within a few seconds."))
