"""The connector for Visma e-conomic: the verbs. What a flow can be told is in `manifest`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from connectors.base import CheckReport, Connector, Document, Draft, Register
from connectors.economic.agreement import Agreement
from connectors.economic.checking import check_agreement
from connectors.economic.finding import find_documents
from connectors.economic.manifest import CAPABILITIES, MANIFEST
from connectors.economic.mapping import draft_of
from connectors.economic.pacing import pace
from connectors.economic.parties import identity_of
from connectors.economic.problems import explain
from connectors.economic.settings import Settings
from connectors.economic.writing import Locks, Writing
from connectors.http import Limits, Transport
from connectors.records import Order


class System(Connector):
    """One agreement. What it has is read once, so an instance should live for a run, not for a day."""

    manifest = MANIFEST
    capabilities = CAPABILITIES

    def __init__(self, options: Mapping[str, Any], flow_options: Mapping[str, Any] | None = None) -> None:
        super().__init__(options, flow_options)
        app, grant = (str(self.options[key] or "") for key in ("app_secret_token", "agreement_grant_token"))
        self._transport = Transport(
            str(self.options["address"]),
            headers={"X-AppSecretToken": app, "X-AgreementGrantToken": grant},
            secrets=[token for token in (app, grant) if token],
            limits=Limits(total=30),
            explain=explain,
            pace=pace,
        )
        self._agreement = Agreement(self._transport)
        self._locks = Locks()

    def close(self) -> None:
        self._transport.close()

    def check(self) -> CheckReport:
        return check_agreement(Agreement(self._transport))

    def look_ahead(self, records: Sequence[Order]) -> None:
        self._agreement.meet(way for record in records for way in identity_of(record.buyer, self._settings).ways[:1])

    def prepare(self, record: Order, *, reference: str) -> Draft:
        return draft_of(record, reference, self._settings, self._agreement)

    def write(self, draft: Draft, *, key: str) -> Document:
        return self._writing(draft, key).carry_out()

    def complete(self, draft: Draft, document: Document) -> Document:
        return self._writing(draft, draft.reference).complete(document)

    def find(self, register: Register, references: Sequence[str]) -> Mapping[str, tuple[Document, ...]]:
        return find_documents(references, self._agreement)

    def _writing(self, draft: Draft, key: str) -> Writing:
        return Writing(
            draft,
            key,
            transport=self._transport,
            agreement=self._agreement,
            settings=self._settings,
            locks=self._locks,
        )

    @cached_property
    def _settings(self) -> Settings:
        """Read when first needed: checking an endpoint has no flow, and no settings to be wrong."""
        return Settings.read(self.flow_options)
