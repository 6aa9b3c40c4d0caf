"""Whether an agreement can be used, and what it has to choose from. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from connectors.base import CheckReport, Choice
from connectors.economic.agreement import Agreement, Row
from connectors.economic.price_lists import PriceLists
from connectors.errors import AccessError, InvalidRecord, ProtocolError, RejectedError, UnexpectedResponse
from sharespine.lib.text import N_, Text

_INVENTORY = 15

# Name of the list → path, number, name, and which rows can be chosen at all.
_LISTS: dict[str, tuple[str, str, str, Callable[[Row], bool]]] = {
    "layouts": ("/layouts", "layoutNumber", "name", lambda row: not row.get("deleted")),
    # Terms of the type dueDate want a due date on each document, which an order from a shop does not have.
    "payment_terms": (
        "/payment-terms",
        "paymentTermsNumber",
        "name",
        lambda row: row.get("paymentTermsType") != "dueDate",
    ),
    "vat_zones": ("/vat-zones", "vatZoneNumber", "name", lambda row: row.get("enabledForCustomer") is not False),
    "product_groups": ("/product-groups", "productGroupNumber", "name", lambda _: True),
    "customer_groups": ("/customer-groups", "customerGroupNumber", "name", lambda _: True),
    "units": ("/units", "unitNumber", "name", lambda _: True),
    "departments": (
        "/departmental-distributions",
        "departmentalDistributionNumber",
        "name",
        lambda row: not row.get("barred"),
    ),
    "currencies": ("/currencies", "code", "name", lambda _: True),
}

# What only an agreement with the Dimension module has.
_OPTIONAL = frozenset({"departments"})


def check_agreement(agreement: Agreement, price_lists: PriceLists) -> CheckReport:
    """Raises the error that says why the agreement cannot be used."""
    about = agreement.about()
    if not isinstance(about.get("agreementNumber"), int):
        # Something answered in JSON, but it is not e-conomic.
        raise UnexpectedResponse()
    company = _object(about.get("company"))
    listed = about.get("modules")
    modules = [_object(module) for module in listed if isinstance(module, dict)] if isinstance(listed, list) else []
    facts = {
        N_("Company"): company.get("name"),
        N_("Organisation number"): company.get("companyIdentificationNumber"),
        N_("Agreement number"): about["agreementNumber"],
        N_("Base currency"): agreement.base_currency(),
        N_("Modules"): ", ".join(str(module.get("name", "")) for module in modules),
    }
    choices: dict[str, tuple[Choice, ...]] = {}
    warnings: list[Text] = []
    if any(module.get("moduleNumber") == _INVENTORY for module in modules):
        # Documented in 2019; whether it still holds is not known.
        warnings.append(
            Text(
                N_(
                    "The agreement has the Inventory module. e-conomic may then refuse orders from us. Try one order, and let "
                    "the flow make invoices if it is refused."
                )
            )
        )
    for name in _LISTS:
        try:
            choices[name] = tuple(_choices(name, agreement))
        except (AccessError, RejectedError):
            if name not in _OPTIONAL:
                raise
            choices[name] = ()
    choices["price_groups"] = _price_groups(price_lists)
    return CheckReport(
        name=str(company.get("name") or about["agreementNumber"]),
        facts=tuple((label, str(value)) for label, value in facts.items() if value),
        choices=choices,
        warnings=tuple(warnings),
    )


def check_currency(currency: str, agreement: Agreement) -> None:
    """Raises `InvalidRecord` when the agreement does not have `currency`."""
    if currency.upper() not in agreement.currencies():
        text = N_("The currency %(currency)s is not set up in e-conomic. Add it there and press Retry.")
        raise InvalidRecord(Text(text, {"currency": currency}))


def _choices(name: str, agreement: Agreement) -> Iterator[Choice]:
    path, number, label, usable = _LISTS[name]
    for row in agreement.rows(path):
        if row.get(number) is not None and usable(row):
            yield Choice(str(row[number]), f"{row[number]} {row.get(label, '')}".strip())


def _price_groups(price_lists: PriceLists) -> tuple[Choice, ...]:
    """None where they cannot be read: orders need no price lists, and the other host may be closed to the app."""
    try:
        groups = price_lists.groups()
    except (AccessError, RejectedError, ProtocolError):
        return ()
    return tuple(Choice(str(number), f"{number} {name}".strip()) for number, name in groups.items())


def _object(value: Any) -> Row:
    return value if isinstance(value, dict) else {}
