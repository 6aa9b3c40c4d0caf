"""The menu, its badges and the fixed views of the lists."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.models import Package, PackageRequest, SignUp
from flows.models import Item, Transfer
from sharespine.lib.counting import CountOf, counted

#: A badge says no more than that there are so many.
MANY = 1000


def environment(request: HttpRequest) -> list[str] | None:
    """The word beside the logo that tells installations apart, and its colour."""
    return [settings.ENVIRONMENT_NAME, "warning"] if settings.ENVIRONMENT_NAME else None


def items(request: HttpRequest) -> list[dict[str, Any]]:
    """The menu, with what needs somebody as badges."""
    counts = _troubled(request)
    return [
        {
            "items": [
                _item(_("Start page"), "dashboard", reverse("admin:index")),
                _item(_("Customers"), "storefront", _list("billing_customer"), "billing.view_customer", but_not="/follow-up/"),
                _item(_("Follow up"), "call", reverse("admin:billing_customer_follow_up"), "billing.view_subscription"),
            ]
        },
        {
            "title": _("Inbox"),
            "items": [
                _item(_("Sign-ups"), "how_to_reg", _list("billing_signup"), "billing.view_signup")
                | _badge(counts.get("sign_ups", 0), "warning"),
                _item(_("Package requests"), "contact_mail", _list("billing_packagerequest"), "billing.view_packagerequest")
                | _badge(counts.get("requests", 0), "warning"),
                _item(_("Quotes"), "request_quote", _list("billing_quote"), "billing.view_quote"),
            ],
        },
        {
            "title": _("Orders"),
            "items": [
                _item(_("Transfers"), "receipt_long", _list("flows_transfer"), "flows.view_transfer", only_list=True)
                | _badge(counts.get("stopped", 0), "danger"),
                _item(
                    _("Uncertain"), "help", _list("flows_transfer") + "?view=uncertain", "flows.view_transfer", view="uncertain"
                )
                | _badge(counts.get("uncertain", 0), "warning"),
                _item(_("Trouble by cause"), "stacks", reverse("admin:flows_transfer_causes"), "flows.view_transfer"),
                _item(_("Runs"), "play_circle", _list("flows_run"), "flows.view_run"),
            ],
        },
        {
            "title": _("Other registers"),
            "items": [
                _item(_("Items"), "inventory_2", _list("flows_item"), "flows.view_item")
                | _badge(counts.get("stopped_items", 0), "danger"),
                _item(_("Initial syncs"), "cloud_sync", _list("flows_initialsync"), "flows.view_initialsync"),
                _item(_("Stock profiles"), "warehouse", _list("flows_stockprofile"), "flows.view_stockprofile"),
                _item(_("Data registers"), "table_chart", reverse("admin:flows_connection_registers"), "flows.view_connection"),
            ],
        },
        {
            "title": _("Set-up"),
            "items": [
                _item(_("Endpoints"), "lan", _list("flows_endpoint"), "flows.view_endpoint"),
                _item(_("Connections"), "cable", _list("flows_connection"), "flows.view_connection", but_not="/registers/"),
                _item(_("Flows"), "swap_horiz", _list("flows_flow"), "flows.view_flow"),
                _item(_("Look-up tables"), "dictionary", _list("flows_lookuptable"), "flows.view_lookuptable"),
                _item(_("Webhooks"), "webhook", _list("flows_delivery"), "flows.view_delivery"),
                _item(_("Outgoing webhooks"), "outbound", _list("flows_webhook"), "flows.view_webhook"),
                _item(_("Messages to webhooks"), "forward_to_inbox", _list("flows_hookmessage"), "flows.view_hookmessage"),
            ],
        },
        {
            "title": _("Contracts"),
            "collapsible": True,
            "items": [
                _item(_("Packages"), "view_column", _list("billing_package"), "billing.view_package"),
                _item(_("Subscriptions"), "contract", _list("billing_subscription"), "billing.view_subscription"),
                _item(_("Add-ons"), "add_box", _list("billing_addon"), "billing.view_addon"),
                _item(_("Add-on prices"), "sell", _list("billing_addonprice"), "billing.view_addonprice"),
                _item(_("Grants"), "extension", _list("billing_grant"), "billing.view_grant"),
                _item(_("Hour packs"), "hourglass", _list("billing_hourpack"), "billing.view_hourpack"),
            ],
        },
        {
            "title": _("Hours and invoices"),
            "collapsible": True,
            "items": [
                _item(_("Service accounts"), "schedule", _list("billing_serviceaccount"), "billing.view_serviceaccount"),
                _item(_("Entries"), "list_alt", _list("billing_entry"), "billing.view_entry"),
                _item(_("Work categories"), "category", _list("billing_workcategory"), "billing.view_workcategory"),
                _item(_("Invoice bases"), "receipt", _list("billing_invoicebasis"), "billing.view_invoicebasis"),
            ],
        },
        {
            "title": _("Staff"),
            "collapsible": True,
            "items": [
                _item(_("Users"), "person", _list("auth_user"), "auth.view_user"),
                _item(_("Groups"), "group", _list("auth_group"), "auth.view_group"),
                _item(_("API keys"), "key", _list("billing_apikey"), "billing.view_apikey"),
                _item(_("Failed log-ins"), "lock_clock", _list("axes_accessattempt"), "billing.see_portal"),
                _item(_("Workers"), "memory", _list("flows_worker"), "flows.view_worker"),
            ],
        },
    ]


def _list(name: str) -> str:
    return reverse(f"admin:{name}_changelist")


def _item(
    title: Any, icon: str, link: str, permission: str = "", *, only_list: bool = False, view: str = "", but_not: str = ""
) -> dict[str, Any]:
    item: dict[str, Any] = {"title": title, "icon": icon, "link": link}
    if permission:
        item["permission"] = lambda request: request.user.has_perm(permission)
    if view:
        item["active"] = lambda request: request.GET.get("view") == view
    elif but_not:
        item["active"] = lambda request: request.path.startswith(link) and but_not not in request.path
    elif only_list:
        item["active"] = lambda request: (
            request.path.startswith(link) and "/causes/" not in request.path and request.GET.get("view") != "uncertain"
        )
    return item


def _badge(count: int, variant: str) -> dict[str, Any]:
    return {"badge": counted(count, MANY), "badge_variant": variant} if count else {}


def _troubled(request: HttpRequest) -> dict[str, Any]:
    """What needs somebody, of what the user may see, in one question. It is put to a package: there always is one."""
    counts: dict[str, CountOf] = {}
    if request.user.has_perm("flows.view_transfer"):
        counts |= {state: CountOf(Transfer.objects.filter(state=state), MANY) for state in ("stopped", "uncertain")}
    if request.user.has_perm("flows.view_item"):
        counts["stopped_items"] = CountOf(Item.objects.filter(state=Item.State.STOPPED), MANY)
    if request.user.has_perm("billing.view_signup"):
        counts["sign_ups"] = CountOf(SignUp.objects.filter(state=SignUp.State.NEW), MANY)
    if request.user.has_perm("billing.view_packagerequest"):
        counts["requests"] = CountOf(PackageRequest.objects.filter(state=PackageRequest.State.NEW), MANY)
    return {**(Package.objects.order_by("pk").values(**counts).first() or {})} if counts else {}


def tabs(request: HttpRequest) -> list[dict[str, Any]]:
    """The fixed views of the lists that have some."""
    transfers, sign_ups = _list("flows_transfer"), _list("billing_signup")
    return [
        {
            "models": ["flows.transfer"],
            "items": [
                _tab(request, transfers, _("All"), ""),
                _tab(request, transfers, _("Stopped"), "stopped"),
                _tab(request, transfers, _("Uncertain"), "uncertain"),
                _tab(request, transfers, _("Waiting"), "waiting"),
                _tab(request, transfers, _("Changed after transfer"), "changed"),
                _tab(request, transfers, _("Sent"), "sent"),
            ],
        },
        {
            "models": ["billing.signup"],
            "items": [
                _tab(request, sign_ups, _("All"), ""),
                _tab(request, sign_ups, pgettext_lazy("sign-ups", "New"), "new"),
                _tab(request, sign_ups, _("Taken"), "taken"),
                _tab(request, sign_ups, _("Done"), "done"),
                _tab(request, sign_ups, _("Not confirmed"), "unconfirmed"),
            ],
        },
    ]


def _tab(request: HttpRequest, address: str, title: Any, view: str) -> dict[str, Any]:
    return {
        "title": title,
        # Relative: a menu entry with the very same link would be shown as chosen whenever any tab is.
        "link": f"?view={view}" if view else "?",
        "active": request.path == address and request.GET.get("view", "") == view,
    }
