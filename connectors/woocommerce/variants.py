"""The variants of one product: made, changed, and hidden when the product no longer has them. None is ever deleted."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from connectors.articles import Variant
from connectors.base import Change
from connectors.errors import ConnectorError
from connectors.http import Transport
from connectors.woocommerce.articles import variations_of
from connectors.woocommerce.batches import MOST, batch
from connectors.woocommerce.finding import folded
from connectors.woocommerce.goods import PRODUCT_FIELDS, article_number, options_of
from connectors.woocommerce.problems import of_item
from connectors.woocommerce.product_forms import chosen, variation_body
from connectors.woocommerce.wire import Wire, identity, understood


@understood()
def put_variants(
    api: Transport, parent: Wire, variants: Sequence[Variant], change: Change, *, kilograms: Decimal
) -> tuple[bool, ConnectorError | None]:
    """Whether anything had to be written, and the first refusal. `parent` is the product as the shop has it now.

    A variation is known by its article number, else by its options.
    """
    number = identity(parent)
    present = list(variations_of(api, number, PRODUCT_FIELDS))
    matches = _matched(variants, present)
    create: list[dict[str, Any]] = []
    update: list[dict[str, Any]] = []
    for variant, current in zip(variants, matches, strict=True):
        body = variation_body(variant, change.fields, current, parent=parent, kilograms=kilograms)
        if current is None:
            create.append(body)
        elif body:
            update.append({"id": identity(current), **body})
    kept = {identity(current) for current in matches if current is not None}
    update += [
        {"id": identity(wire), "status": "private"}
        for wire in present
        if identity(wire) not in kept and wire.get("status") == "publish"
    ]
    names = {identity(wire): article_number(wire) for wire in present}
    jobs = [("update", item, names.get(item["id"], "")) for item in update] + [("create", item, item["sku"]) for item in create]
    refused: ConnectorError | None = None
    for start in range(0, len(jobs), MOST):
        error = _send(api, number, jobs[start : start + MOST], change.key)
        refused = refused or error
    return bool(jobs), refused


def _send(api: Transport, product: int, jobs: Sequence[tuple[str, dict[str, Any], str]], key: str) -> ConnectorError | None:
    items = {name: [item for what, item, _ in jobs if what == name] for name in ("create", "update")}
    items = {name: rows for name, rows in items.items() if rows}
    answer, rows = batch(api, str(product), items)
    for name in items:
        numbers = [number for what, _, number in jobs if what == name]
        for number, row in zip(numbers, rows[name], strict=True):
            if isinstance(row.get("error"), dict):
                return of_item(row["error"], number or key, answer)
    return None


def _matched(variants: Sequence[Variant], present: Sequence[Wire]) -> list[Wire | None]:
    by_number = {folded(article_number(wire)): wire for wire in present if article_number(wire)}
    found = [by_number.get(folded(variant.article_number)) for variant in variants]
    taken = {identity(wire) for wire in found if wire is not None}
    by_options = {chosen(options_of(wire)): wire for wire in present if identity(wire) not in taken}
    return [wire or by_options.get(chosen(variant.options)) for variant, wire in zip(variants, found, strict=True)]
