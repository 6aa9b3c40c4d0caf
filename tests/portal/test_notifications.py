"""Which e-mails a user wants: its own, whatever its role."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Customer, Membership, Role
from tests.portal.conftest import Member

COLUMNS = ("daily_summary", "errors_at_once", "cap_notices")


def chosen(customer: Customer) -> list[tuple[bool, ...]]:
    return list(Membership.objects.filter(customer=customer).order_by("pk").values_list(*COLUMNS))


@pytest.mark.parametrize("role", Role.values)
def test_every_user_chooses_its_own_e_mails_and_nobody_elses(member: Member, role: str) -> None:
    client, customer = member(role)
    _other, _customer = member(Role.OWNER, customer)
    address = reverse("portal:notifications", args=[customer.pk])
    page = client.get(address).content.decode()
    assert page.count(" checked") == 2
    assert page.count('aria-describedby="id_') == 3
    assert client.post(address, {"errors_at_once": "on", "role": "owner"}).headers["Location"] == address
    assert chosen(customer) == [(False, True, False), (True, False, True)]
    assert Membership.objects.filter(customer=customer).earliest("pk").role == role


def test_whoever_has_no_e_mail_is_told_so(member: Member) -> None:
    client, customer = member(Role.READER)
    user = Membership.objects.get(customer=customer).user
    user.email = ""
    user.save()
    assert "no e-mail" in client.get(reverse("portal:notifications", args=[customer.pk])).content.decode()


def test_staff_who_look_on_see_what_each_has_chosen_and_change_nothing(member: Member, onlooker: Client) -> None:
    _client, customer = member(Role.READER)
    address = reverse("portal:notifications", args=[customer.pk])
    page = onlooker.get(address)
    assert '<th scope="row"' in page.content.decode()
    assert onlooker.post(address, {}).status_code == 403
    assert chosen(customer) == [(True, False, True)]
