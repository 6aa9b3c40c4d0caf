"""The rows of an order as rows of a document: which article, how many, at what price, with which VAT."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from connectors.economic.amounts import ONE, Piece, pieces
from connectors.economic.settings import LABELS, STANDARD, Settings
from connectors.economic.targets import department_of, description_of
from connectors.economic.vat import Taxation, plain
from connectors.errors import InvalidRecord
from connectors.records import LineKind, Order, OrderLine
from sharespine.lib.money import ZERO, cents
from sharespine.lib.text import N_, Text

ZERO_RATE = Decimal(0)

#: Kinds whose article has no VAT by nature: its number stands for 0 %, not for the standard rate.
_WITHOUT_VAT = (LineKind.GIFT_CARD,)
_NUMBER_LENGTH = 25


@dataclass(frozen=True, slots=True)
class Row:
    """One line to be. `charged` is the VAT rate e-conomic will use; `group_rate` the home rate of its product group.

    `group_rate` is None where the order does not tell: no VAT in the zone, or a row of 0.00 without a rate. `home_rate` is then
    what the shop says that the article has at home, for one that has to be created. `value` is what
    one piece costs before discount, without VAT, for an article that has to be created. `department` is the row's own, if any.
    """

    article: str
    name: str
    description: str
    piece: Piece
    charged: Decimal
    group_rate: Decimal | None
    value: Decimal
    home_rate: Decimal | None = None
    is_article: bool = False
    department: int | None = None

    @property
    def net(self) -> Decimal:
        return self.piece.net


def rows_of(order: Order, tax: Taxation, settings: Settings) -> list[Row]:
    """The rows of `order`, without the rounding row. Their nets come to exactly what the order's own come to.

    Raises `InvalidRecord` for a row that cannot become a line.
    """
    rows: list[Row] = []
    discounts: dict[Decimal, Decimal] = {}
    for line in order.lines:
        net, before = cents(line.net), cents(line.net_before_discount)
        _check(line, net)
        own_row = settings.discount_rows and before > net and line.vat_rate is not None
        if own_row and line.vat_rate is not None:
            discounts[line.vat_rate] = discounts.get(line.vat_rate, ZERO) + before - net
        rows.extend(_lines(line, before if own_row else net, tax, settings))
    rows.extend(_discount(-discounts[rate], rate, order, tax, settings) for rate in sorted(discounts, reverse=True))
    return rows


def rounding_row(amount: Decimal, settings: Settings) -> Row:
    name = "Öresavrundning"
    return Row(settings.rounding_article, name, name, Piece(ONE, amount), ZERO_RATE, ZERO_RATE, ZERO)


def _check(line: OrderLine, net: Decimal) -> None:
    if line.vat_rate is None and net:
        text = N_("The shop does not say which VAT the row “%(row)s” has. Correct it in the shop and press Retry.")
        raise InvalidRecord(Text(text, {"row": line.name}))
    if line.kind is not LineKind.ARTICLE:
        return
    if not line.article_number.strip():
        text = N_(
            "The row “%(row)s” has no article number. Give the article a number in the shop, or add it to the order again if "
            "it was deleted there, then press Retry."
        )
        raise InvalidRecord(Text(text, {"row": line.name}))
    if len(line.article_number.strip()) > _NUMBER_LENGTH:
        text = N_(
            "The article number %(sku)s is longer than the 25 characters that e-conomic takes. Shorten it in the shop and "
            "press Retry."
        )
        raise InvalidRecord(Text(text, {"sku": line.article_number.strip()}))


def _lines(line: OrderLine, net: Decimal, tax: Taxation, settings: Settings) -> Iterator[Row]:
    is_article = line.kind is LineKind.ARTICLE
    name = line.name.strip() or line.article_number.strip() or line.kind.value
    article = line.article_number.strip() if is_article else own_article(line.kind, line.vat_rate, tax, settings)
    value = cents(cents(line.net_before_discount) / line.quantity) if line.quantity > 0 else ZERO
    for piece in pieces(line.quantity, net):
        counted = name if piece.whole else f"{plain(line.quantity)} × {name}"
        yield Row(
            article=article,
            name=name,
            description=description_of(line) or f"{counted}\n{line.details.strip()}".strip(),
            piece=piece,
            charged=tax.charged(line.vat_rate),
            group_rate=_group_rate(line.vat_rate, tax),
            home_rate=line.home_vat_rate,
            value=max(value, ZERO) if is_article else ZERO,
            is_article=is_article,
            department=department_of(line),
        )


def _discount(amount: Decimal, rate: Decimal, order: Order, tax: Taxation, settings: Settings) -> Row:
    name = "Rabatt"
    description = f"{name} {', '.join(order.coupons)}".strip()
    return Row(
        article=own_article(LineKind.DISCOUNT, rate, tax, settings),
        name=name,
        description=description,
        piece=Piece(ONE, amount),
        charged=tax.charged(rate),
        group_rate=_group_rate(rate, tax),
        value=ZERO,
    )


def _group_rate(rate: Decimal | None, tax: Taxation) -> Decimal | None:
    return None if rate is None or tax.carried_by is None else tax.carried_by.get(rate)


def own_article(kind: LineKind, rate: Decimal | None, tax: Taxation, settings: Settings) -> str:
    """The number of the flow's own article for `kind`, for the product group that carries `rate`.

    Where a zone charges nothing the group does not matter, and the article is the one for the usual rate.
    """
    number = settings.articles[kind.value]
    if not number:
        text = N_("The order has a row that needs “%(setting)s”, which is empty on the flow. Fill it in and press Retry.")
        raise InvalidRecord(Text(text, {"setting": LABELS[f"{kind.value}_article"]}))
    usual = ZERO_RATE if kind in _WITHOUT_VAT else STANDARD
    wanted = tax.carried_by.get(rate, usual) if tax.carried_by is not None and rate is not None else usual
    if wanted != usual:
        number = f"{number}-{plain(wanted)}"
    if len(number) > _NUMBER_LENGTH:
        text = N_("The article number %(sku)s of the flow is longer than 25 characters. Choose a shorter one and press Retry.")
        raise InvalidRecord(Text(text, {"sku": number}))
    return number
