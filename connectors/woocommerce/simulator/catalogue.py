"""What the simulated shop sells, with what VAT."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Rate:
    """A VAT rate of the shop. `percent` is 25 for 25 %."""

    id: int
    code: str
    label: str
    percent: Decimal


#: By tax class. "" is the standard class.
RATES: dict[str, Rate] = {
    "": Rate(1, "SE-MOMS 25%-1", "Moms 25%", Decimal(25)),
    "reduced-rate": Rate(2, "SE-MOMS 12%-1", "Moms 12%", Decimal(12)),
    "bocker-6": Rate(3, "SE-MOMS 6%-1", "Moms 6%", Decimal(6)),
    "zero-rate": Rate(4, "SE-MOMS 0%-1", "Moms 0%", Decimal(0)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One thing that can be bought. `price` is in SEK with VAT. `sku` is "" where the merchant never gave one.

    Once `deleted`, old orders no longer tell its SKU. `attributes` are those of a variation: key, value, label, shown value.
    """

    product_id: int
    sku: str
    name: str
    price: Decimal
    tax_class: str = ""
    variation_id: int = 0
    parent_name: str = ""
    attributes: tuple[tuple[str, str, str, str], ...] = ()
    deleted: bool = False

    @property
    def rate(self) -> Rate:
        return RATES[self.tax_class]

    @property
    def vat_rate(self) -> Decimal:
        """In percent."""
        return self.rate.percent


# Name, price with VAT, tax class.
_SIMPLE = (
    ("Ullstrumpa", "129", ""),
    ("Linneskjorta", "499", ""),
    ("Keps", "149", ""),
    ("Halsduk", "249", ""),
    ("Vante", "149.90", ""),
    ("Mössa", "179", ""),
    ("Regnjacka", "1299", ""),
    ("Bälte 100 % läder", "299", ""),
    ("Ryggsäck", "899", ""),
    ("Termos", "349", ""),
    ("Kaffe mörkrost 500 g", "79.90", "reduced-rate"),
    ("Knäckebröd", "32.50", "reduced-rate"),
    ("Honung 350 g", "69", "reduced-rate"),
    ("Lingonsylt", "45", "reduced-rate"),
    ("Havremjölk", "19.90", "reduced-rate"),
    ("Te Söder", "89", "reduced-rate"),
    ("Choklad 70 %", "35", "reduced-rate"),
    ("Müsli <i>ekologisk</i>", "54.90", "reduced-rate"),
    ("Olivolja 0,5 l", "119", "reduced-rate"),
    ("Kokbok", "299", "bocker-6"),
    ("Roman: Vågen", "189", "bocker-6"),
    ("Barnbok Åsa", "149", "bocker-6"),
    ("Reseguide Öland", "229", "bocker-6"),
    ("Ordbok sv–en 📚", "399", "bocker-6"),
    ("Stearinljus &amp; ljusstake", "49", ""),
    ("Tvål Ek &amp; Söner", "59", ""),
    ("Presentkort papper", "100", "zero-rate"),
    ("Porto, frimärken", "18", "zero-rate"),
    ("Handduk", "0.90", ""),
    ("Gåva på köpet", "0", ""),
)
_COLOURS = (("bla", "Blå"), ("rod", "Röd"), ("gro", "Grön"))
_SIZES = (("s", "S"), ("m", "M"), ("l", "L"))
_VARIABLE = (("T-shirt Skåne", "V1", "249"), ("Hoodie Malmö", "V2", "699"))
_FIRST_ID = 11


def catalogue() -> list[Article]:
    """All articles, always the same ones. The last two are one without a SKU and one that was deleted."""
    articles = [
        Article(product_id=_FIRST_ID + n, sku=f"SHOP-{n + 1:03}", name=name, price=Decimal(price), tax_class=tax_class)
        for n, (name, price, tax_class) in enumerate(_SIMPLE)
    ]
    number = _FIRST_ID + len(articles)
    for name, code, price in _VARIABLE:
        parent, number = number, number + 1
        for colour, colour_name in _COLOURS:
            for size, size_name in _SIZES:
                articles.append(
                    Article(
                        product_id=parent,
                        variation_id=number,
                        sku=f"SHOP-{code}-{colour.upper()}-{size.upper()}",
                        name=f"{name} - {colour_name}, {size_name}",
                        price=Decimal(price),
                        parent_name=name,
                        attributes=(("pa_farg", colour, "Färg", colour_name), ("pa_storlek", size, "Storlek", size_name)),
                    )
                )
                number += 1
    articles.append(Article(product_id=number, sku="", name="Fyndlåda utan artikelnummer", price=Decimal(50)))
    articles.append(Article(product_id=number + 1, sku="SHOP-UTGÅTT", name="Utgången lampa", price=Decimal(219), deleted=True))
    return articles
