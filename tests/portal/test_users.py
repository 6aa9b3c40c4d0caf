"""Letting people in: invitations, accepting them, roles, and putting people out."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.core import mail
from django.test import Client
from django.urls import URLPattern, reverse
from django.utils import timezone

from billing import members
from billing.models import Customer, Invitation, Membership, Role
from sharespine.portal import users
from tests.portal.conftest import Member, logged_in

NEW = "lin-och-hampa-2026"
EMAIL = "anna@ull.example"
ENGLISH = {"accept-language": "en"}


@pytest.fixture(autouse=True)
def _quick(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def at(customer: Customer, name: str = "users", *args: int) -> str:
    return reverse(f"portal:{name}", args=[customer.pk, *args])


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def invited(client: Client, customer: Customer, email: str = EMAIL, role: str = Role.READER) -> str:
    """Invite somebody, and return the address in the e-mail."""
    assert client.post(at(customer), {"email": email, "role": role}).status_code == 302
    return link()


def link() -> str:
    (found,) = re.findall(r"https?://[^/]+(/portal/invitation/\S+)", str(mail.outbox[-1].body))
    return str(found)


def roles(customer: Customer) -> dict[str, str]:
    return dict(Membership.objects.filter(customer=customer).values_list("user__username", "role"))


# --- invitations


@pytest.mark.parametrize(("language", "words"), [("en", "lets you log in to Sharespine for"), ("sv", "")])
def test_whoever_is_invited_makes_an_account_and_is_in(member: Member, language: str, words: str) -> None:
    owner, customer = member(Role.OWNER)
    Customer.objects.filter(pk=customer.pk).update(language=language)
    address = invited(owner, customer, " Anna@Ull.example ", Role.OPERATOR)
    (message,) = mail.outbox
    assert message.to == [EMAIL]
    assert words in str(message.body)
    assert customer.name in message.subject
    assert address.split("/")[-2] not in str(list(Invitation.objects.values()))
    assert EMAIL in text(owner.get(at(customer)))

    anna = Client(headers=ENGLISH)
    assert "Make your log-in." in text(anna.get(address))
    weak = anna.post(address, {"name": "Anna", "password": "anna@ull.example"})
    assert weak.status_code == 200
    assert 'aria-invalid="true"' in weak.content.decode()
    assert not User.objects.filter(username=EMAIL).exists()
    done = anna.post(address, {"name": " Anna \n Lind  Ek", "password": NEW})
    assert done.headers["Location"] == at(customer, "overview")
    assert anna.get(at(customer, "overview")).status_code == 200
    user = User.objects.get(username=EMAIL)
    assert (user.email, user.first_name, user.last_name, user.is_staff) == (EMAIL, "Anna", "Lind Ek", False)
    assert user.check_password(NEW)
    assert roles(customer)[EMAIL] == Role.OPERATOR
    # Once, and it says so: to whoever is in, and to others.
    assert "You are in already" in text(anna.get(address))
    late = Client(headers=ENGLISH).post(address, {"name": "Max", "password": NEW})
    assert (late.status_code, "It was used already." in text(late)) == (410, True)
    assert User.objects.filter(username=EMAIL).count() == 1


def test_whoever_has_an_account_logs_in_and_accepts(member: Member) -> None:
    owner, customer = member(Role.OWNER)
    anna = User.objects.create_user("anna", EMAIL, NEW)
    address = invited(owner, customer, role=Role.OWNER)
    stranger = Client(headers=ENGLISH)
    page = stranger.get(address).content.decode()
    assert f'href="/portal/log-in/?next={address}"' in page
    assert 'name="password"' not in page
    # No way round by making a second account.
    assert stranger.post(address, {"name": "Max", "password": NEW}).headers["Location"].startswith("/portal/log-in/")
    client = logged_in(anna)
    assert "Accept" in text(client.get(address))
    assert client.post(address).headers["Location"] == at(customer, "overview")
    assert roles(customer)["anna"] == Role.OWNER


def test_an_invitation_is_for_one_person_only(member: Member) -> None:
    owner, customer = member(Role.OWNER)
    other, _customer = member(Role.OWNER)
    address = invited(owner, customer, role=Role.OWNER)
    page = other.get(address)
    assert "the invitation is for anna@ull.example" in text(page)
    assert other.post(address, follow=True).status_code == 200
    assert len(roles(customer)) == 1
    assert Invitation.objects.get().is_open
    # Nor does anybody else's link, or part of one, let in.
    for wrong in (address[:-3] + "/", "/portal/invitation/x/"):
        answer = other.post(wrong)
        assert (answer.status_code, "There is no such invitation." in text(answer)) == (404, True)


def test_an_account_that_is_switched_off_is_not_let_in_by_an_invitation(member: Member) -> None:
    owner, customer = member(Role.OWNER)
    User.objects.create_user("anna", EMAIL, NEW, is_active=False)
    assert "switched off" in text(Client(headers=ENGLISH).get(invited(owner, customer)))


def test_invitations_grow_old_and_are_sent_again_or_withdrawn(member: Member) -> None:
    owner, customer = member(Role.OWNER)
    with time_machine.travel("2026-11-29 12:00Z", tick=False) as clock:
        first = invited(owner, customer)
        again = at(customer, "invite_again", Invitation.objects.get().pk)
        assert "sent a moment ago" in text(owner.post(again, follow=True))
        clock.shift(timedelta(days=7, seconds=1))
        stranger = Client(headers=ENGLISH)
        answer = stranger.get(first)
        assert (answer.status_code, "It was valid until 2026-12-06 13:00." in text(answer)) == (410, True)
        assert stranger.post(first, {"name": "Anna", "password": NEW}).status_code == 410
        owner.post(again)
        second = link()
        assert stranger.get(second).status_code == 200
        assert stranger.get(first).status_code == 404
        # One open invitation for each e-mail.
        refused = owner.post(at(customer), {"email": "ANNA@ull.example", "role": Role.OWNER})
        assert "is invited already" in text(refused)
        withdraw = at(customer, "invitation_withdraw", Invitation.objects.get().pk)
        owner.post(withdraw)
        assert "It was withdrawn." in text(stranger.get(second))
        assert "meanwhile" in text(owner.post(withdraw, follow=True))
        assert stranger.get(invited(owner, customer)).status_code == 200
        # One that has expired is no obstacle.
        clock.shift(timedelta(days=8))
        owner.force_login(Membership.objects.get(customer=customer).user)
        assert stranger.get(invited(owner, customer)).status_code == 200
        assert Invitation.objects.count() == 3


def test_who_is_in_is_not_invited_and_nobody_is_flooded_with_e_mails(member: Member) -> None:
    owner, customer = member(Role.OWNER)
    name = next(iter(roles(customer)))
    assert "may log in already" in text(owner.post(at(customer), {"email": name.upper(), "role": Role.READER}))
    Invitation.objects.bulk_create(
        Invitation(customer=customer, email=f"{n}@ull.example", token_hash=str(n), expires_at=timezone.now()) for n in range(50)
    )
    assert "So many people were invited today" in text(owner.post(at(customer), {"email": EMAIL, "role": Role.READER}))
    assert mail.outbox == []


def test_an_e_mail_that_cannot_be_sent_is_said_to_be_so(member: Member, settings: Any) -> None:
    owner, customer = member(Role.OWNER)
    settings.EMAIL_BACKEND = "tests.portal.test_log_in.Broken"
    page = owner.post(at(customer), {"email": EMAIL, "role": Role.READER}, follow=True)
    assert "the e-mail could not be sent" in text(page)
    assert Invitation.objects.get().is_open


def test_e_mails_that_cannot_be_user_names_get_another(member: Member) -> None:
    owner, customer = member(Role.OWNER)
    for email in ("o'neill+ull@ull.example", f"{'a' * 60}@{'b' * 60}.{'c' * 60}.example"):
        client = Client(headers=ENGLISH)
        client.post(invited(owner, customer, email), {"name": "Anna", "password": NEW})
        user = User.objects.get(email=email)
        user.full_clean()
        assert client.get(at(customer, "overview")).status_code == 200


# --- roles


def test_an_administrator_changes_roles_and_puts_people_out_at_once(member: Member) -> None:
    owner, customer = member(Role.OWNER)
    reader, _customer = member(Role.READER, customer)
    row = Membership.objects.get(customer=customer, role=Role.READER)
    assert reader.get(at(customer, "overview")).status_code == 200
    assert owner.get(at(customer, "user", row.pk)).status_code == 200
    owner.post(at(customer, "user", row.pk), {"role": Role.OPERATOR})
    assert roles(customer)[row.user.username] == Role.OPERATOR
    Invitation.objects.create(customer=customer, email=row.user.email, token_hash="x", expires_at=timezone.now() + timedelta(1))
    assert "at once" in text(owner.get(at(customer, "user_remove", row.pk)))
    assert owner.post(at(customer, "user_remove", row.pk)).headers["Location"] == at(customer)
    assert reader.get(at(customer, "overview")).status_code == 404
    # Nor does it come back by an invitation of before.
    assert not Invitation.objects.get().is_open


def test_who_let_whom_in_and_who_put_whom_out_is_told(member: Member) -> None:
    owner, customer = member(Role.OWNER)
    name = Membership.objects.get(customer=customer).user.username
    Client(headers=ENGLISH).post(invited(owner, customer), {"name": "Anna Ek", "password": NEW})
    row = Membership.objects.get(customer=customer, role=Role.READER)
    for role in (Role.OPERATOR, Role.OPERATOR, Role.READER):
        owner.post(at(customer, "user", row.pk), {"role": role})
    Membership.objects.filter(pk=row.pk).update(daily_summary=False)
    owner.post(at(customer, "user_remove", row.pk))
    told = [(one.words, one.user, one.role, one.actor) for one in members.changes(customer, limit=10)][:4]
    assert told == [
        ("removed", "Anna Ek", Role.READER, name),
        ("another role", "Anna Ek", Role.READER, name),
        ("another role", "Anna Ek", Role.OPERATOR, name),
        ("let in", "Anna Ek", Role.READER, name),
    ]
    assert f"removed reader {name}" in text(owner.get(at(customer)))
    # Staff read the same on the page of the customer; of an account that is gone, that it was.
    User.objects.get(email=EMAIL).delete()
    page = logged_in(User.objects.create_superuser("sara")).get(
        reverse("admin:billing_customer_change", args=[customer.pk]), headers=ENGLISH
    )
    assert f"– removed reader {name}" in text(page)
    assert members.changes(customer, limit=1)[0].user == "–"
    other_owner, other = member(Role.OWNER)
    assert "Anna Ek" not in text(other_owner.get(at(other)))


def test_the_last_administrator_stays(member: Member) -> None:
    owner, customer = member(Role.OWNER)
    me = Membership.objects.get(customer=customer)
    member(Role.OPERATOR, customer)
    # One that nobody can log in with does not count.
    off = User.objects.create(username="off", is_active=False)
    Membership.objects.create(customer=customer, user=off, role=Role.OWNER)
    for answer in (
        owner.post(at(customer, "user", me.pk), {"role": Role.READER}),
        owner.post(at(customer, "user_remove", me.pk), follow=True),
    ):
        assert "This is the only administrator." in text(answer)
    assert roles(customer)[me.user.username] == Role.OWNER
    # With another one, both can be done, and one is taken where one still may be.
    other, _customer = member(Role.OWNER, customer)
    assert owner.post(at(customer, "user", me.pk), {"role": Role.READER}).headers["Location"] == at(customer, "overview")
    Membership.objects.filter(pk=me.pk).update(role=Role.OWNER)
    assert owner.post(at(customer, "user_remove", me.pk)).headers["Location"] == "/portal/"
    assert other.get(at(customer)).status_code == 200


def test_the_list_asks_as_much_for_many_users_as_for_one(
    member: Member, django_assert_max_num_queries: Any, django_assert_num_queries: Any
) -> None:
    owner, customer = member(Role.OWNER)
    with django_assert_max_num_queries(30) as asked:
        owner.get(at(customer))
    for number in range(30):
        user = User.objects.create(username=f"u{number}")
        Membership.objects.create(customer=customer, user=user)
    with django_assert_num_queries(len(asked)):
        page = owner.get(at(customer))
    assert text(page).count("never") == 30


def test_nobody_below_an_administrator_does_anything_to_users(member: Member, onlooker: Client) -> None:
    owner, customer = member(Role.OWNER)
    invited(owner, customer)
    invitation, row = Invitation.objects.get(), Membership.objects.get(customer=customer)
    below = [member(role, customer)[0] for role in (Role.READER, Role.OPERATOR)]
    foreign = [member(role)[0] for role in Role.values]
    before = (roles(customer), list(Invitation.objects.values()))
    keys = {"member": row.pk, "invitation": invitation.pk, "customer": customer.pk}
    tried = 0
    for pattern in users.urls:
        assert isinstance(pattern, URLPattern)
        wanted = {name: keys[name] for name in ("customer", *pattern.pattern.converters)}
        address = reverse(f"portal:{pattern.name}", kwargs=wanted)
        for client, status in [*((one, 403) for one in (*below, onlooker)), *((one, 404) for one in foreign)]:
            for role in Role.values:
                answer = client.post(address, {"email": "new@ull.example", "role": role})
                assert answer.status_code == status, address
                tried += 1
        assert Client().post(address, {}).headers["Location"].startswith("/portal/log-in/")
    assert tried >= 5 * 6 * 3
    assert (roles(customer), list(Invitation.objects.values())) == before
    # And through one's own customer nobody reaches the users of another.
    other, elsewhere = member(Role.OWNER)
    for name, key in (("user", row.pk), ("user_remove", row.pk), ("invite_again", invitation.pk)):
        assert other.post(at(elsewhere, name, key), {"role": Role.READER}).status_code == 404
    assert (roles(customer), list(Invitation.objects.values())) == before


def test_staff_who_look_on_see_who_may_log_in_and_can_change_nothing(member: Member, onlooker: Client) -> None:
    owner, customer = member(Role.OWNER)
    invited(owner, customer)
    row = Membership.objects.get(customer=customer)
    for address in (at(customer), at(customer, "user", row.pk), at(customer, "user_remove", row.pk)):
        page = onlooker.get(address)
        assert page.status_code == 200
        content = page.content.decode().partition("<main")[2].partition("</main>")[0]
        assert "<form" not in content
        assert row.user.username in content


# --- the back office


def test_staff_invite_the_first_administrator_from_the_page_of_the_customer(member: Member) -> None:
    customer = Customer.objects.create(name="Ull AB")
    lead = User.objects.create_user("lena", is_staff=True)
    client = logged_in(lead)
    lead.user_permissions.set(Permission.objects.filter(codename__in=["view_customer", "view_invitation"]))
    page = f"/admin/billing/customer/{customer.pk}/"
    assert f"{page}invite/" not in client.get(f"{page}change/").content.decode()
    form = {"_form_submitted": "on", "email": "Anna@ull.example", "role": Role.OWNER}
    client.post(f"{page}invite/", form)
    assert not Invitation.objects.exists()
    lead.user_permissions.add(Permission.objects.get(codename="add_invitation"))
    assert f'hx-get="{page}invite/"' in client.get(f"{page}change/").content.decode()
    client.post(f"{page}invite/", form)
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.role, invitation.invited_by) == (EMAIL, Role.OWNER, "lena")
    assert Client(headers=ENGLISH).get(link()).status_code == 200
    assert EMAIL in client.get(f"{page}change/").content.decode()
    assert "is invited already" in client.post(f"{page}invite/", form).content.decode()
    Invitation.objects.update(expires_at=timezone.now())
    client.post(f"{page}invite_again/", form)
    assert len(mail.outbox) == 2
    client.post(f"{page}withdraw_invitation/", form)
    assert not Invitation.objects.get().is_open
    assert "is open" in text(client.post(f"{page}withdraw_invitation/", form))


def test_staff_set_roles_on_the_page_of_the_customer(member: Member) -> None:
    customer = Customer.objects.create(name="Ull AB")
    anna = User.objects.create_user("anna", EMAIL)
    client = logged_in(User.objects.create_superuser("sara"))
    address = f"/admin/billing/customer/{customer.pk}/change/"
    kinds = ("contacts", "memberships", "invitations", "changes")
    counts = {f"{kind}-{count}_FORMS": "0" for kind in kinds for count in ("TOTAL", "INITIAL")}
    form = {"name": "Ull AB", "language": "sv", **counts, "memberships-TOTAL_FORMS": "1"}
    client.post(address, {**form, "memberships-0-login": "anna", "memberships-0-role": Role.READER})
    assert roles(customer) == {"anna": Role.READER}
    row = {"memberships-INITIAL_FORMS": "1", "memberships-0-id": Membership.objects.get().pk}
    client.post(address, {**form, **row, "memberships-0-customer": customer.pk, "memberships-0-role": Role.OPERATOR})
    assert roles(customer) == {"anna": Role.OPERATOR}
    assert [(one.kind, one.actor) for one in members.changes(customer, limit=10)] == [("~", "sara"), ("+", "sara")]
    assert anna.email == EMAIL


# --- one's own account


def test_a_user_sees_its_account_and_changes_its_name(member: Member) -> None:
    client, customer = member(Role.READER)
    Membership.objects.create(
        customer=Customer.objects.create(name="Andra AB"), user=Membership.objects.get(customer=customer).user, role=Role.OWNER
    )
    page = text(client.get("/portal/account/"))
    for words in (customer.name, "Andra AB", "reader", "administrator", "@ull.example", "Off"):
        assert words in page
    assert client.post("/portal/account/", {"name": "  "}).status_code == 200
    client.post("/portal/account/", {"name": "Mia\r\nBcc: x  Ull"})
    user = Membership.objects.get(customer=customer).user
    assert user.get_full_name() == "Mia Bcc: x Ull"
    assert "Mia Bcc: x Ull" in text(client.get("/portal/account/"))
    assert Client().get("/portal/account/").status_code == 302
