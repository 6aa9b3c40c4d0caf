"""What a merchant does to articles and statuses: has them tried again."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from connectors.errors import WhoActs
from flows import merchants, rework
from flows.ledger.anew import OF_THE_SOURCE
from flows.models import Item
from sharespine.portal.item_log import WHOLE, narrowed, own
from sharespine.portal.verbs import LeftOut, Rows, Verb

State = Item.State
_of_the_source = Q(error_code__in=OF_THE_SOURCE)

RETRY = Verb(
    rows=Rows(area="items", row="item", own=own, narrowed=narrowed, listed=WHOLE, template="portal/item_rows.html"),
    may=merchants.retryable_items,
    do=rework.retry_items,
    question=_("Try them again?"),
    affected=lambda n: ngettext(
        "%(n)s article or status is written with the next run, which begins at once.",
        "%(n)s articles or statuses are written with the next run, which begins at once.",
        n,
    ),
    button=lambda n: ngettext("Retry %(n)s", "Retry all %(n)s", n),
    none=_("There is nothing here that you can try again."),
    one_done=_("It is tried again with the next run."),
    one_left_alone=_("It was left alone: by now it is in a state in which you cannot try it again."),
    done=lambda n: ngettext("%(n)d is tried again with the next run.", "%(n)d are tried again with the next run.", n),
    nothing_done=_("Nothing was done: there is nothing any more that you can try again."),
    rest_waits=_("The rest waits: press Retry all again."),
    left_out=(
        LeftOut(Q(state=State.DONE), lambda n: ngettext("%(n)s is up to date.", "%(n)s are up to date.", n)),
        LeftOut(
            Q(state=State.WAITING),
            lambda n: ngettext("%(n)s is on its way already.", "%(n)s are on their way already.", n),
        ),
        LeftOut(
            Q(state=State.STOPPED) & _of_the_source,
            lambda n: ngettext(
                "%(n)s must be put right in the source and then goes by itself.",
                "%(n)s must be put right in the source and then go by themselves.",
                n,
            ),
        ),
        LeftOut(
            Q(state=State.STOPPED) & ~Q(acts=WhoActs.MERCHANT) & ~_of_the_source,
            lambda n: ngettext(
                "%(n)s is being looked after by us. We try it again when the cause is gone.",
                "%(n)s are being looked after by us. We try them again when the cause is gone.",
                n,
            ),
        ),
        LeftOut(Q(state=State.SKIPPED), lambda n: ngettext("%(n)s is left out by a rule.", "%(n)s are left out by a rule.", n)),
    ),
)
