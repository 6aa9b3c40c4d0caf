"""What of the ledger is a merchant's to act on: one rule for the portal, the API and e-mails."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.utils.translation import gettext

from connectors.errors import WhoActs
from flows.ledger.anew import OF_THE_SOURCE
from flows.models import Item, Transfer
from flows.models.transfers import NEEDS_SOMEBODY
from sharespine.lib.said import said
from sharespine.lib.text import Text

State = Transfer.State
#: Stopped until the merchant acts; or in the ERP, and changed in the shop afterwards.
MINE = Q(state=State.STOPPED, acts=WhoActs.MERCHANT) | Q(attention=True)
#: What support or we look after, and what the ERP is asked about.
OURS = Q(state__in=Transfer.TROUBLE) & ~MINE
#: What a merchant may try again: what it was to put right itself, and what is tried again anyway, only later. The states by
#: themselves first: they stand in the index by which the orders of a customer are found, and who acts does not.
RETRYABLE = Q(state__in=[State.STOPPED, State.RETRYING]) & (Q(acts=WhoActs.MERCHANT) | Q(state=State.RETRYING))
#: The same of articles and statuses.
RETRYABLE_ITEMS = Q(state__in=[Item.State.STOPPED, Item.State.RETRYING]) & (
    Q(acts=WhoActs.MERCHANT) | Q(state=Item.State.RETRYING)
)


def mine(customer_id: int) -> QuerySet[Transfer]:
    """The transfers of a customer that wait for the merchant."""
    return Transfer.objects.filter(NEEDS_SOMEBODY, MINE, customer=customer_id)


def retryable(transfers: QuerySet[Transfer]) -> QuerySet[Transfer]:
    """Those of `transfers` that a merchant may try again."""
    return transfers.filter(RETRYABLE)


def may_retry(transfer: Transfer) -> bool:
    """Whether a merchant may try the transfer again. What support or we must see to is tried again by those who did."""
    stopped = transfer.state == State.STOPPED and transfer.acts == WhoActs.MERCHANT
    return stopped or transfer.state == State.RETRYING


def handleable(transfers: QuerySet[Transfer]) -> QuerySet[Transfer]:
    """Those of `transfers` of which a merchant may say that it took care of a change after the transfer."""
    return transfers.filter(NEEDS_SOMEBODY, state=State.SENT, attention=True)


def may_mark_handled(transfer: Transfer) -> bool:
    """Whether a merchant may say that it took care of a change after the transfer."""
    return transfer.state == State.SENT and transfer.attention


def retryable_items(items: QuerySet[Item]) -> QuerySet[Item]:
    """Those of `items` that a merchant may try again: not what only the source can put right, which then goes by itself."""
    return items.filter(RETRYABLE_ITEMS).exclude(error_code__in=OF_THE_SOURCE)


def may_retry_item(item: Item) -> bool:
    """Whether a merchant may try the item again."""
    stopped = item.state == Item.State.STOPPED and item.acts == WhoActs.MERCHANT
    return (stopped or item.state == Item.State.RETRYING) and item.error_code not in OF_THE_SOURCE


def told(message: Text, cause: str, *, orders: int, number: str) -> str:
    """What waits for the merchant, in the active language. Of several `orders` with one `cause` one is told: `message`, that of
    `number`; a sentence with its values says more than one with gaps.
    """
    if not cause:
        # Of a change after the transfer, what changed stands in what has happened to the order.
        return gettext("The order was changed in the shop after the transfer.")
    if orders == 1:
        return said(message)
    return gettext("For example %(number)s: %(words)s") % {"number": number, "words": said(message)}
