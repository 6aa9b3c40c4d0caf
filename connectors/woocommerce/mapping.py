"""What WooCommerce sends → canonical records. Exact, pure: no call, no clock.

Amounts come as text with two decimals, since we ask for `dp=2`. `total` of the order is with VAT; those of its rows are
without, also in a shop whose prices include VAT (measured 2026-11-21). `line_items[].price` is a float without VAT and is
never used. Fields that move without the order having changed (payment_url, needs_payment …) are not mapped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.errors import ConnectorError, ContractChanged
from connectors.records import Address, Order, OrderLine, Party, Refund
from connectors.woocommerce import wording
from connectors.woocommerce.rows import amount, listed, order_lines, refund_lines
from connectors.woocommerce.wire import source_id
from sharespine.lib.clock import from_utc_text
from sharespine.lib.text import N_, Text

#: The fields of an order that are asked for. The buyer's IP address and browser are not among them.
FIELDS = (
    "id,number,status,currency,prices_include_tax,date_created_gmt,date_modified_gmt,date_paid_gmt,total,total_tax,customer_id,"
    "billing,shipping,payment_method,payment_method_title,transaction_id,customer_note,meta_data,line_items,tax_lines,"
    "shipping_lines,fee_lines,coupon_lines,gift_cards,refunds"
)


#: Nothing will be delivered of an order with one of these.
_CANCELLED = frozenset({"cancelled", "failed", "refunded", "trash"})


@dataclass(frozen=True, slots=True)
class Rules:
    """What differs between shops and cannot be seen on the order itself. Names are compared without regard to case.

    `extra_fields` are the order fields that go along. `home_rates` is tax class → percent in the shop's own country.
    """

    organisation_number_field: str = ""
    vat_number_field: str = ""
    channel_field: str = ""
    extra_fields: tuple[str, ...] = ()
    gift_card_fee_names: frozenset[str] = frozenset()
    home_rates: Mapping[str, Decimal] = field(default_factory=dict)


def order_from(wire: Mapping[str, Any], rules: Rules = Rules(), refunds: Sequence[Mapping[str, Any]] = ()) -> Order:
    """The order that `wire` tells of, with what is told of its `refunds` besides.

    Raises `ContractChanged` or `InvalidRecord`, which name the order and the reason.
    """
    number = wording.one_line(wire.get("number")) or wording.one_line(wire.get("id"))
    try:
        return _order(wire, number, rules, refunds)
    except ConnectorError:
        raise
    except KeyError as error:
        reason = f"the field {error} is missing"
    except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
        reason = str(error)[:200]
    raise ContractChanged(
        Text(
            N_("Order %(number)s in WooCommerce cannot be understood (%(reason)s). Our staff look into it."),
            {"number": number, "reason": reason},
        )
    )


def _order(wire: Mapping[str, Any], number: str, rules: Rules, refunds: Sequence[Mapping[str, Any]]) -> Order:
    billing, shipping, freight = _object(wire, "billing"), _object(wire, "shipping"), listed(wire, "shipping_lines")
    meta = {entry["key"]: entry["value"] for entry in listed(wire, "meta_data")}
    invoice = _address(billing)
    home_rates = rules.home_rates if _is_untaxed(wire) else {}
    returned = {source_id(row): refund_lines(row, number, rules.gift_card_fee_names, home_rates) for row in refunds}
    return Order(
        source_id=source_id(wire),
        number=number,
        status=_said(wire, "status"),
        currency=_said(wire, "currency").upper(),
        placed_at=_moment(wire, "date_created_gmt"),
        modified_at=_moment(wire, "date_modified_gmt"),
        paid_at=_moment(wire, "date_paid_gmt") if wire["date_paid_gmt"] else None,
        buyer=Party(
            number=str(wire["customer_id"] or ""),  # 0 is a guest
            name=invoice.name or invoice.company or _address(shipping).name,
            company=invoice.company,
            organisation_number=wording.one_line(meta.get(rules.organisation_number_field)),
            vat_number=wording.one_line(meta.get(rules.vat_number_field)),
            email=invoice.email,
            phone=invoice.phone,
            address=invoice,
        ),
        delivery=_delivery(shipping, invoice),
        lines=order_lines(wire, number, rules.gift_card_fee_names, home_rates),
        total=amount(wire, "total"),
        total_vat=amount(wire, "total_tax"),
        prices_include_vat=wire["prices_include_tax"] is True,
        payment_method=wording.one_line(wire["payment_method"]),
        payment_title=wording.one_line(wire["payment_method_title"]),
        transaction_id=wording.one_line(wire["transaction_id"]),
        delivery_method=", ".join(filter(None, (wording.one_line(row["method_title"]) for row in freight))),
        coupons=tuple(wording.one_line(row["code"]) for row in listed(wire, "coupon_lines")),
        refunds=_refunds(wire, returned),
        note=wording.lines(wire["customer_note"]),
        channel=wording.one_line(meta.get(rules.channel_field)),
        cancelled=wire["status"] in _CANCELLED,
        extras=_extras(meta, rules.extra_fields),
    )


def _extras(meta: Mapping[str, Any], names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Those of the order's own fields that were asked for and say something. One that holds more than a text is left out."""
    found = ((name, wording.lines(meta.get(name))) for name in names)
    return tuple((name, value) for name, value in found if value)


def _is_untaxed(wire: Mapping[str, Any]) -> bool:
    return amount(wire, "total_tax") == 0


def _said(wire: Mapping[str, Any], key: str) -> str:
    value = wording.one_line(wire[key])
    if not value:
        raise ValueError(f"the field '{key}' is empty")
    return value


def _object(wire: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    if not isinstance(wire[key], dict):
        raise ValueError(f"the field '{key}' is no object")
    found: Mapping[str, Any] = wire[key]
    return found


def _moment(wire: Mapping[str, Any], key: str) -> datetime:
    try:
        return from_utc_text(wire[key])
    except (TypeError, ValueError):
        raise ValueError(f"the field '{key}' is no time: {str(wire[key])[:60]!r}") from None


def _address(wire: Mapping[str, Any]) -> Address:
    """Billing has an e-mail address and shipping has none; all fields are always there, empty (measured 2026-11-21)."""

    def said(key: str) -> str:
        return wording.one_line(wire.get(key))

    return Address(
        name=f"{said('first_name')} {said('last_name')}".strip(),
        company=said("company"),
        street=said("address_1"),
        street2=said("address_2"),
        postcode=said("postcode"),
        city=said("city"),
        state=said("state"),
        country=said("country").upper(),
        phone=said("phone"),
        email=said("email").lower(),
    )


def _delivery(shipping: Mapping[str, Any], invoice: Address) -> Address:
    """The delivery address if it says anything but the invoice address does, else an empty one."""
    delivery = _address(shipping)
    if delivery.is_empty or _place(delivery) == _place(invoice):
        return Address()
    return delivery


def _place(address: Address) -> tuple[str, ...]:
    # The same order carries "21134" or "211 34", depending on whether it came through the checkout or the API.
    postcode = address.postcode.replace(" ", "")
    return (
        address.name,
        address.company,
        address.street,
        address.street2,
        postcode,
        address.city,
        address.state,
        address.country,
    )


def _refunds(wire: Mapping[str, Any], returned: Mapping[str, tuple[OrderLine, ...]]) -> tuple[Refund, ...]:
    """Oldest first. Their totals come negative, newest first; the order's own total is never lowered."""
    refunds = (
        Refund(
            source_id=source_id(row),
            gross=abs(amount(row, "total")),
            reason=wording.one_line(row["reason"]),
            lines=returned.get(source_id(row), ()),
        )
        for row in listed(wire, "refunds")
    )
    return tuple(sorted(refunds, key=lambda refund: int(refund.source_id)))
