"""What becomes of a claimed transfer: decided by what the target answered, written through the ledger."""

from __future__ import annotations

import logging
import traceback
from collections import Counter
from collections.abc import Callable, Sequence

from billing import caps
from connectors.base import Document, Writes
from connectors.errors import AccessError, ConnectorError, ProtocolError, TemporaryError, WhoActs
from flows import health, retry
from flows.ledger import outcomes, runs
from flows.models import Flow, Run, Transfer
from sharespine.lib.text import N_, Text

log = logging.getLogger(__name__)
BUG = Text(N_("Something in Sharespine failed on this order. Our developers have been told and look into it."))
UNKNOWN = Text(
    N_("It is not known whether the order reached the ERP, which cannot be searched. Look there, then skip it here.")
)


class LeftAlone(Exception):
    """A job was not begun: nothing was sent, and the transfer goes back to its place."""


class Settling:
    """Settles the transfers of one run. `writes` is what the target can do; `erp_failed` is told of every failure of its own.

    The caller holds a transaction open around each batch of calls, and saves the counts in it.
    """

    def __init__(self, flow: Flow, run: Run, writes: Writes, erp_failed: Callable[[ConnectorError], None]) -> None:
        self.flow, self.run, self.writes, self.erp_failed = flow, run, writes, erp_failed
        self.counts: Counter[str] = Counter()

    def save_counts(self) -> None:
        runs.count(self.run, self.counts)
        self.counts.clear()

    def looked_up(self, transfer: Transfer, documents: Sequence[Document]) -> bool:
        """The ERP was asked for the transfer. Returns whether it may be sent, since no document carries its reference."""
        if documents:
            self._adopt(transfer, documents)
        else:
            outcomes.absent(transfer, self.run)
        return not documents

    def cannot_look_up(self, transfer: Transfer) -> bool:
        """The ERP cannot be searched. Returns whether the transfer may be sent: only if no attempt may have had an effect."""
        if transfer.in_doubt:
            outcomes.stop(transfer, UNKNOWN, code="Unknown", acts=WhoActs.STAFF, run=self.run, no_effect=False)
            self.counts["stopped"] += 1
        return not transfer.in_doubt

    def written(self, transfer: Transfer, document: Document) -> None:
        if document.total != transfer.total or document.currency != transfer.currency:
            self._adopt(transfer, (document,))
            return
        outcomes.sent(transfer, document, self.run)
        self.counts["sent"] += 1
        health.worked(self.flow.connection.erp)

    def failed(self, transfer: Transfer, error: BaseException, *, was_written: bool) -> None:
        """A job ended in `error`: decide by its class whether it is tried again, and when."""
        if isinstance(error, LeftAlone):
            outcomes.leave(transfer)
            return
        if not isinstance(error, ConnectorError):
            self._crashed(transfer, error, was_written)
            return
        in_doubt = was_written and error.outcome_unknown
        if not in_doubt:
            caps.release(self.flow.connection.customer_id, [transfer.reference])
        if isinstance(error, TemporaryError | AccessError | ProtocolError):
            self.erp_failed(error)
        if isinstance(error, TemporaryError | AccessError) or (in_doubt or isinstance(error, ProtocolError)):
            self.postpone(transfer, error, in_doubt=in_doubt)
            return
        health.worked(self.flow.connection.erp)
        outcomes.stop(transfer, error.text, code=error.code, acts=error.who_acts, run=self.run, evidence=str(error.evidence))
        self.counts["stopped"] += 1

    def postpone(self, transfer: Transfer, error: ConnectorError, *, in_doubt: bool) -> None:
        if isinstance(error, ProtocolError) and transfer.attempts >= retry.LIMIT:
            outcomes.stop(
                transfer,
                error.text,
                code=error.code,
                acts=WhoActs.US,
                run=self.run,
                no_effect=not in_doubt,
                evidence=str(error.evidence),
            )
            self.counts["stopped"] += 1
            return
        delay = retry.backoff(transfer.attempts, retry_after=error.retry_after)
        if in_doubt:
            # What was written may take a while to be found.
            delay = max(delay, self.writes.index_delay)
        outcomes.postpone(
            transfer,
            error.text,
            wait=delay,
            code=error.code,
            run=self.run,
            in_doubt=in_doubt,
            evidence=str(error.evidence),
        )
        self.counts["uncertain" if in_doubt else "retried"] += 1

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
                    "there": f"{document.total} {document.currency}",
                    "here": f"{transfer.total} {transfer.currency}",
                },
            )
        else:
            outcomes.sent(transfer, document, self.run, found=True)
            self.counts["sent"] += 1
            return
        outcomes.stop(transfer, text, code="Differs", acts=WhoActs.STAFF, run=self.run, no_effect=False, documents=documents)
        self.counts["stopped"] += 1

    def _crashed(self, transfer: Transfer, error: BaseException, was_written: bool) -> None:
        """Our bug: the order stops, with the traceback for staff; what may have been sent is looked up first."""
        evidence = "".join(traceback.format_exception(error))
        log.error("transfer %s failed\n%s", transfer.pk, evidence)
        if was_written and transfer.attempts < retry.LIMIT:
            wait_for = retry.backoff(transfer.attempts)
            outcomes.postpone(transfer, BUG, wait=wait_for, code="Bug", run=self.run, in_doubt=True, evidence=evidence)
            self.counts["uncertain"] += 1
            return
        outcomes.stop(transfer, BUG, code="Bug", acts=WhoActs.US, run=self.run, no_effect=not was_written, evidence=evidence)
        self.counts["stopped"] += 1
