"""The connector for Visma e-conomic: the verbs. What a flow can be told is in `manifest`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from connectors.base import Change, CheckReport, Connector, Document, Draft, Page, Put, Query, Register
from connectors.economic.agreement import Agreement
from connectors.economic.capabilities import CAPABILITIES
from connectors.economic.checking import check_agreement
from connectors.economic.finding import find_documents
from connectors.economic.manifest import MANIFEST
from connectors.economic.mapping import draft_of
from connectors.economic.pacing import pace
from connectors.economic.parties import identity_of
from connectors.economic.price_lists import PriceLists
from connectors.economic.problems import explain
from connectors.economic.putting import Putting
from connectors.economic.reading import Reading
from connectors.economic.settings import ArticleSettings, Settings, StatusSettings
from connectors.economic.tracing import progress_of
from connectors.economic.writing import Locks, Writing
from connectors.http import Limits, Transport
from connectors.records import Order


class System(Connector):
    """One agreement. What it has is read once, so an instance should live for a run, not for a day."""

    manifest = MANIFEST
    capabilities = CAPABILITIES

    def __init__(self, options: Mapping[str, Any], flow_options: Mapping[str, Any] | None = None) -> None:
        super().__init__(options, flow_options)
        self._transport = self._transport_to("address")
        self._open_transport = self._transport_to("open_address")
        self._agreement = Agreement(self._transport)
        self._price_lists = PriceLists(self._open_transport)
        self._locks = Locks()

    def close(self) -> None:
        self._transport.close()
        self._open_transport.close()

    def check(self) -> CheckReport:
        return check_agreement(Agreement(self._transport), PriceLists(self._open_transport))

    def read(self, query: Query) -> Iterator[Page]:
        if query.register is Register.STATUS:
            return progress_of(query.keys, self._agreement, StatusSettings.read(self.flow_options))
        if query.register in self.capabilities.reads:
            settings = ArticleSettings.read(self.flow_options)
            return Reading(self._agreement, self._price_lists, settings).pages(query)
        return super().read(query)

    def put(self, register: Register, changes: Sequence[Change]) -> Sequence[Put]:
        if register is not Register.PRODUCTS:
            return super().put(register, changes)
        return Putting(self._transport, self._agreement, ArticleSettings.read(self.flow_options)).put(changes)

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

    def _transport_to(self, address: str) -> Transport:
        """`address` is the key of the option that holds it. Both hosts take the same tokens."""
        app, grant = (str(self.options[key] or "") for key in ("app_secret_token", "agreement_grant_token"))
        return Transport(
            str(self.options[address]),
            headers={"X-AppSecretToken": app, "X-AgreementGrantToken": grant},
            secrets=[token for token in (app, grant) if token],
            limits=Limits(total=30),
            explain=explain,
            pace=pace,
        )

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
