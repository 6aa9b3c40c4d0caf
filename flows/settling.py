"""What becomes of a claimed transfer: decided by what the target answered, written through the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from billing import caps
from connectors.base import Document, Writes
from connectors.errors import AccessError, ConnectorError, ProtocolError, TemporaryError, WhoActs
from flows import bugs, retry
from flows.ledger import claims, outcomes
from flows.ledger.batch import Batch
from flows.ledger.rows import record_from
from flows.models import Flow, Run, Transfer
from flows.outgoing.outbox import Outbox
from flows.plugins import health as plugin_health
from flows.plugins.failures import Filtered, PluginFailed
from flows.rules import skip_reason
from sharespine.lib.checkpoints import reach
from sharespine.lib.text import N_, Amount, Text

BUG = Text(N_("Something in Sharespine failed on this order. Our developers have been told and look into it."))
UNKNOWN = Text(
    N_("It is not known whether the order reached the ERP, which cannot be searched. Look there, then skip it here.")
)


ONLY_THIS = N_(
    "The ERP failed %(times)s times on this order while it took others: %(error)s Look at the order there and in the shop, "
    "then retry."
)


class LeftAlone(Exception):
    """A job was not begun: nothing was sent, and the transfer goes back to its place."""


def quarantine(writes: Writes) -> timedelta:
    """How long a write whose caller vanished is left before it is looked up: a call outlives its caller.

    Where the target keeps no keys, only the look-up stands between such a call and a second document: then as long as a claim.
    """
    kept = bool(writes.idempotency_window)
    return timedelta(seconds=settings.QUARANTINE_SECONDS if kept else settings.LEASE_SECONDS) + writes.index_delay


class Settling:
    """Settles the transfers of one run. `writes` is what the target can do; `erp_failed` is told of every failure of its own,
    and `erp_worked` of every answer that was as it should be.

    All of it within `together`.
    """

    def __init__(
        self,
        flow: Flow,
        run: Run,
        writes: Writes,
        *,
        erp_failed: Callable[[ConnectorError], None],
        erp_worked: Callable[[], None],
    ) -> None:
        self.flow, self.writes, self.erp_failed, self.erp_worked = flow, writes, erp_failed, erp_worked
        self.batch = Batch(run, Outbox(flow.connection.customer_id, run.now))
        #: Orders that were not sent after all, and need no room. One that is tried again keeps its place in the queue for it.
        self.given_back: list[str] = []
        #: What went wrong with plugins.
        self.wrong: list[PluginFailed] = []

    @contextmanager
    def together(self) -> Iterator[Batch]:
        """Save all that is settled within, in one transaction. Raises `Fenced`, and then nothing of it is saved."""
        self.given_back, self.wrong = [], []
        with transaction.atomic():
            yield self.batch
            if self.given_back:
                caps.release(self.flow.connection.customer_id, self.given_back)
            self.batch.save()
            reach("before_settle_commit")
        # Afterwards: in the transaction, runs of one connection would wait for each other here.
        plugin_health.failed(self.wrong)

    def looked_up(self, transfer: Transfer, documents: Sequence[Document]) -> bool:
        """The ERP was asked for the transfer. Returns whether it may be sent: it is not there, and the rules want it."""
        if documents:
            self._adopt(transfer, documents)
            return False
        if transfer.in_doubt and (reason := self._left_out(transfer)) is not None:
            self._give_back(transfer)
            outcomes.skip(self.batch, transfer, reason)
            return False
        outcomes.absent(self.batch, transfer)
        if transfer.crashes >= claims.GUILTY:
            self._give_back(transfer)
            outcomes.stop(self.batch, transfer, claims.guilty(transfer), code=claims.WORKER_LOST, acts=WhoActs.US)
            return False
        return True

    def _left_out(self, transfer: Transfer) -> Text | None:
        """Why the rules leave the order out as the shop has it by now: while its outcome was unknown, nobody asked them."""
        if transfer.kind == Transfer.Kind.CREDIT:
            return None
        record = record_from(transfer.payload)
        return skip_reason(record, trigger_statuses=self.flow.trigger_statuses, start_from=self.flow.start_from)

    def may_complete(self, transfer: Transfer, documents: Sequence[Document]) -> bool:
        """Whether an attempt that was interrupted left one document of another total, which the connector may put right."""
        return (
            self.writes.completes
            and transfer.in_doubt
            and [document.currency for document in documents] == [transfer.currency]
            and documents[0].total != transfer.total
        )

    def cannot_look_up(self, transfer: Transfer) -> bool:
        """The ERP cannot be searched. Returns whether the transfer may be sent: only if no attempt may have had an effect."""
        if transfer.in_doubt:
            outcomes.stop(self.batch, transfer, UNKNOWN, code="Unknown", acts=WhoActs.STAFF, no_effect=False)
        return not transfer.in_doubt

    def written(self, transfer: Transfer, document: Document) -> None:
        if document.total != transfer.total or document.currency != transfer.currency:
            self._adopt(transfer, (document,))
            return
        outcomes.sent(self.batch, transfer, document)
        self.erp_worked()

    def plugins_failed(self, transfer: Transfer, errors: Sequence[PluginFailed]) -> None:
        """The order is in the ERP, and plugins failed when they were told: nothing undoes that, and somebody has to know."""
        for error in errors:
            evidence = str(error.evidence)
            outcomes.need_somebody(self.batch, transfer, error.text, code=error.code, evidence=evidence)
        self.wrong.extend(errors)

    def is_as_ordered(self, transfer: Transfer, documents: Sequence[Document]) -> bool:
        """Whether the order is in the ERP once, and comes to the same there."""
        return [(each.total, each.currency) for each in documents] == [(transfer.total, transfer.currency)]

    def failed(self, transfer: Transfer, error: BaseException, *, was_written: bool) -> None:
        """A job ended in `error`: decide by its class whether it is tried again, and when."""
        if isinstance(error, LeftAlone):
            self.leave(transfer)
            return
        if not isinstance(error, ConnectorError):
            self._crashed(transfer, error, was_written)
            return
        if isinstance(error, Filtered):
            self._give_back(transfer)
            outcomes.leave_out(self.batch, transfer, error.text, code=error.code)
            return
        in_doubt = was_written and error.outcome_unknown
        if isinstance(error, TemporaryError | AccessError | ProtocolError):
            self.erp_failed(error)
        if isinstance(error, TemporaryError | AccessError) or (in_doubt or isinstance(error, ProtocolError)):
            self.postpone(transfer, error, in_doubt=in_doubt)
            return
        if isinstance(error, PluginFailed):
            # It says nothing about the ERP, which may not have been asked.
            self.wrong.append(error)
        else:
            self.erp_worked()
        evidence = str(error.evidence)
        self._give_back(transfer)
        outcomes.stop(self.batch, transfer, error.text, code=error.code, acts=error.who_acts, evidence=evidence)

    def postpone(self, transfer: Transfer, error: ConnectorError, *, in_doubt: bool) -> None:
        evidence = str(error.evidence)
        if isinstance(error, ProtocolError) and transfer.attempts >= retry.LIMIT:
            code, no_effect = error.code, not in_doubt
            if no_effect:
                self._give_back(transfer)
            outcomes.stop(self.batch, transfer, error.text, code=code, acts=WhoActs.US, no_effect=no_effect, evidence=evidence)
            return
        if isinstance(error, TemporaryError) and transfer.attempts >= retry.ENOUGH and self._others_arrive():
            if not in_doubt:
                self._give_back(transfer)
            text = Text(ONLY_THIS, {"times": str(transfer.attempts), "error": error.text})
            outcomes.stop(
                self.batch, transfer, text, code=error.code, acts=WhoActs.STAFF, no_effect=not in_doubt, evidence=evidence
            )
            return
        delay = retry.backoff(transfer.attempts, retry_after=error.retry_after)
        if in_doubt:
            # What was written may take a while to be found.
            delay = max(delay, quarantine(self.writes))
        outcomes.postpone(self.batch, transfer, error.text, wait=delay, code=error.code, in_doubt=in_doubt, evidence=evidence)

    def leave(self, transfer: Transfer) -> None:
        """The transfer is not sent now: it keeps its place, and gives its room back unless it may be in the ERP already."""
        outcomes.leave(self.batch, transfer)
        if not transfer.in_doubt:
            self._give_back(transfer)

    def _give_back(self, transfer: Transfer) -> None:
        self.given_back.append(transfer.reference)

    def _others_arrive(self) -> bool:
        """Whether the ERP took other orders in the last hours: then it is not the ERP that is down."""
        lately = timezone.now() - 3 * retry.LONGEST
        return Transfer.objects.filter(sent_at__gte=lately, erp=self.flow.connection.erp_id).exists()

    def _adopt(self, transfer: Transfer, documents: Sequence[Document]) -> None:
        numbers = ", ".join(document.target_id for document in documents)
        document = documents[0]
        if len(documents) > 1:
            text = Text(
                N_("The order is in the ERP %(times)s times, as numbers %(numbers)s. Remove all but one there, then retry."),
                {"times": str(len(documents)), "numbers": numbers},
            )
        elif document.total != transfer.total or document.currency != transfer.currency:
            text = Text(
                N_("The order is in the ERP as number %(number)s with %(there)s, but %(here)s in the shop. Correct it there."),
                {
                    "number": document.target_id,
                    "there": Amount(document.total, document.currency),
                    "here": Amount(transfer.total, transfer.currency),
                },
            )
        else:
            outcomes.sent(self.batch, transfer, document, found=True)
            return
        outcomes.stop(self.batch, transfer, text, code="Differs", acts=WhoActs.STAFF, no_effect=False, documents=documents)

    def _crashed(self, transfer: Transfer, error: BaseException, was_written: bool) -> None:
        """Our bug: the order stops, with the traceback for staff; what may have been sent is looked up first."""
        evidence = bugs.told(error, f"transfer {transfer.pk}", self.flow.shop, self.flow.connection.erp)
        if not was_written:
            self._give_back(transfer)
        if was_written and transfer.attempts < retry.LIMIT:
            wait_for = max(retry.backoff(transfer.attempts), quarantine(self.writes))
            outcomes.postpone(self.batch, transfer, BUG, wait=wait_for, code="Bug", in_doubt=True, evidence=evidence)
            return
        outcomes.stop(self.batch, transfer, BUG, code="Bug", acts=WhoActs.US, no_effect=not was_written, evidence=evidence)
