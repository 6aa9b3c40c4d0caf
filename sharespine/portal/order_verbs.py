"""What a merchant does to orders: has them tried again, and says that what happened after the transfer is taken care of."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from flows import merchants, services
from flows.models import Transfer
from sharespine.portal.order_log import LISTED, narrowed, own
from sharespine.portal.verbs import LeftOut, Rows, Verb

State = Transfer.State
ORDERS = Rows(area="orders", row="order", own=own, narrowed=narrowed, listed=LISTED, template="portal/order_rows.html")

RETRY = Verb(
    rows=ORDERS,
    may=merchants.retryable,
    do=services.retry,
    asks_why=True,
    question=_("Try these orders again?"),
    affected=lambda n: ngettext("%(n)s order is affected.", "%(n)s orders are affected.", n),
    explanation=_("They are put first in the queue. Those that are already in the ERP are found there and not sent twice."),
    button=lambda n: ngettext("Retry %(n)s order", "Retry %(n)s orders", n),
    none=_("There is no order here that you can try again."),
    one_done=_("The order is tried again now. If it is already in the ERP, it is found there."),
    one_left_alone=_("The order was left alone: by now it is in a state in which you cannot try it again."),
    done=lambda n: ngettext("%(n)s order is tried again.", "%(n)s orders are tried again.", n),
    nothing_done=_("Nothing was done: there is no order any more that you can try again."),
    rest_waits=_("The rest waits: press Retry all again."),
    left_out=(
        LeftOut(Q(state=State.SENT), lambda n: ngettext("%(n)s is already in the ERP.", "%(n)s are already in the ERP.", n)),
        LeftOut(
            Q(state__in=[State.WAITING, State.SENDING]),
            lambda n: ngettext("%(n)s is on its way already.", "%(n)s are on their way already.", n),
        ),
        LeftOut(
            Q(state=State.HELD),
            lambda n: ngettext("%(n)s waits for room and goes by itself.", "%(n)s wait for room and go by themselves.", n),
        ),
        LeftOut(
            Q(state__in=Transfer.TROUBLE) & ~merchants.MINE,
            lambda n: ngettext(
                "%(n)s is being looked after by us. We try it again when the cause is gone.",
                "%(n)s are being looked after by us. We try them again when the cause is gone.",
                n,
            ),
        ),
        LeftOut(
            Q(state=State.SKIPPED),
            lambda n: ngettext(
                "%(n)s is left out by a rule, or by somebody.", "%(n)s are left out by a rule, or by somebody.", n
            ),
        ),
    ),
)

HANDLED = Verb(
    rows=ORDERS,
    may=merchants.handleable,
    do=services.mark_handled,
    asks_why=True,
    question=_("Mark these orders as handled?"),
    affected=RETRY.affected,
    explanation=_(
        "Do it when the documents in the ERP are as they should be. Nothing is sent, and the orders wait for you no more."
    ),
    button=lambda n: ngettext("Mark %(n)s order as handled", "Mark %(n)s orders as handled", n),
    none=_("There is no order here with a change to be handled."),
    one_done=_("The order is marked as handled."),
    one_left_alone=_("The order was left alone: there is no change to be handled any more."),
    done=lambda n: ngettext("%(n)s order is marked as handled.", "%(n)s orders are marked as handled.", n),
    nothing_done=_("Nothing was done: there is no order any more with a change to be handled."),
    rest_waits=_("The rest waits: press Mark all as handled again."),
    left_out=(
        LeftOut(
            Q(state=State.SENT, attention=False),
            lambda n: ngettext("%(n)s has no change to be handled.", "%(n)s have no change to be handled.", n),
        ),
        LeftOut(
            ~Q(state=State.SENT),
            lambda n: ngettext(
                "%(n)s is not in the ERP, so it stays as it is.", "%(n)s are not in the ERP, so they stay as they are.", n
            ),
        ),
    ),
)
