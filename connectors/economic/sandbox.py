"""A simulated e-conomic agreement: the legacy REST API as others have recorded it, and price lists of the newer one.

Neither was ever called by us. Where a fact is not recorded, the parts say ASSUMED. `violations` holds whatever a careful
client would never have sent: fields that do not exist or are read-only, and values that break the published tables.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.capabilities import Register
from connectors.economic.simulator import open_api
from connectors.economic.simulator.agreement import Agreement, Held, Row
from connectors.economic.simulator.cards import Cards, plain_number
from connectors.economic.simulator.collections import page
from connectors.economic.simulator.documents import NUMBER, address_of, document_problems, held, shown, totals_of, upgrade_body
from connectors.economic.simulator.fields import BOOKING, DOCUMENT_POST, INVOICE_PUT, ORDER_PUT
from connectors.economic.simulator.limits import Bucket, Replays
from connectors.economic.simulator.parties import Shapes
from connectors.economic.simulator.refusals import Refused, invalid, missing, refused
from connectors.economic.simulator.stock import count
from connectors.sandbox import Request, Response
from sharespine.lib.clock import utcnow

APP_SECRET_TOKEN = "sandbox-app-secret"
AGREEMENT_GRANT_TOKEN = "sandbox-grant"


class Simulator(Cards):
    """Tokens are constants of this module; `demo`/`demo` may read, as on the real server.

    `index_delay` is for how many seconds new documents are hidden from collections. `token_limit` is what all calls of a
    minute may cost together.
    """

    key = "economic"

    def __init__(
        self,
        *,
        seed: int = 0,
        journal: Path | None = None,
        clock: Callable[[], datetime] = utcnow,
        index_delay: float = 0,
        token_limit: int = 10_000,
        inventory_module: bool = False,
    ) -> None:
        super().__init__(seed=seed, journal=journal, clock=clock)
        self.agreement = Agreement(inventory_module=inventory_module)
        self.index_delay = index_delay
        self.bucket = Bucket(token_limit)
        self.replays = Replays()
        self.violations: list[str] = []
        self.shapes = Shapes()

    def endpoint_options(self, address: str) -> dict[str, str]:
        return {
            "address": address,
            "open_address": address,
            "app_secret_token": APP_SECRET_TOKEN,
            "agreement_grant_token": AGREEMENT_GRANT_TOKEN,
        }

    def flow_options(self, register: Register = Register.ORDERS) -> dict[str, Any]:
        groups = {"product_group_25": "1", "product_group_12": "2", "product_group_6": "3", "product_group_0": "4"}
        if register is Register.STATUS:
            return {"delivered_when": "sent"}
        if register is Register.ORDERS:
            groups |= {
                "layout": "20",
                "payment_terms": "1",
                "payment_terms_by_method": "klarna=4\nstripe=3",
                "customer_group": "1",
            }
        return {**groups, "unit": "1"}

    def handle(self, request: Request) -> Response:
        at = self.now()
        passes, headers = self.bucket.draw(request, at)
        headers["X-RequestId"] = f"{len(self.history):016x}-CPH"
        try:
            self._authorise(request, at)
            if not passes:
                raise refused(429, "Too many requests.", at=at)
            response = self.replays.get(request, at)
            if response is None:
                response = self._carried_out(request, at)
                self.replays.keep(request, response, at)
        except Refused as refusal:
            response = refusal.response
        return Response(response.status, response.body, {**response.headers, **headers})

    def _authorise(self, request: Request, at: datetime) -> None:
        app = request.headers.get("X-AppSecretToken", "")
        grant = request.headers.get("X-AgreementGrantToken", "")
        if (app, grant) == ("demo", "demo"):
            if request.method != "GET":
                # ASSUMED status; that demo may only read is documented.
                raise refused(403, "The demo agreement is read-only.", at=at)
        elif (app, grant) != (APP_SECRET_TOKEN, AGREEMENT_GRANT_TOKEN):
            # The code and its words are a third party's claim; the rest of the body is ASSUMED to be as for other errors.
            raise refused(401, "AppSecretToken does not correspond to the token", at=at, code="E02250")

    def _carried_out(self, request: Request, at: datetime) -> Response:
        try:
            return self._routed(request, at)
        except Refused as refusal:
            return refusal.response

    def _routed(self, request: Request, at: datetime) -> Response:
        path = request.path.strip("/").split("/")
        match (request.method, *path):
            case ("GET", "self"):
                return Response(200, self._self())
            case ("GET", ("orders" | "invoices") as owner, state):
                return Response(200, self._documents(owner[:-1], state, request, at))
            case ("POST", ("orders" | "invoices") as owner, "drafts"):
                return self._post_document(owner[:-1], request, at)
            case ("POST", "orders", "sent"):
                return self._send(request, at)
            case ("POST", "invoices", "booked"):
                return self._book(request, at)
            case (method, ("orders" | "invoices") as owner, state, number) if number.isdigit():
                return self._document(method, owner[:-1], state, int(number), request, at)
            case ("GET", "orders", state, number, "templates", "upgrade-instructions", "draftInvoice") if number.isdigit():
                return Response(200, upgrade_body(self._found("order", state, int(number), at), self.agreement, self.address))
            case ("GET", "customers"):
                return Response(200, page("customers", self._rows("customers"), request, base=self.address, at=at))
            case ("GET", "products"):
                products = self._rows("products")
                return Response(200, page("products", products, request, base=self.address, at=at, finished=self._finished))
            case ("GET", *start, _) if tuple(start[:2]) == open_api.BASE:
                return open_api.answer(path[2:], request, self.agreement)
            case ("POST", "customers"):
                return self._put_customer(None, request, at)
            case (method, "customers", number) if number.isdigit():
                return self._customer(method, int(number), request, at)
            case ("POST", "products"):
                return self._put_product(None, request, at)
            case (method, "products", number):
                return self._product(method, plain_number(number), request, at)
            case ("GET", name) if name in self.agreement.lists:
                key, rows = self.agreement.lists[name]
                rows = [{**row, "self": f"{self.address}/{name}/{row[key]}"} for row in rows]
                return Response(200, page(name, rows, request, base=self.address, at=at))
        raise missing(at)

    def _self(self) -> Row:
        modules = [{"moduleNumber": 14, "name": "Dimension"}]
        if self.agreement.inventory_module or self.agreement.has_stock:
            modules.append({"moduleNumber": 15, "name": "Lager"})
        return {
            "agreementNumber": 1234567,
            "agreementType": {"agreementTypeNumber": 1, "name": "Standard"},
            "userName": "API",
            "company": {"name": "Sandlådan AB", "country": "Sverige", "companyIdentificationNumber": "556677-8899"},
            "settings": {"baseCurrency": self.agreement.base_currency},
            "modules": modules,
            "self": f"{self.address}/self",
        }

    def _documents(self, kind: str, state: str, request: Request, at: datetime) -> Row:
        if state not in {"order": ("drafts", "sent", "archived"), "invoice": ("drafts", "booked")}[kind]:
            raise missing(at)
        documents = [d for d in self.agreement.held(kind, state) if self._visible(d, self.index_delay)]
        rows = [shown(d, self.agreement, self.address, lines=False) for d in documents]
        return page(f"{kind}s/{state}", rows, request, base=self.address, at=at)

    def _document(self, method: str, kind: str, state: str, number: int, request: Request, at: datetime) -> Response:
        if method == "PUT" and state == "drafts":
            return self._put_document(kind, number, request, at)
        document = self._found(kind, state, number, at)
        if method == "GET":
            return Response(200, shown(document, self.agreement, self.address))
        if method != "DELETE" or state not in ("drafts", "sent"):
            raise refused(405, "Method not allowed.", at=at)
        if state == "sent":
            document.state = "archived"
        else:
            self.agreement.documents.remove(document)
        count(document, self.agreement, at)
        if kind == "invoice":
            return Response(200, {"message": "Deleted invoice.", "deletedCount": 1, "deletedItems": [{NUMBER[kind]: number}]})
        return Response(204)

    def _found(self, kind: str, state: str, number: int, at: datetime) -> Held:
        document = next((d for d in self.agreement.held(kind, state) if d.number == number), None)
        if document is None:
            raise missing(at)
        return document

    def _checked(self, body: Row, at: datetime) -> Row:
        found = document_problems(body, self.agreement)
        if found:
            raise invalid(found, at=at)
        return body

    def _post_document(self, kind: str, request: Request, at: datetime) -> Response:
        self._refuse_orders(kind, at)
        body = request.json() if request.body[:1] == b"{" else {}
        number = body.get(NUMBER[kind]) if kind == "order" else None
        if number is not None:
            # The whole of a sent order posted here takes back that it was sent, and it keeps its number.
            order = self._found("order", "sent", int(number), at)
            order.state, order.changed_at = "drafts", at
            return Response(201, shown(order, self.agreement, self.address))
        body = self._checked(self._body(request, DOCUMENT_POST, at), at)
        document = held(kind, body, self.agreement, number=self.agreement.next_document(kind), at=at)
        self.agreement.documents.append(document)
        count(document, self.agreement, at)
        return self._created(document)

    def _put_document(self, kind: str, number: int, request: Request, at: datetime) -> Response:
        self._refuse_orders(kind, at)
        body = self._checked(self._body(request, ORDER_PUT if kind == "order" else INVOICE_PUT, at), at)
        document = next((d for d in self.agreement.held(kind, "drafts") if d.number == number), None)
        if document is None:
            document = held(kind, body, self.agreement, number=number, at=at)
            self.agreement.documents.append(document)
            return self._created(document)
        count(document, self.agreement, at)
        document.body, document.changed_at, document.totals = body, at, totals_of(body, self.agreement)
        count(document, self.agreement, at)
        return Response(200, shown(document, self.agreement, self.address))

    def _created(self, document: Held) -> Response:
        row = shown(document, self.agreement, self.address)
        return Response(201, row, {"Location": self.address + address_of(document)})

    def _refuse_orders(self, kind: str, at: datetime) -> None:
        if kind == "order" and self.agreement.inventory_module:
            # Documented in 2019; whether it still holds, with which status and words: not found.
            raise refused(403, "Orders cannot be created or updated on agreements with the Inventory module.", at=at)

    def _send(self, request: Request, at: datetime) -> Response:
        body = self._body(request, ORDER_PUT, at)
        document = self._found("order", "drafts", int(body.get("orderNumber", 0)), at)
        document.state, document.changed_at = "sent", at
        return self._created(document)

    def _book(self, request: Request, at: datetime) -> Response:
        body = self._body(request, BOOKING, at)
        number = (body.get("draftInvoice") or {}).get("draftInvoiceNumber", 0)
        return self._created(self._booked(self._found("invoice", "drafts", number, at), body.get("bookWithNumber")))
