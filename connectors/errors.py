"""What can go wrong with a remote system. Two questions decide the class: may we retry, and who must act?

::

    ConnectorError
    ├── TemporaryError        nobody acts     retried later, keeps its place
    │   ├── Unreachable       no connection could be made
    │   ├── TimedOut          a deadline passed
    │   ├── RateLimited       the system asked us to wait (`retry_after` seconds)
    │   ├── ServerFailed      5xx, a broken or cut-off answer
    │   └── AgentOffline      the Client edition's agent does not report
    ├── RejectedError         merchant acts   this record stops, the others go on
    │   ├── InvalidRecord     the record cannot be written as it is
    │   ├── Missing           something that it refers to does not exist
    │   ├── Conflict          something else is already there
    │   └── Unsupported       the system cannot do this
    ├── AccessError           merchant acts   the connection pauses
    │   ├── BadCredentials    wrong, revoked or expired keys
    │   ├── Forbidden         the keys are right but may not do this
    │   ├── ModuleMissing     the agreement lacks a module
    │   ├── Untrusted         no valid certificate: nothing proves who answers
    │   ├── AddressRefused    the address leads into a network that we do not call
    │   └── Forged            a call to us is not signed with the secret that was agreed
    └── ProtocolError         we act          the run stops
        ├── UnexpectedResponse    not the system we thought (HTML, another product, nonsense)
        │   └── TooLarge          more than we read of one answer
        └── ContractChanged       the right system, but a field or value we rely on is gone

Anything else that escapes a connector is our bug.

Every error carries a `Text` for people (what happened, to which record, why, what to do), and evidence for staff: method,
address without its query, status and the start of the answer. It never carries a secret: the transport masks what it sends.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sharespine.lib.text import N_, Text


class WhoActs(StrEnum):
    """Who has to do something before the record can go on."""

    NOBODY = "nobody"
    MERCHANT = "merchant"
    STAFF = "staff"
    US = "us"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was asked and what came back, masked and cut, for support staff; never shown to a merchant."""

    method: str = ""
    address: str = ""
    status: int = 0
    body: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.address} → {self.status or '–'} {self.body}".strip()


class ConnectorError(Exception):
    """Base of everything a connector may raise.

    `outcome_unknown` is True when a write may or may not have taken effect: the engine then looks the document up by our
    reference before anything is sent again.
    """

    who_acts: WhoActs = WhoActs.US
    default_text = N_("Something went wrong in the other system.")

    def __init__(
        self,
        text: Text | str = "",
        *,
        evidence: Evidence | None = None,
        retry_after: float | None = None,
        outcome_unknown: bool = False,
    ) -> None:
        self.text = text if isinstance(text, Text) else Text(text or self.default_text)
        self.evidence = evidence or Evidence()
        self.retry_after = retry_after
        self.outcome_unknown = outcome_unknown
        super().__init__(str(self.text))

    @property
    def code(self) -> str:
        """The class name: the stable word that errors are grouped and filtered by."""
        return type(self).__name__

    def __str__(self) -> str:
        return f"{self.text} [{self.evidence}]" if self.evidence.method else str(self.text)


class TemporaryError(ConnectorError):
    who_acts = WhoActs.NOBODY
    default_text = N_("The other system does not answer right now. We try again by ourselves.")


class Unreachable(TemporaryError):
    default_text = N_("No connection to the other system could be made. We try again by ourselves.")


class TimedOut(TemporaryError):
    default_text = N_("The other system did not answer in time. We try again by ourselves.")


class RateLimited(TemporaryError):
    default_text = N_("The other system asked us to slow down. We go on by ourselves.")


class ServerFailed(TemporaryError):
    default_text = N_("The other system reported an internal error. We try again by ourselves.")


class AgentOffline(TemporaryError):
    default_text = N_("The Sharespine Client at the merchant does not report. We go on when it is back.")


class RejectedError(ConnectorError):
    who_acts = WhoActs.MERCHANT
    default_text = N_("The other system did not accept the record.")


class InvalidRecord(RejectedError):
    pass


class Missing(RejectedError):
    default_text = N_("Something that the record refers to does not exist in the other system.")


class Conflict(RejectedError):
    default_text = N_("Something else with the same key is already in the other system.")


class Unsupported(RejectedError):
    default_text = N_("The other system cannot do this.")


class AccessError(ConnectorError):
    who_acts = WhoActs.MERCHANT
    default_text = N_("The other system does not let us in.")


class BadCredentials(AccessError):
    default_text = N_("The credentials are wrong or have been revoked. Make new ones and save them on the endpoint.")


class Forbidden(AccessError):
    default_text = N_("The credentials are right but lack the permission for this.")


class ModuleMissing(AccessError):
    default_text = N_("The agreement lacks a module that is needed for this.")


class Untrusted(AccessError):
    """Not retried as if the host were down: whoever answers there may not be the system, and time does not mend that."""

    default_text = N_("The certificate of the other system cannot be trusted, so nothing was sent.")


class AddressRefused(AccessError):
    default_text = N_("The address leads into a network that is not called from here, so nothing was sent.")


class Forged(AccessError):
    """Raised by `Connector.receive` only. Whoever calls us may cause it: answer 401 and pause nothing."""

    default_text = N_("The call is not signed with the secret that was agreed. Save the same secret in both systems.")


class ProtocolError(ConnectorError):
    who_acts = WhoActs.US
    default_text = N_("The other system answered with something we do not understand. Our staff look into it.")


class UnexpectedResponse(ProtocolError):
    default_text = N_(
        "What answered at the address is not the system we expected. Check the address on the endpoint; our staff look into it."
    )


class TooLarge(UnexpectedResponse):
    default_text = N_("The answer was larger than what we read of one. Our staff look into it.")


class ContractChanged(ProtocolError):
    default_text = N_("The other system has changed how it answers. Our staff look into it.")
