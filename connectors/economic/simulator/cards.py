"""Customers and products, created, replaced and shown the way the live server does it."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import unquote

from connectors.economic.simulator.agreement import Row
from connectors.economic.simulator.fields import CUSTOMER, PRODUCT, Field
from connectors.economic.simulator.goods import Goods
from connectors.economic.simulator.parties import Shapes, numbered_body, shown_customer, shown_product
from connectors.economic.simulator.references import broken_references
from connectors.economic.simulator.refusals import invalid, missing, refused
from connectors.economic.simulator.stock import with_stock
from connectors.economic.simulator.validation import Problem, problems
from connectors.sandbox_wire import Request, Response

# Resource addresses spell some letters of a product number their own way (documentation 2019, recorded since).
_SPELLED = dict(enumerate("<>*%:&/\\_ ?.#+"))


class Cards(Goods):
    """The registers of the agreement. `violations` holds what a careful client would never have sent."""

    violations: list[str]
    shapes: Shapes

    def _body(self, request: Request, table: Field, at: datetime) -> Row:
        """The body, if it has the right shape; whatever is wrong with it is remembered."""
        try:
            body = request.json()
        except ValueError:
            raise refused(400, "The request body is not valid JSON.", at=at) from None
        found = problems(body, table)
        self.violations += [f"{request.method} {request.path}: {problem}" for problem in found]
        stopped = [problem for problem in found if problem.refused]
        if stopped:
            raise invalid(stopped, at=at)
        ignored = {str(problem.path[0]) for problem in found if len(problem.path) == 1}
        return {name: value for name, value in body.items() if name not in ignored}

    def _rows(self, name: str) -> list[Row]:
        if name == "customers":
            customers = sorted(self.agreement.customers.values(), key=lambda row: row["customerNumber"])
            return [self.shapes.of(shown_customer, row, self.address) for row in customers]
        products = sorted(self.agreement.products.values(), key=lambda row: row["productNumber"])
        units = self._units()
        return [self.shapes.of(lambda row, base: shown_product(row, base, units), row, self.address) for row in products]

    def _finished(self, rows: list[Row]) -> list[Row]:
        """Articles with what the Inventory module tells of them."""
        return with_stock(rows, self.agreement) if self.agreement.has_stock else rows

    def _whole_product(self, row: Row) -> Row:
        (shape,) = self._finished([shown_product(row, self.address, self._units())])
        return shape

    def _customer(self, method: str, number: int, request: Request, at: datetime) -> Response:
        if method == "PUT":
            return self._put_customer(number, request, at)
        customer = self.agreement.customers.get(number)
        if customer is None:
            raise missing(at)
        if method == "GET":
            return Response(200, shown_customer(customer, self.address))
        if method != "DELETE":
            raise refused(405, "Method not allowed.", at=at)
        if any(d.body["customer"].get("customerNumber") == number for d in self.agreement.documents):
            raise refused(400, "The customer is used and cannot be deleted.", at=at)
        del self.agreement.customers[number]
        return Response(204)

    def _put_customer(self, number: int | None, request: Request, at: datetime) -> Response:
        body = self._body(request, CUSTOMER, at)
        self._referenced(body, at)
        wanted = number or body.get("customerNumber")
        if number is None and wanted in self.agreement.customers:
            # The code is not recorded.
            raise invalid([Problem(("customerNumber",), f"Customer number {wanted} is already in use.", "", wanted)], at=at)
        created = wanted not in self.agreement.customers
        wanted = wanted or self.agreement.next_customer()
        row = numbered_body(body, "customerNumber", wanted, at.strftime("%Y-%m-%dT%H:%M:%SZ"))
        self.agreement.customers[wanted] = row
        shape = shown_customer(row, self.address)
        return Response(201, shape, {"Location": shape["self"]}) if created else Response(200, shape)

    def _product(self, method: str, number: str, request: Request, at: datetime) -> Response:
        if method == "PUT":
            return self._put_product(number, request, at)
        product = self.agreement.products.get(number.casefold())
        if product is None:
            raise missing(at)
        if method == "GET":
            return Response(200, self._whole_product(product))
        if method != "DELETE":
            raise refused(405, "Method not allowed.", at=at)
        del self.agreement.products[number.casefold()]
        return Response(204)

    def _put_product(self, number: str | None, request: Request, at: datetime) -> Response:
        body = self._body(request, PRODUCT, at)
        self._referenced(body, at)
        wanted = number or body["productNumber"]
        created = wanted.casefold() not in self.agreement.products
        if number is None and not created:
            # Neither code nor words are recorded.
            raise invalid([Problem(("productNumber",), f"Product number '{wanted}' already exists.", "", wanted)], at=at)
        row = numbered_body({"barred": False, **body}, "productNumber", wanted, at.strftime("%Y-%m-%dT%H:%M:00Z"))
        self.agreement.products[wanted.casefold()] = row
        shape = self._whole_product(row)
        return Response(201, shape, {"Location": shape["self"]}) if created else Response(200, shape)

    def _referenced(self, body: Row, at: datetime) -> None:
        found = list(broken_references(body, self.agreement))
        if found:
            raise invalid(found, at=at)


def plain_number(spelled: str) -> str:
    """The product number that a resource address spells, e.g. `A_9_1` for `A 1`."""
    text = re.sub(r"_(\d{1,2})_", lambda match: _SPELLED.get(int(match[1]), match[0]), spelled)
    return unquote(text)
