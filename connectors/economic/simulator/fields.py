"""What e-conomic says about each field of a body, as data: its published JSON schemas (draft-03, August 2026), by hand.

One line per field: path, type, then any of `R` (required), `ro` (read-only: ignored when sent), `len=`, `minlen=`, `dec=`
(most decimals), `min=`, `max=`, `one-of=`, `match=`. `[]` stands for the items of a list. `self` is allowed everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

_TERMS = "net|invoiceMonth|paidInCash|prepaid|dueDate|factoring|invoiceWeekStartingSunday|invoiceWeekStartingMonday|creditcard"

_DOCUMENT = f"""
date                                        date R
currency                                    string R match=[a-zA-Z]{{3}}
exchangeRate                                number max=999999999999 dec=6
dueDate                                     date
grossAmount                                 number ro dec=2
grossAmountInBaseCurrency                   number ro dec=2
netAmount                                   number ro dec=2
netAmountInBaseCurrency                     number ro dec=2
marginInBaseCurrency                        number ro dec=2
marginPercentage                            number ro dec=2
costPriceInBaseCurrency                     number ro dec=2
roundingAmount                              number ro dec=2
vatAmount                                   number ro dec=2
layout                                      object R
layout.layoutNumber                         integer min=1
project                                     object
project.projectNumber                       integer min=1
paymentTerms                                object R
paymentTerms.paymentTermsNumber             integer min=1
paymentTerms.daysOfCredit                   integer ro min=0
paymentTerms.name                           string ro len=50
paymentTerms.paymentTermsType               string ro one-of={_TERMS}|avtaleGiro
customer                                    object R
customer.customerNumber                     integer min=1 max=999999999
recipient                                   object R
recipient.name                              string R len=250
recipient.address                           string len=250
recipient.zip                               string len=50
recipient.city                              string len=250
recipient.country                           string len=50
recipient.ean                               string len=13
recipient.publicEntryNumber                 string len=40
recipient.attention                         object
recipient.attention.customerContactNumber   integer
recipient.vatZone                           object R
recipient.vatZone.vatZoneNumber             integer
recipient.mobilePhone                       string
recipient.nemHandelType                     string one-of=ean|corporateIdentificationNumber|pNumber|peppol
deliveryLocation                            object
deliveryLocation.deliveryLocationNumber     integer min=1
delivery                                    object
delivery.address                            string len=255
delivery.zip                                string len=30
delivery.city                               string len=50
delivery.country                            string len=50
delivery.deliveryTerms                      string len=100
delivery.deliveryDate                       date
notes                                       object
notes.heading                               string len=250
notes.textLine1                             string len=1000
notes.textLine2                             string len=1000
references                                  object
references.customerContact                  object
references.customerContact.customerContactNumber  integer min=1
references.salesPerson                      object
references.salesPerson.employeeNumber       integer min=1
references.vendorReference                  object
references.vendorReference.employeeNumber   integer min=1
references.other                            string len=250
pdf                                         object ro
lines                                       array
lines[]                                     object
lines[].lineNumber                          integer min=1
lines[].sortKey                             integer min=1
lines[].description                         string len=2500
lines[].accrual                             object
lines[].accrual.startDate                   date
lines[].accrual.endDate                     date
lines[].unit                                object
lines[].unit.unitNumber                     integer min=1
lines[].unit.name                           string len=100
lines[].product                             object
lines[].product.productNumber               string len=25
lines[].quantity                            number dec=2
lines[].unitNetPrice                        number dec=2
lines[].discountPercentage                  number dec=2
lines[].unitCostPrice                       number dec=2
lines[].totalNetAmount                      number ro
lines[].marginInBaseCurrency                number ro dec=2
lines[].marginPercentage                    number ro dec=2
lines[].departmentalDistribution            object
lines[].departmentalDistribution.departmentalDistributionNumber  integer min=1
lines[].departmentalDistribution.distributionType                string
"""

_CUSTOMER = """
barred                              boolean
address                             string len=510
balance                             number ro
dueAmount                           number ro
corporateIdentificationNumber       string len=40
pNumber                             string len=10 minlen=10
city                                string len=50
country                             string len=50
creditLimit                         number
currency                            string R len=3 minlen=3
customerGroup                       object R
customerGroup.customerGroupNumber   integer
customerNumber                      integer min=1 max=999999999
ean                                 string len=13
email                               string len=255
vatZone                             object R
vatZone.vatZoneNumber               integer
layout                              object
layout.layoutNumber                 integer
name                                string R len=255 minlen=1
paymentTerms                        object R
paymentTerms.paymentTermsNumber     integer
zip                                 string len=30
publicEntryNumber                   string len=50
telephoneAndFaxNumber               string len=255
mobilePhone                         string len=50
eInvoicingDisabledByDefault         boolean
vatNumber                           string len=20
website                             string len=255
salesPerson                         object
salesPerson.employeeNumber          integer
"""

_PRODUCT = """
productNumber                       string R len=25 minlen=1
name                                string R len=300 minlen=1
description                         string len=500
costPrice                           number
recommendedPrice                    number
salesPrice                          number
barCode                             string len=50
barred                              boolean
inventory                           object
inventory.available                 number ro
inventory.inStock                   number ro
inventory.orderedByCustomers        number ro
inventory.orderedFromSuppliers      number ro
inventory.packageVolume             number dec=2
inventory.grossWeight               number ro dec=2
inventory.netWeight                 number ro dec=2
inventory.recommendedCostPrice      number dec=2
unit                                object
unit.unitNumber                     integer
productGroup                        object R
productGroup.productGroupNumber     integer
departmentalDistribution            object
departmentalDistribution.departmentalDistributionNumber  integer min=1
departmentalDistribution.distributionType                string
"""

_BOOKING = """
draftInvoice                        object
draftInvoice.draftInvoiceNumber     integer min=1 max=999999999
bookWithNumber                      integer
sendBy                              string one-of=none|EAN|Email
"""


@dataclass
class Field:
    """What one field may hold. `children` are the fields of an object, `items` what a list holds."""

    type: str = "object"
    required: bool = False
    read_only: bool = False
    max_length: int | None = None
    min_length: int | None = None
    decimals: int | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    one_of: tuple[str, ...] = ()
    pattern: str = ""
    children: dict[str, Field] = field(default_factory=dict)
    items: Field | None = None


def _table(text: str) -> Field:
    root = Field()
    for line in filter(str.strip, text.splitlines()):
        path, kind, *rules = line.split()
        given = dict(rule.split("=", 1) for rule in rules if "=" in rule)
        entry = Field(
            type=kind,
            required="R" in rules,
            read_only="ro" in rules,
            max_length=int(given["len"]) if "len" in given else None,
            min_length=int(given["minlen"]) if "minlen" in given else None,
            decimals=int(given["dec"]) if "dec" in given else None,
            minimum=Decimal(given["min"]) if "min" in given else None,
            maximum=Decimal(given["max"]) if "max" in given else None,
            one_of=tuple(given["one-of"].split("|")) if "one-of" in given else (),
            pattern=given.get("match", ""),
        )
        *parents, name = path.replace("[]", ".[]").split(".")
        owner = root
        for parent in parents:
            owner = _child(owner, parent)
        if name == "[]":
            owner.items = entry
        else:
            owner.children[name] = entry
    return root


def _child(owner: Field, name: str) -> Field:
    found = owner.items if name == "[]" else owner.children[name]
    if found is None:
        raise ValueError(f"the list has no item type: {name}")
    return found


DOCUMENT_POST = _table(_DOCUMENT)
# The PUT schema itself requires only `recipient`. ASSUMED: since PUT replaces, what POST requires has to be there again.
ORDER_PUT = _table("orderNumber integer min=1 max=999999999\n" + _DOCUMENT)
INVOICE_PUT = _table("draftInvoiceNumber integer min=1 max=999999999\n" + _DOCUMENT)
CUSTOMER = _table(_CUSTOMER)
PRODUCT = _table(_PRODUCT)
BOOKING = _table(_BOOKING)
