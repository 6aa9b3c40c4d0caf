"""What `test_many_at_once` has several processes do at the same moment (`tests.faults.steps` finds it by its dotted name)."""

from __future__ import annotations

import os
import random
import time
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core import mail
from django.db import transaction

from billing import caps, contracts, hours, invoicing, members, notices
from billing.dates import begins_at
from billing.models import (
    Customer,
    Entry,
    InvoiceBasis,
    Membership,
    Notice,
    OrderMonth,
    OrderUse,
    Package,
    Role,
    Subscription,
    Term,
    WorkCategory,
)
from billing.refusals import Refused
from tests.customers import subscribed
from tests.faults.remote.steps import _together

AT = begins_at(date(2026, 5, 11))


def reserve_and_release(given: dict[str, Any]) -> dict[str, object]:
    """All want more than there is room for, give some back, and try again. How many each has in the end, and how many count."""
    customer = subscribed("Many AB", orders=given["cap"])

    def work() -> list[int]:
        number = os.getpid()
        dice, mine, most = random.Random(number), set[str](), 0
        keys = [f"{number}-{order}" for order in range(given["orders"])]
        for _ in range(given["rounds"]):
            mine |= caps.reserve(customer.pk, dice.sample(keys, 7), at=AT)
            most = max(most, OrderMonth.objects.get(customer=customer).used)
            if mine and dice.random() < 0.7:
                back = dice.sample(sorted(mine), min(3, len(mine)))
                caps.release(customer.pk, back)
                mine -= set(back)
        mine |= caps.reserve(customer.pk, keys, at=AT)
        return [len(mine), OrderUse.objects.filter(customer=customer, key__startswith=f"{number}-").count(), most]

    answers = _together(given["workers"], work)
    return {
        "answers": answers,
        "used": OrderMonth.objects.get(customer=customer).used,
        "uses": OrderUse.objects.filter(customer=customer).count(),
    }


def reserve_as_the_month_turns(given: dict[str, Any]) -> dict[str, object]:
    """The same orders are given room by some in May and by others in June."""
    customer = subscribed("Turn AB", orders=1000)
    keys = [f"order-{number}" for number in range(given["orders"])]
    turn = begins_at(date(2026, 6, 1))

    def work() -> list[int]:
        # Processes that are begun one after the other have numbers that are odd and even.
        at = turn if os.getpid() % 2 else turn - timedelta(seconds=1)
        mixed = random.Random(os.getpid()).sample(keys, len(keys))
        got = 0
        for start in range(0, len(mixed), 20):
            with transaction.atomic():
                got += len(caps.reserve(customer.pk, mixed[start : start + 20], at=at))
                # As long as it takes to write down that they are sent: others ask meanwhile.
                time.sleep(0.005)
        return [got]

    return {
        "answers": _together(given["workers"], work),
        "used": sum(OrderMonth.objects.filter(customer=customer).values_list("used", flat=True)),
        "by_month": [
            [month.used, OrderUse.objects.filter(customer=customer, month=month.month).count()]
            for month in OrderMonth.objects.filter(customer=customer)
        ],
        "uses": OrderUse.objects.filter(customer=customer).count(),
    }


def draw_hours(given: dict[str, Any]) -> dict[str, object]:
    """All draw from one account, which does not suffice for the last few."""
    customer = Customer.objects.create(name="Hours AB")
    category = WorkCategory.objects.get(key="qualified-support")
    each, times = 7, given["times"]
    hours.start_package(customer, each * (given["workers"] * times - given["short"]), day=AT.date(), by="siv")

    def work() -> list[int]:
        refused = 0
        for turn in range(times):
            try:
                for _twice in range(2):
                    hours.work(customer, category, each, "Work", day=AT.date(), by="siv", key=f"hours-{os.getpid()}-{turn}")
            except Refused:
                refused += 1
        return [refused]

    answers = _together(given["workers"], work)
    entries = list(Entry.objects.filter(account__customer=customer).order_by("pk"))
    chained = all(after.balance == before.balance + after.change for before, after in pairwise(entries))
    return {
        "refused": sum(answer[0] for answer in answers),
        "balance": hours.balance(customer),
        "sum": sum(entry.change for entry in entries),
        "entries": len(entries),
        "chained": chained,
    }


def close_months(given: dict[str, Any]) -> dict[str, object]:
    """All close the same months, of several customers each of which has three."""
    Subscription.objects.all().delete()
    for number in range(given["customers"]):
        customer = Customer.objects.create(name=f"Month {number} AB")
        contracts.start(customer, Package.objects.get(code="100"), "cloud", begins_on=date(2026, 1, 1), actor="siv")
    one = Customer.objects.order_by("pk").last()
    assert one is not None

    def work() -> list[int]:
        try:
            invoicing.close(one, date(2026, 1, 1), today=date(2026, 4, 1), actor="siv")
            first = 1
        except Refused:
            first = 0
        done, _nothing = invoicing.close_all(date(2026, 3, 1), today=date(2026, 4, 1), actor="siv")
        return [first, done]

    answers = _together(given["workers"], work)
    bases = InvoiceBasis.objects.filter(customer__name__startswith="Month")
    return {
        "done": sum(sum(answer) for answer in answers),
        "bases": bases.count(),
        "rows": [basis.rows.count() for basis in bases.order_by("month", "customer")],
        "net": str(sum((basis.net for basis in bases), Decimal(0))),
    }


def start_and_notice(given: dict[str, Any]) -> dict[str, object]:
    """All sell a package to one customer, and then all look whom to tell."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    customer = Customer.objects.create(name="Start AB", email="start@start.example")

    def sell() -> list[int]:
        try:
            contracts.start(
                customer, Package.objects.get(code="100"), "cloud", begins_on=date(2026, 5, 1), actor="siv", start_minutes=240
            )
        except Refused:
            return [0]
        return [1]

    def tell() -> list[int]:
        mail.outbox = []
        return [notices.tell(at=AT), len(mail.outbox)]

    sold = _together(given["workers"], sell)
    Notice.objects.all().delete()
    OrderMonth.objects.all().delete()
    OrderMonth.objects.create(customer=customer, month=date(2026, 5, 1), used=90)
    told = _together(given["workers"], tell)
    return {
        "sold": sum(answer[0] for answer in sold),
        "subscriptions": customer.subscriptions.count(),
        "terms": Term.objects.filter(subscription__customer=customer).count(),
        "balance": hours.balance(customer),
        "told": [sum(answer[place] for answer in told) for place in (0, 1)],
        "notices": Notice.objects.count(),
    }


def let_in(given: dict[str, Any]) -> dict[str, object]:
    """All accept one invitation, each making an account; then two administrators put each other out."""
    customer = Customer.objects.create(name="Doors AB")
    invitation, _token = members.invite(customer, "anna@doors.example", Role.OWNER, "siv")

    def join() -> list[int]:
        try:
            members.join(invitation, "Anna", "lin-och-hampa")
        except Refused:
            return [0]
        return [1]

    joined = sum(answer[0] for answer in _together(given["workers"], join))
    accounts = User.objects.filter(email="anna@doors.example").count()
    left = []
    for turn in range(given["rounds"]):
        User.objects.create(username=f"doors{turn}").memberships.create(customer=customer, role=Role.OWNER)
        first, second = Membership.objects.filter(customer=customer, role=Role.OWNER)

        def put_out(pair: tuple[Membership, Membership] = (first, second)) -> list[int]:
            # Processes that are begun one after the other have numbers that are odd and even.
            one = pair[os.getpid() % 2]
            try:
                members.remove(one, "siv") if os.getpid() % 4 < 2 else members.change_role(one, Role.READER, "siv")
            except Refused:
                return [1]
            return [0]

        _together(given["workers"], put_out)
        left.append(Membership.objects.filter(customer=customer, role=Role.OWNER).count())
    return {"joined": joined, "accounts": accounts, "left": left}
