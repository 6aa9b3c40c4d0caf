"""The groups that a new installation begins with. Whoever runs it changes them as they like: they are made once."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.management import create_permissions
from django.utils import translation
from django.utils.translation import gettext

from sharespine.lib.text import N_

SEEN = ("customer", "endpoint", "connection", "flow", "run", "transfer", "event", "delivery")
SET_UP = ("customer", "endpoint", "connection", "flow")
LOOK = tuple(f"view_{model}" for model in SEEN)
#: Trying again, skipping and marking as handled go by the permission to change transfers; nobody can edit one.
ACT = ("change_transfer",)
CHANGE = tuple(f"{verb}_{model}" for model in SET_UP for verb in ("add", "change"))
HISTORY = tuple(f"view_historical{model}" for model in SET_UP)

#: All that customers buy, use and are charged for. What exists of it depends on how far the database is migrated.
BILLING = (
    "contact",
    "membership",
    "package",
    "offer",
    "addonprice",
    "hourpack",
    "subscription",
    "term",
    "pause",
    "grant",
    "addon",
    "ordermonth",
    "notice",
    "workcategory",
    "serviceaccount",
    "entry",
    "invoicebasis",
    "invoicerow",
)
#: A contract changes by verbs, all of which go by the permission to change subscriptions; prices by that to change offers.
SELL = ("contact", "membership", "package", "offer", "addonprice", "hourpack", "subscription", "workcategory")
CONTRACTS = tuple(f"view_{model}" for model in BILLING)
REGISTER = ("add_entry",)
CLOSE = ("add_invoicebasis",)
CHANGE_CONTRACTS = (*(f"{verb}_{model}" for model in SELL for verb in ("add", "change")), "delete_contact", "delete_membership")
SOLD = ("offer", "addonprice", "hourpack", "subscription", "grant", "addon")
CONTRACT_HISTORY = tuple(f"view_historical{model}" for model in SOLD)

#: What came with billing, for groups that were made before.
OF_BILLING = {
    N_("Support"): (*CONTRACTS, *REGISTER),
    N_("Support lead"): (*CONTRACTS, *REGISTER, *CHANGE_CONTRACTS, *CONTRACT_HISTORY),
    N_("Finance, read only"): (*CONTRACTS, *CLOSE),
}
#: What came with the other registers.
OF_REGISTERS = {
    N_("Support"): ("view_item", "change_item", "view_stockprofile"),
    N_("Support lead"): (
        "view_item",
        "change_item",
        *(f"{verb}_stockprofile" for verb in ("view", "add", "change")),
        "view_historicalstockprofile",
    ),
}
#: What came with initial product syncs: who may change flows may start and stop them.
OF_INITIAL_SYNCS = dict.fromkeys(("Support", "Support lead"), ("view_initialsync", "view_initialarticle"))
#: What came with field mappings. The rules themselves are changed by whoever may change the flow, and never one by one.
OF_MAPPINGS = {
    N_("Support"): ("view_lookuptable", "view_fieldmapping"),
    N_("Support lead"): (
        "view_fieldmapping",
        "view_historicalfieldmapping",
        *(f"{verb}_lookuptable" for verb in ("view", "add", "change", "delete")),
        "view_historicallookuptable",
    ),
}
LOOK_AT_DOORS = tuple(
    f"view_{model}" for model in ("invitation", "apikey", "quote", "signup", "packagerequest", "webhook", "hookmessage")
)
#: What came with the portal and the API: seeing the portal as a customer does, and what comes in by the two doors.
OF_DOORS = {
    N_("Support"): (
        "see_portal",
        *LOOK_AT_DOORS,
    ),
    N_("Support lead"): (
        "see_portal",
        *LOOK_AT_DOORS,
        *(f"change_{model}" for model in ("apikey", "signup", "packagerequest", "webhook", "hookmessage")),
        "add_apikey",
        "add_invitation",
    ),
    N_("Finance, read only"): ("view_quote", "view_signup", "view_packagerequest"),
}
GROUPS = {
    N_("Support"): (
        *LOOK,
        *ACT,
        *OF_BILLING["Support"],
        *OF_REGISTERS["Support"],
        *OF_INITIAL_SYNCS["Support"],
        *OF_MAPPINGS["Support"],
        *OF_DOORS["Support"],
    ),
    N_("Support lead"): (
        *LOOK,
        *ACT,
        *CHANGE,
        *HISTORY,
        *OF_BILLING["Support lead"],
        *OF_REGISTERS["Support lead"],
        *OF_INITIAL_SYNCS["Support lead"],
        *OF_MAPPINGS["Support lead"],
        *OF_DOORS["Support lead"],
    ),
    N_("Finance, read only"): (
        "view_customer",
        "view_transfer",
        *OF_BILLING["Finance, read only"],
        *OF_DOORS["Finance, read only"],
    ),
}


def make(apps: Any, using: str) -> None:
    """Make the groups that there are not, named in the language of the installation. `apps` are those of a migration."""
    groups, permissions = _known(apps, using)
    with translation.override(settings.LANGUAGE_CODE):
        for name, codenames in GROUPS.items():
            group, made = groups.get_or_create(name=gettext(name))
            if made:
                group.permissions.set(permissions.filter(codename__in=codenames))


def extend(apps: Any, using: str, more: dict[str, tuple[str, ...]]) -> None:
    """Give the groups that there still are what they lack of `more`: something new has come that they are for."""
    groups, permissions = _known(apps, using)
    with translation.override(settings.LANGUAGE_CODE):
        for name, codenames in more.items():
            for group in groups.filter(name=gettext(name)):
                group.permissions.add(*permissions.filter(codename__in=codenames))


def _known(apps: Any, using: str) -> tuple[Any, Any]:
    """The groups, and the permissions of ours that the models of `apps` have."""
    for label in ("billing", "flows"):
        # Django makes the permissions after the migrations; they are needed now.
        config = apps.get_app_config(label)
        before, config.models_module = getattr(config, "models_module", None), True
        create_permissions(config, apps=apps, using=using, verbosity=0)
        config.models_module = before
    permissions = apps.get_model("auth", "Permission").objects.using(using)
    of_ours = permissions.filter(content_type__app_label__in=["billing", "flows"])
    return apps.get_model("auth", "Group").objects.using(using), of_ours
