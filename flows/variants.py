"""Products as the target can hold them: whole, or each variant as an article of its own. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from connectors.articles import Product
from connectors.errors import InvalidRecord
from sharespine.lib.text import N_, Text


def fitted(product: Product, dimensions: int | None) -> Sequence[Product]:
    """What `product` becomes in a target whose variants may have so many `dimensions` (0: none, None: any number).

    Raises `InvalidRecord` when its variants have more dimensions than that.
    """
    if not product.variants:
        return (product,)
    if dimensions == 0:
        return [
            replace(
                product,
                source_id=variant.source_id or f"{product.source_id}/{variant.article_number}",
                article_number=variant.article_number,
                name=_named(product.name, [value for _, value in variant.options]),
                ean=variant.ean,
                weight=product.weight if variant.weight is None else variant.weight,
                active=product.active and variant.active,
                variants=(),
            )
            for variant in product.variants
        ]
    used = max(len(variant.options) for variant in product.variants)
    if dimensions is not None and used > dimensions:
        text = N_(
            "“%(name)s” has variants in %(used)s dimensions, and the target holds %(most)s at most. Make separate products of "
            "it in the source."
        )
        raise InvalidRecord(Text(text, {"name": product.name, "used": str(used), "most": str(dimensions)}))
    return (product,)


def _named(name: str, values: Sequence[str]) -> str:
    """As the shops name a variant: "T-shirt Skåne - Röd, S"."""
    return f"{name} - {', '.join(values)}" if values else name
