"""What the package of a customer lets its flows do: the features of `billing`, put to what flows know."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db.models import Exists, OuterRef

from billing import gates
from billing.dates import today
from billing.models import Feature
from connectors.base import Register
from connectors.plugins import REGISTERS
from flows import dbclock, planner
from flows.models import Connection, ConnectionPlugin, Flow
from sharespine.lib.text import Text

#: What moving a register needs.
NEEDED: dict[str, tuple[Feature, ...]] = {
    Register.ORDERS: (Feature.ORDERS, Feature.CUSTOMERS),
    Register.STATUS: (Feature.ORDER_STATUS,),
    Register.PRODUCTS: (Feature.PRODUCTS,),
    Register.PRICES: (Feature.PRODUCTS,),
    Register.PRICE_LISTS: (Feature.PRICE_LISTS,),
    Register.STOCK: (Feature.STOCK,),
}
#: A flow that may not run asks again so often: contracts change by day, and a change of one wakes it at once.
ASK_AGAIN = timedelta(hours=1)
NONE = Text("")


def needed(flow: Flow) -> tuple[Feature, ...]:
    """The features that `flow`, saved or not, needs.

    They are those of its register, of its stock profile and of its field mapping, and multishop where its shop is not the
    connection's first. The combination (#3) needs multishop, too: in it, all but the orders, which go the same way in every
    main flow. Where a plugin is switched on, the flow needs plugins: it does not go on without what its connection has chosen.
    """
    features = list(NEEDED[flow.register])
    if flow.register == Register.STOCK and flow.stock_profile_id:
        # First: the package that has profiles has stock, too.
        features.insert(0, Feature.STOCK_PROFILES)
    combined = flow.connection.main_flow == planner.COMBINED and flow.register != Register.ORDERS
    is_first, has_plugins = _beside(flow)
    if combined or not is_first:
        features.append(Feature.MULTISHOP)
    if has_plugins and flow.register in REGISTERS:
        features.append(Feature.PLUGINS)
    if flow.mapped:
        features.append(Feature.FIELD_MAPPING)
    return tuple(features)


def _beside(flow: Flow) -> tuple[bool, bool]:
    """Whether the shop of the flow is the one that its connection began with, and whether the connection has plugins.

    The first shop is included in every package. One question to the database: it is asked before every run.
    """
    active = Exists(ConnectionPlugin.objects.filter(connection=OuterRef("connection"), active=True))
    flows = Flow.objects.filter(connection=flow.connection_id).order_by("pk")
    first = flows.values_list("shop", active).first()
    return (True, False) if first is None else (first[0] == flow.shop_id, first[1])


def hindrance(flow: Flow, day: date) -> Text:
    """Why the flow may not run on `day`, with the package that has what is missing; an empty text when it may."""
    customer = flow.connection.customer_id
    features = needed(flow)
    if gates.has(customer, features, day):
        return NONE
    missing = gates.rights(customer, day).missing(features)
    return missing[0].reason if missing else NONE


def may_run(flow: Flow, *, at: datetime) -> bool:
    """Whether the flow may run at `at`. If not, it says on its page why, and asks again later; nothing of it is lost."""
    reason = hindrance(flow, today(at))
    if not reason.message:
        if flow.hindrance.message:
            Flow.objects.filter(pk=flow.pk).update(hindrance=NONE)
        return True
    Flow.objects.filter(pk=flow.pk).update(
        hindrance=reason, next_run_at=dbclock.ahead(ASK_AGAIN), queued_at=None, wanted_at=None
    )
    return False


def losing(customer_id: int, lost: set[Feature]) -> list[Flow]:
    """The flows of a customer that would stop if it lost these features: said before a downgrade."""
    flows = Flow.objects.filter(connection__customer=customer_id, state=Flow.State.ACTIVE).select_related(
        "shop", "connection__erp"
    )
    return [flow for flow in flows if lost & set(needed(flow))]


def ask_again(customer_id: int) -> None:
    """What the customer may do has changed: have its flows find out now."""
    # Paused ones too: they may have an initial sync.
    of_customer = Flow.objects.filter(connection__customer=customer_id, connection__state=Connection.State.ACTIVE)
    of_customer.update(next_run_at=None, queued_at=None)
