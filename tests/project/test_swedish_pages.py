"""No page of the back office speaks English to a Swede, whoever wrote the text: we, Django or a library."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from billing.models import Customer, ServiceAccount, Subscription
from tests.billing.contracted import contracted
from tests.browser import merchants, seed
from tests.project.language import Language, english, heard, swedish, what_it_says
from tests.project.rows import data, telling


def addresses(*, each: bool) -> Iterator[str]:
    """Pages that can be opened without doing anything: of one row of each model, or of `each` state and kind it can be in."""
    yield from (reverse("admin:index"), reverse("admin:password_change"), f"{reverse('admin:search')}?s=mossa")
    yield from (reverse("admin:flows_transfer_causes"), reverse("admin:flows_transfer_export"))
    yield f"{reverse('admin:flows_transfer_retry_cause')}?{urlencode({'cause': seed.BARRED, 'state__exact': 'stopped'})}"
    yield reverse("admin:billing_customer_follow_up")
    for sold in Subscription.objects.filter(customer__order_months__used__gt=1):
        page_of_change = reverse("admin:billing_customer_package", args=[sold.customer_id])
        yield from (page_of_change, f"{page_of_change}?package=premium", f"{page_of_change}?package=100")
        yield reverse("admin:billing_customer_change", args=[sold.customer_id])
    # With people who may log in, who were invited and who were put out.
    for customer in Customer.objects.filter(memberships__isnull=False).distinct():
        yield reverse("admin:billing_customer_change", args=[customer.pk])
    yield from (f"{reverse('admin:billing_package_changelist')}?{query}" for query in ("edition=client", "day=2025-02-01"))
    account = ServiceAccount.objects.earliest("pk").pk
    yield f"{reverse('admin:billing_serviceaccount_show', args=[account])}?first=2026-10-01&last=2026-11-30"
    yield from (f"{reverse('admin:billing_invoicebasis_month')}?month={month}" for month in ("2026-09", "2026-10", "2100-01"))
    yield reverse("admin:billing_invoicebasis_close_month")
    for model, page in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield from (reverse(f"{name}_changelist"), reverse(f"{name}_add"))
        for row in telling(model) if each else telling(model)[-1:]:
            yield from (
                reverse(f"{name}_{view}", args=[row.pk]) for view in ("change", "history", "delete")[: 3 if each else 1]
            )
            # What an action asks before it does anything.
            yield from (f"{reverse(f'{name}_changelist')}{row.pk}/{verb}/" for verb in _verbs(page))


def _verbs(page: Any) -> set[str]:
    """The actions of `page` that are done to one row."""
    return {
        verb for kind in ("actions_row", "actions_detail") for verb in page._extract_action_names(getattr(page, kind) or ())
    }


@pytest.fixture
def chief(db: None) -> Client:
    # Groups are called as they were when they were made, in the language of the installation.
    Group.objects.all().delete()
    with override("sv"):
        seeded = seed.seed(orders=4)
        contracted()
        merchants.merchant(seeded)
    AccessAttempt.objects.create(
        username="mia", ip_address="192.0.2.1", path_info="/portal/log-in/", failures_since_start=8, attempt_time=timezone.now()
    )
    client = Client()
    client.force_login(seeded.user)
    return client


def foreign(client: Client, language: str, other: Language, *, each: bool) -> tuple[dict[str, set[str]], int]:
    """What each page says in the `other` language, and how many pages were read."""
    found: dict[str, set[str]] = {}
    read, besides = 0, data()
    for address in addresses(each=each):
        response = client.get(address, headers={"accept-language": language}, follow=True)
        if response.status_code != 403:
            assert response.status_code == 200, address
            read += 1
            if wrong := heard(other, response.content, besides):
                found[address] = wrong
    return found, read


@pytest.mark.parametrize("each", [False, pytest.param(True, marks=pytest.mark.deep)])
def test_no_page_speaks_english_to_a_swede(chief: Client, each: bool) -> None:
    found, read = foreign(chief, "sv", english(unmarked=True), each=each)
    assert read > 40
    assert found == {}


@pytest.mark.deep
def test_no_page_speaks_swedish_to_the_rest(chief: Client) -> None:
    # What is invoiced is said in the customer's language, whoever looks.
    Customer.objects.update(language="en")
    found, read = foreign(chief, "en", swedish(), each=True)
    assert read > 40
    assert found == {}


def test_the_way_in_and_out_is_swedish(client: Client, db: None) -> None:
    for name in ("login", "logout"):
        page = client.get(reverse(f"admin:{name}"), headers={"accept-language": "sv"}, follow=True).content.decode()
        assert english().heard(what_it_says(page)) == set()
    assert "Användarnamn" in what_it_says(client.get(reverse("admin:login")).content.decode())


def test_english_is_recognised_where_it_stands() -> None:
    language = Language(iter(["Press Retry", "Order", "Article %(sku)s is barred in e-conomic. Unbar it there."]))
    page = (
        '<p title="Press Retry">Hej</p><span class="material-symbols-outlined">order</span><br>'
        "<h2> order: </h2><b>Article A&amp;B is barred\n in e-conomic. Unbar it there.</b><script>Order</script>"
    )
    assert language.heard(what_it_says(page)) == {
        "Press Retry",
        "order:",
        "Article A&B is barred in e-conomic. Unbar it there.",
    }
