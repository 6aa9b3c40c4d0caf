"""What the merchant's own systems are told: their addresses, and every message with what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.cache import cache
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.models import Role
from billing.refusals import Refused
from flows import webhooks as verbs
from flows.models import HookEvent, HookMessage, Webhook
from flows.outgoing.addresses import LONGEST
from sharespine.lib.said import said
from sharespine.lib.text import N_
from sharespine.portal import paging
from sharespine.portal.access import Access, page, refused, show

State = HookMessage.State
#: The colours of a message and of a webhook.
TONES = {State.DELIVERED: "success", State.WAITING: "info", State.FAILED: "danger"}
HOOK_TONES = {Webhook.State.ACTIVE: "success", Webhook.State.PAUSED: "warning", Webhook.State.FAILED: "danger"}
#: Seconds: so often a trial is sent, however often somebody presses.
TRIAL_EVERY = 10


class WebhookForm(forms.Form):
    """Where the messages go, and what about."""

    address = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=LONGEST,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("Where your system takes the messages, like https://shop.example.com/sharespine."),
    )
    events = forms.MultipleChoiceField(
        label=gettext_lazy("What it is told"),
        choices=[(event.value, event.label) for event in verbs.EVENTS],
        widget=forms.CheckboxSelectMultiple,
    )


@page(Role.OWNER, acts=Role.OWNER)
def webhooks(request: HttpRequest, access: Access) -> HttpResponseBase:
    last = HookMessage.objects.filter(webhook=OuterRef("pk")).order_by("-id").values("pk")[:1]
    found: list[Any] = list(verbs.of_customer(access.customer).annotate(last=Subquery(last)))
    newest = HookMessage.objects.defer("payload").in_bulk([webhook.last for webhook in found if webhook.last])
    rows = [
        {**_described(webhook), "last": _row(newest[webhook.last]) if webhook.last in newest else None} for webhook in found
    ]
    return show(request, access, "portal/webhooks.html", {"area": "settings", "rows": rows})


@page(Role.OWNER, acts=Role.OWNER)
def webhook(request: HttpRequest, access: Access, pk: int) -> HttpResponseBase:
    this = _webhook(access, pk)
    state = request.GET.get("state", "")
    whole = verbs.messages(this).defer("payload")
    chosen = {"state": state} if state in State.values else {}
    log = paging.page([whole.filter(**chosen)], whole, request.GET, chosen)
    context: dict[str, Any] = {
        "area": "settings",
        **_described(this),
        "page": log,
        "rows": [_row(message) for message in log.rows],
        "chosen": chosen.get("state", ""),
        "states": State.choices,
    }
    return show(request, access, "portal/webhook.html", context)


@page(Role.OWNER, acts=Role.OWNER)
def new(request: HttpRequest, access: Access) -> HttpResponseBase:
    """Asks for the address. The secret stands in the answer, and nowhere else ever after."""
    if access.looks_on:
        return refused(request, access)
    form = WebhookForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        data = form.cleaned_data
        try:
            made, secret = verbs.make(access.customer, data["address"], data["events"], actor=access.actor)
        except Refused as why_not:
            form.add_error("address", said(why_not.text))
        else:
            return _shown_once(request, access, made, secret, is_new=True)
    return show(request, access, "portal/webhook_form.html", {"area": "settings", "form": form})


@page(Role.OWNER, acts=Role.OWNER)
def change(request: HttpRequest, access: Access, pk: int) -> HttpResponseBase:
    if access.looks_on:
        return refused(request, access)
    this = _webhook(access, pk)
    values = {"address": this.address, "events": this.events}
    form = WebhookForm(request.POST if request.method == "POST" else None, initial=values)
    if form.is_valid():
        data = form.cleaned_data
        try:
            verbs.change(this, address=data["address"], events=data["events"], actor=access.actor)
        except Refused as why_not:
            form.add_error("address", said(why_not.text))
        else:
            messages.success(request, _("The webhook is changed."))
            return redirect("portal:webhook", access.customer.pk, pk)
    return show(request, access, "portal/webhook_form.html", {"area": "settings", "form": form, "webhook": this})


@page(Role.OWNER, acts=Role.OWNER)
def new_secret(request: HttpRequest, access: Access, pk: int) -> HttpResponseBase:
    """Asks whether it is meant, and shows another secret this once."""
    if access.looks_on:
        return refused(request, access)
    this = _webhook(access, pk)
    if request.method != "POST":
        return show(request, access, "portal/webhook_new_secret.html", {"area": "settings", "webhook": this})
    try:
        secret = verbs.new_secret(this, actor=access.actor)
    except Refused as why_not:
        # Somebody removed it meanwhile.
        messages.error(request, said(why_not.text))
        return redirect("portal:webhooks", access.customer.pk)
    return _shown_once(request, access, this, secret, is_new=False)


@page(Role.OWNER, acts=Role.OWNER)
def remove(request: HttpRequest, access: Access, pk: int) -> HttpResponseBase:
    """Asks whether it is meant, and removes."""
    if access.looks_on:
        return refused(request, access)
    this = _webhook(access, pk)
    if request.method != "POST":
        return show(request, access, "portal/webhook_remove.html", {"area": "settings", "webhook": this})
    _carry_out(
        request, lambda: verbs.remove(this, actor=access.actor), _("The webhook is removed. Nothing more is sent there.")
    )
    return redirect("portal:webhooks", access.customer.pk)


@page(Role.OWNER, acts=Role.OWNER)
def pause(request: HttpRequest, access: Access, pk: int) -> HttpResponseBase:
    done = _("The webhook is paused. What happens meanwhile is kept and sent when it is resumed.")
    return _act(request, access, pk, lambda this: verbs.pause(this, actor=access.actor), done)


@page(Role.OWNER, acts=Role.OWNER)
def resume(request: HttpRequest, access: Access, pk: int) -> HttpResponseBase:
    done = _("The webhook is active. What waits is sent now.")
    return _act(request, access, pk, lambda this: verbs.resume(this, actor=access.actor), done)


@page(Role.OWNER, acts=Role.OWNER)
def trial(request: HttpRequest, access: Access, pk: int) -> HttpResponseBase:
    def send(this: Webhook) -> None:
        if this.state == Webhook.State.ACTIVE and not cache.add(f"portal-trial-{pk}", 1, timeout=TRIAL_EVERY):
            raise Refused(N_("A trial was sent a moment ago. See below what became of it."))
        verbs.send_trial(this, actor=access.actor)

    return _act(request, access, pk, send, _("A trial is on its way. It shows below what your system answers."))


@page(Role.OWNER, acts=Role.OWNER)
def resend_given_up(request: HttpRequest, access: Access, pk: int) -> HttpResponseBase:
    done = _("What was given up is sent again.")
    return _act(request, access, pk, lambda this: verbs.resend_given_up(this, actor=access.actor), done)


@page(Role.OWNER, acts=Role.OWNER)
def message(request: HttpRequest, access: Access, pk: int, message: int) -> HttpResponseBase:
    this = _webhook(access, pk)
    row = _row(get_object_or_404(verbs.messages(this), pk=message))
    return show(request, access, "portal/webhook_message.html", {"area": "settings", **_described(this), "row": row})


@page(Role.OWNER, acts=Role.OWNER)
def resend(request: HttpRequest, access: Access, pk: int, message: int) -> HttpResponseBase:
    one = get_object_or_404(
        verbs.messages(_webhook(access, pk)).select_related("webhook").defer("webhook__secrets"), pk=message
    )
    if request.method == "POST":
        _carry_out(request, lambda: verbs.resend(one, actor=access.actor), _("The message is sent again."))
    return redirect("portal:webhook_message", access.customer.pk, pk, message)


def _webhook(access: Access, pk: int) -> Webhook:
    return get_object_or_404(verbs.of_customer(access.customer), pk=pk)


def _shown_once(request: HttpRequest, access: Access, this: Webhook, secret: str, *, is_new: bool) -> HttpResponseBase:
    context = {"area": "settings", **_described(this), "secret": secret, "is_new": is_new}
    return show(request, access, "portal/webhook_secret.html", context)


def _act(request: HttpRequest, access: Access, pk: int, verb: Callable[[Webhook], object], done: str) -> HttpResponseBase:
    """Do something with a webhook that is pressed on its page, and go back there."""
    this = _webhook(access, pk)
    if request.method == "POST":
        _carry_out(request, lambda: verb(this), done)
    return redirect("portal:webhook", access.customer.pk, pk)


def _carry_out(request: HttpRequest, act: Callable[[], object], done: str) -> None:
    try:
        act()
    except Refused as why_not:
        messages.error(request, said(why_not.text))
    else:
        messages.success(request, done)


def _described(this: Webhook) -> dict[str, Any]:
    """A webhook, and its state and what it is told in words."""
    told = [HookEvent(event).label for event in this.events if event in HookEvent.values]
    waits = this.state == Webhook.State.ACTIVE and this.resume_at is not None and this.resume_at > timezone.now()
    return {"webhook": this, "tone": HOOK_TONES.get(Webhook.State(this.state), ""), "told": told, "is_left_alone": waits}


def _row(one: HookMessage) -> dict[str, Any]:
    """A message, its colour, and whether it is to be sent, maybe at once."""
    due_soon = one.due_at is not None and one.due_at <= timezone.now()
    return {"message": one, "tone": TONES[State(one.state)], "waits": one.state == State.WAITING, "due_soon": due_soon}


urls = [
    path("", webhooks, name="webhooks"),
    path("new/", new, name="webhook_new"),
    path("<int:pk>/", webhook, name="webhook"),
    path("<int:pk>/change/", change, name="webhook_change"),
    path("<int:pk>/secret/", new_secret, name="webhook_new_secret"),
    path("<int:pk>/remove/", remove, name="webhook_remove"),
    path("<int:pk>/pause/", pause, name="webhook_pause"),
    path("<int:pk>/resume/", resume, name="webhook_resume"),
    path("<int:pk>/trial/", trial, name="webhook_trial"),
    path("<int:pk>/resend/", resend_given_up, name="webhook_resend"),
    path("<int:pk>/messages/<int:message>/", message, name="webhook_message"),
    path("<int:pk>/messages/<int:message>/resend/", resend, name="webhook_message_resend"),
]
