"""What the sales site asks, put to what systems can do and to what is sold: what wishes need, and what cannot be done.

Whatever cannot be done is told with the reason, and is not counted in what a package must hold: nobody should pay for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from billing import gates, quoting
from billing.models import CLIENT_ONLY, NEEDED, AddOnKind, Edition, Feature, Quote
from connectors.base import Connector, Direction, Register
from connectors.fields import LABELS
from connectors.matrix import why_not
from flows import planner, rights
from sharespine.lib.text import N_, Text

#: Gateways whose settlements can be reconciled.
GATEWAYS: Mapping[str, str] = {"klarna": "Klarna", "svea": "Svea", "dibs": "DIBS", "paypal": "PayPal"}
#: What can be wished for that is a register of its own, and which.
REGISTERS: Mapping[str, Register] = {
    "order_status": Register.STATUS,
    "stock": Register.STOCK,
    "stock_profiles": Register.STOCK,
    "price_lists": Register.PRICE_LISTS,
}
#: What can be wished for, and what a package must have for it.
WISHES: Mapping[str, tuple[Feature, ...]] = {
    "order_status": rights.NEEDED[Register.STATUS],
    "stock": rights.NEEDED[Register.STOCK],
    # Profiles say which warehouses count: without stock there is nothing to count.
    "stock_profiles": (Feature.STOCK_PROFILES, *rights.NEEDED[Register.STOCK]),
    "price_lists": rights.NEEDED[Register.PRICE_LISTS],
    "scheduling": (Feature.SCHEDULING,),
    "field_mapping": (Feature.FIELD_MAPPING,),
    "plugins": (Feature.PLUGINS,),
}
#: What registers are called among wishes.
_NAMES = {Register.STATUS: "order_status"}
#: Marked here, since labels of choices are translated when they are made into text.
MAIN_FLOWS: Mapping[str, str] = {
    planner.SHOP_LEADS: N_("#1 The shop leads"),
    planner.ERP_LEADS: N_("#2 The ERP leads"),
    planner.COMBINED: N_("#3 Combination"),
}


NOT_IN_EDITION = N_(
    "%(feature)s belongs to the Client edition, and this ERP runs in Cloud. Sales can grant it to one customer."
)
UNMOVED = N_("With the main flow “%(main_flow)s” it goes nowhere. Let the ERP lead, or choose the combination.")
UNRECONCILED = N_("We reconcile payments in Visma Administration, not in %(erp)s.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What somebody wants a price for. `main_flow` may be empty; `wishes` and `gateways` are keys of the above."""

    shops: tuple[type[Connector], ...]
    erp: type[Connector]
    orders: int
    main_flow: str = ""
    has_pos: bool = False
    wishes: frozenset[str] = field(default_factory=frozenset)
    gateways: tuple[str, ...] = ()
    country: str = "SE"
    vat_number: str = ""

    @property
    def edition(self) -> str:
        """The edition that the ERP runs in."""
        return self.erp.manifest.editions[0]

    @property
    def systems(self) -> list[type[Connector]]:
        """The ERP and the shops, each system once."""
        return list(dict.fromkeys((self.erp, *self.shops)))


@dataclass(frozen=True, slots=True)
class Impossible:
    """Something that was wished for, or that the main flow moves, and that cannot be done: with one `shop`, or at all."""

    what: str
    name: Text
    reasons: tuple[Text, ...]
    shop: type[Connector] | None = None


def quote(ask: Ask, *, wishes: dict[str, Any], today: date) -> Quote:
    """Save what `ask` costs by the price list of `today`. `wishes` are kept as they were sent."""
    found = impossible(ask)
    told = {
        "shops": [_named(shop) for shop in ask.shops],
        "erp": _named(ask.erp),
        "main_flow": ask.main_flow or None,
        "main_flow_name": Text(MAIN_FLOWS[ask.main_flow]).to_json() if ask.main_flow else None,
        "modules": [
            {
                "system": system.manifest.key,
                "system_name": system.manifest.name,
                "module": module.key,
                "name": Text(module.label).to_json(),
                "mandatory": module.mandatory,
            }
            for system in ask.systems
            for module in system.manifest.modules
        ],
        "impossible": [
            {
                "what": one.what,
                "name": one.name.to_json(),
                "shop": one.shop.manifest.key if one.shop else None,
                "shop_name": one.shop.manifest.name if one.shop else None,
                "reasons": [reason.to_json() for reason in one.reasons],
            }
            for one in found
        ],
        "warnings": [warning.to_json() for warning in planner.warnings(ask.main_flow, has_pos=ask.has_pos)],
    }
    return quoting.make(
        ask.edition,
        needs(ask, found),
        wishes=wishes,
        told=told,
        country=ask.country,
        vat_number=ask.vat_number,
        today=today,
    )


def needs(ask: Ask, found: list[Impossible]) -> quoting.Needs:
    """What a package must hold for all of `ask` that is not among what was `found` to be impossible."""
    shops = {shop.manifest.key for shop in ask.shops}
    gone: dict[str, set[str]] = {}
    for one in found:
        gone.setdefault(one.what, set()).update({one.shop.manifest.key} if one.shop else shops)
    features = set(rights.NEEDED[Register.ORDERS])
    if ask.main_flow:
        features.update(rights.NEEDED[Register.PRODUCTS])
    if ask.main_flow == planner.COMBINED:
        features.add(Feature.MULTISHOP)
    for wish in ask.wishes:
        if gone.get(wish, set()) < shops:
            features.update(WISHES[wish])
    return quoting.Needs(
        orders=ask.orders,
        features=frozenset(features),
        shops=_further(ask.shops),
        gateways=() if "gateways" in gone else tuple(GATEWAYS[gateway] for gateway in ask.gateways),
    )


def impossible(ask: Ask) -> list[Impossible]:
    """What of `ask` the edition, the main flow or the systems do not let anybody do, each with the reasons."""
    return [*_of_registers(ask), *_of_wishes(ask)]


def needed_by(main_flow: str) -> tuple[Feature, ...]:
    """What a package must have before `main_flow` is of any use: its orders and products."""
    base = (*rights.NEEDED[Register.ORDERS], *rights.NEEDED[Register.PRODUCTS])
    return (*base, Feature.MULTISHOP) if main_flow == planner.COMBINED else base


def needed_for(main_flow: str, register: Register) -> tuple[Feature, ...]:
    """What a package must have for one register of `main_flow`: the combination needs multishop for all but the orders."""
    needed = rights.NEEDED[register]
    return (*needed, Feature.MULTISHOP) if main_flow == planner.COMBINED and register != Register.ORDERS else needed


def name_of(register: Register) -> str:
    """What a register is called among wishes."""
    return _NAMES.get(register, str(register))


def _of_registers(ask: Ask) -> Iterator[Impossible]:
    """The registers that the main flow moves and a pair cannot; without a main flow, the orders. Wishes come after."""
    moved = planner.TABLE[ask.main_flow] if ask.main_flow else {Register.ORDERS: Direction.TO_ERP}
    for register, direction in moved.items():
        if name_of(register) not in ask.wishes:
            for shop in dict.fromkeys(ask.shops):
                if reasons := why_not(register, direction, shop, ask.erp):
                    yield Impossible(name_of(register), Text(LABELS[register]), reasons, shop)


def _of_wishes(ask: Ask) -> Iterator[Impossible]:
    for wish in WISHES:
        if wish not in ask.wishes:
            continue
        name = Text(gates.LABELS[WISHES[wish][0]])
        register = REGISTERS.get(wish)
        if reason := _of_edition(ask.edition, WISHES[wish][0]):
            yield Impossible(wish, name, (reason,))
        elif register and ask.main_flow and register not in planner.TABLE[ask.main_flow]:
            yield Impossible(wish, name, (Text(UNMOVED, {"main_flow": Text(MAIN_FLOWS[ask.main_flow])}),))
        elif register:
            for shop in dict.fromkeys(ask.shops):
                if reasons := why_not(register, Direction.TO_SHOP, shop, ask.erp):
                    yield Impossible(wish, name, reasons, shop)
    if ask.gateways:
        feature = NEEDED[AddOnKind.GATEWAY]
        reason = _of_edition(ask.edition, feature)
        if reason is None and not ask.erp.capabilities.reconciles:
            reason = Text(UNRECONCILED, {"erp": ask.erp.manifest.name})
        if reason:
            yield Impossible("gateways", Text(gates.LABELS[feature]), (reason,))


def _of_edition(edition: str, feature: Feature) -> Text | None:
    if edition != Edition.CLOUD or feature not in CLIENT_ONLY:
        return None
    return Text(NOT_IN_EDITION, {"feature": Text(gates.LABELS[feature])})


def _further(shops: tuple[type[Connector], ...]) -> tuple[str, ...]:
    """What the shops beyond the first are called: by their systems, numbered where there are several of one."""
    names = [shop.manifest.name for shop in shops]
    return tuple(
        f"{name} {names[:index].count(name) + 1}" if names.count(name) > 1 else name
        for index, name in enumerate(names)
        if index
    )


def _named(system: type[Connector]) -> dict[str, str]:
    return {"key": system.manifest.key, "name": system.manifest.name}
