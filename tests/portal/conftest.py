"""Users of the portal, as tests of its pages need them."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from billing.models import Customer, Membership, Role
from tests.customers import subscribed

_numbers = itertools.count(1)
#: Gives a user of a role, logged in and reading English, and its customer: one of its own unless a test names one.
Member = Callable[..., tuple[Client, Customer]]


def logged_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


@pytest.fixture
def member(db: None) -> Member:
    def make(role: str = Role.OWNER, customer: Customer | None = None) -> tuple[Client, Customer]:
        number = next(_numbers)
        customer = customer or subscribed(f"Ullbutiken {number} AB")
        user = User.objects.create(username=f"{role}{number}@ull.example", email=f"{role}{number}@ull.example")
        Membership.objects.create(customer=customer, user=user, role=role)
        return logged_in(user), customer

    return make


@pytest.fixture
def onlooker(db: None) -> Client:
    """Somebody of the staff who may see the portal as any customer does."""
    user = User.objects.create(username=f"siv{next(_numbers)}", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="see_portal"))
    return logged_in(user)
