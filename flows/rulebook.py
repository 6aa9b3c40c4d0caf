"""What the flows of a register can be told whatever their systems are: data for the forms, and the rules read from a flow.

Pure: no Django, no I/O. What a system itself can be told stands in its manifest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.base import Capabilities, Choice, Option, OptionKind, Register
from connectors.fields import FIELDS
from connectors.progress import Milestone
from sharespine.lib.text import N_

_WHAT = N_("What goes")
_FIELDS = N_("Field by field")
_HOW = N_("How")

#: What becomes of one field of an article that both sides have.
OVERWRITE, WHEN_NEW, WHEN_EMPTY, NEVER = "overwrite", "new", "empty", "never"
_FIELD_CHOICES = (
    Choice(OVERWRITE, N_("Overwrite")),
    Choice(WHEN_NEW, N_("Only when the article is new")),
    Choice(WHEN_EMPTY, N_("Only when it is empty there")),
    Choice(NEVER, N_("Never")),
)
CREATE, CREATE_AND_UPDATE, UPDATE = "create", "create_update", "update"
LEAVE, DEACTIVATE = "leave", "deactivate"

_PRODUCTS = (
    Option(
        key="mode",
        label=N_("Articles are"),
        kind=OptionKind.CHOICE,
        default=CREATE_AND_UPDATE,
        required=True,
        choices=(
            Choice(CREATE_AND_UPDATE, N_("Created and updated")),
            Choice(CREATE, N_("Created only")),
            Choice(UPDATE, N_("Updated only")),
        ),
        group=_WHAT,
    ),
    Option(
        key="gone",
        label=N_("Articles that are no longer in the source"),
        kind=OptionKind.CHOICE,
        default=LEAVE,
        required=True,
        choices=(Choice(LEAVE, N_("Are left as they are")), Choice(DEACTIVATE, N_("Become inactive"))),
        help=N_("Nothing is ever deleted from here."),
        group=_WHAT,
    ),
    Option(
        key="new_inactive",
        label=N_("New articles begin as inactive"),
        kind=OptionKind.BOOLEAN,
        default=False,
        help=N_("So that somebody can add pictures and texts before they are sold."),
        group=_WHAT,
    ),
    *(
        Option(
            key=f"field_{field.key}",
            label=field.label,
            kind=OptionKind.CHOICE,
            default=OVERWRITE,
            required=True,
            choices=_FIELD_CHOICES,
            group=_FIELDS,
        )
        for field in FIELDS[Register.PRODUCTS]
        if field.key != "variants"
    ),
)

_LEAVE_OUT = Option(
    key="leave_out",
    label=N_("Articles that are left out"),
    kind=OptionKind.LINES,
    default="FRAKT*\nAVGIFT*\nRABATT*\nPRESENTKORT*\nORESAVRUNDNING*",
    help=N_(
        "One article number per line; * stands for anything. The articles that orders use for freight, fees, discounts, gift "
        "cards and rounding belong here."
    ),
    group=_WHAT,
)

_PRICES = (
    Option(
        key="vat_rate",
        label=N_("VAT in percent of articles that have none"),
        kind=OptionKind.DECIMAL,
        default="25",
        help=N_("Used where the ERP does not say. Empty: such articles stop."),
        group=_HOW,
    ),
    Option(
        key="sale",
        label=N_("Campaign prices go along"),
        kind=OptionKind.BOOLEAN,
        default=True,
        help=N_("Without this, campaign prices that the shop has are left alone."),
        group=_HOW,
    ),
)

_STOCK = (
    Option(
        key="backorders",
        label=N_("Orders beyond the stock"),
        kind=OptionKind.CHOICE,
        default="leave",
        required=True,
        choices=(
            Choice("leave", N_("As the shop has it")),
            Choice("no", N_("Not allowed")),
            Choice("notify", N_("Allowed, and the buyer is told")),
            Choice("yes", N_("Allowed")),
        ),
        group=_HOW,
    ),
    Option(
        key="hold_days",
        label=N_("Days for which documents that do not reserve are held back"),
        kind=OptionKind.INTEGER,
        default=5,
        help=N_(
            "What is sold in the shop and not yet counted by the ERP is taken off what is offered. Drafts of invoices are not "
            "counted by some ERPs before they are booked: they are held back until then, but no longer than this."
        ),
        group=_HOW,
    ),
)

LABELS: Mapping[Milestone, str] = {
    Milestone.PARTLY_DELIVERED: N_("Partly delivered"),
    Milestone.DELIVERED: N_("Delivered"),
    Milestone.INVOICED: N_("Invoiced"),
    Milestone.PAID: N_("Paid"),
    Milestone.CANCELLED: N_("Cancelled"),
}
#: Further on comes later: an order that is paid is not moved back to what is delivered. Whatever was cancelled stays so.
IN_ORDER = (Milestone.PARTLY_DELIVERED, Milestone.DELIVERED, Milestone.INVOICED, Milestone.PAID, Milestone.CANCELLED)


def _of(milestone: Milestone) -> tuple[Option, ...]:
    group = LABELS[milestone]
    return (
        Option(
            key=f"{milestone}_status",
            label=N_("Status in the shop"),
            kind=OptionKind.CHOICE,
            choices_from="statuses",
            help=N_("Empty: nothing happens in the shop."),
            group=group,
        ),
        Option(
            key=f"{milestone}_message",
            label=N_("E-mail to the buyer"),
            help=N_("Sent once, beside what the shop itself sends at this status. {number} is the order. Empty: none."),
            group=group,
        ),
        Option(
            key=f"{milestone}_tracking",
            label=N_("Parcel tracking goes along"),
            kind=OptionKind.BOOLEAN,
            default=True,
            group=group,
        ),
        Option(
            key=f"{milestone}_capture",
            label=N_("The payment is captured"),
            kind=OptionKind.BOOLEAN,
            default=False,
            help=N_("By the status above, which must be one at which the shop's payment method captures."),
            group=group,
        ),
    )


_ORDERS = (
    Option(
        key="refunds",
        label=N_("Refunds after the transfer"),
        kind=OptionKind.CHOICE,
        default="task",
        required=True,
        choices=(Choice("task", N_("Become a task for somebody")), Choice("credit", N_("Become a credit note"))),
        help=N_("A credit note arrives as a draft, like everything else. What cannot be credited to the öre becomes a task."),
        group=N_("After the transfer"),
    ),
    Option(
        key="cancellations",
        label=N_("Cancellations after the transfer"),
        kind=OptionKind.CHOICE,
        default="task",
        required=True,
        choices=(Choice("task", N_("Become a task for somebody")), Choice("credit", N_("Become a credit note"))),
        group=N_("After the transfer"),
    ),
)

RULES: Mapping[Register, tuple[Option, ...]] = {
    Register.ORDERS: _ORDERS,
    Register.STATUS: tuple(option for milestone in IN_ORDER for option in _of(milestone)),
    Register.PRODUCTS: (_LEAVE_OUT, *_PRODUCTS),
    Register.PRICES: (_LEAVE_OUT, *_PRICES),
    Register.PRICE_LISTS: (),
    Register.STOCK: (_LEAVE_OUT, *_STOCK),
}


def offered(register: Register, source: Capabilities, target: Capabilities) -> tuple[Option, ...]:
    """The rules that make sense between two systems: those of fields that either of them lacks are left out."""
    lacks: set[str] = set()
    if register in source.reads and register in target.writes:
        lacks = {*source.reads[register].lacks, *target.writes[register].lacks}
    if register is Register.ORDERS and not target.writes[register].credits:
        return ()
    gone = {f"field_{key}" for key in lacks} | set(_gone_with(lacks))
    return tuple(option for option in RULES[register] if option.key not in gone)


def _gone_with(lacks: Iterable[str]) -> Iterable[str]:
    for key in lacks:
        if key in set(Milestone):
            yield from (option.key for option in _of(Milestone(key)))
        elif key in ("tracking", "capture", "email"):
            suffix = "message" if key == "email" else key
            yield from (f"{milestone}_{suffix}" for milestone in Milestone)
        elif key == "backorders":
            yield "backorders"
        elif key == "sale":
            yield "sale"


def told(register: Register, rules: Mapping[str, Any] | None) -> dict[str, Any]:
    """The rules of a flow, with the default of each that nobody has chosen."""
    given = rules or {}
    return {option.key: given.get(option.key, option.default) for option in RULES[register]}
