"""What is sold, and whom to turn to: public, and the same for everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing import quoting
from billing.dates import today
from billing.invoicing import VAT
from billing.models import NEEDED, AddOnKind, Edition, Feature, Offer
from sharespine.api.queries import Query
from sharespine.api.sales_examples import EXAMPLES
from sharespine.api.views import PublicView

#: For how many seconds a price list may be kept: a new one begins at midnight.
KEPT = 300
TAG = "Catalogue"


def money(**options: Any) -> serializers.DecimalField:
    """An amount in kronor, as text with two decimals."""
    return serializers.DecimalField(max_digits=14, decimal_places=2, **options)


class AmountSerializer(serializers.Serializer[Mapping[str, Any]]):
    """An amount in kronor (SEK)."""

    without_vat = money(help_text="Without VAT.")
    with_vat = money(help_text="With VAT, to the öre.")


class FeatureNameSerializer(serializers.Serializer[Mapping[str, Any]]):
    """A row of the price list."""

    feature = serializers.ChoiceField(Feature.choices, help_text="The key that packages name it by.")
    name = serializers.CharField(help_text="What to call it.")


class PackageSerializer(serializers.Serializer[Mapping[str, Any]]):
    """What one package is sold at in one edition."""

    package = serializers.CharField(help_text="Its code, as quotes and sign-ups name it.")
    name = serializers.CharField(help_text="What to call it.")
    valid_from = serializers.DateField(help_text="The day from which this is what it is sold at.")
    on_request = serializers.BooleanField(help_text="Whether the price is agreed with each customer.")
    monthly = AmountSerializer(allow_null=True, help_text="What it costs a month. Null where that is agreed.")
    installation = AmountSerializer(
        allow_null=True, help_text="Installation and start package, paid once. Null where that is agreed."
    )
    order_cap = serializers.IntegerField(
        allow_null=True, help_text="How many orders a month it holds. Null where that is agreed."
    )
    features = serializers.ListField(
        child=serializers.ChoiceField(Feature.choices), help_text="What it has, by the keys of “features”."
    )


class EditionSerializer(serializers.Serializer[Mapping[str, Any]]):
    """The packages of one edition, the smallest first."""

    edition = serializers.ChoiceField(Edition.choices)
    name = serializers.CharField()
    features = FeatureNameSerializer(many=True, help_text="The rows of its price list: whatever any of its packages has.")
    packages = PackageSerializer(many=True)


class AddOnSerializer(serializers.Serializer[Mapping[str, Any]]):
    """What is sold beside a package, each at a price a month."""

    kind = serializers.ChoiceField(AddOnKind.choices)
    name = serializers.CharField()
    needs = serializers.ChoiceField(Feature.choices, help_text="The feature that a package must have before it can be added.")
    monthly = AmountSerializer(allow_null=True, help_text="What one costs a month. Null where no price is known.")


class PriceListSerializer(serializers.Serializer[Mapping[str, Any]]):
    """What is sold on a day, in Sweden. With VAT is with that of Sweden: a quote knows the country."""

    day = serializers.DateField(help_text="The day whose prices these are.")
    currency = serializers.ChoiceField(["SEK"])
    vat_rate = serializers.CharField(help_text="The VAT in percent that the prices with VAT hold.")
    editions = EditionSerializer(many=True)
    add_ons = AddOnSerializer(many=True)


class PriceListQuery(Query):
    """Which edition."""

    edition = serializers.ChoiceField(Edition.choices, required=False, help_text="This edition only. Without it: both.")


class Packages(PublicView):
    """The price list."""

    kept = KEPT

    @extend_schema(
        operation_id="packages",
        summary="Packages and prices",
        tags=[TAG],
        parameters=[PriceListQuery],
        responses=PriceListSerializer,
        examples=EXAMPLES["packages"],
    )
    def get(self, request: Request) -> Response:
        """What each package costs today, how many orders it holds and which features it has, in each edition."""
        wanted = PriceListQuery.of(request).get("edition")
        day = today(timezone.now())
        prices = quoting.add_on_prices(day)
        return Response(
            {
                "day": day,
                "currency": "SEK",
                "vat_rate": str(VAT),
                "editions": [_edition(edition, day) for edition in Edition if wanted in (None, edition)],
                "add_ons": [
                    {"kind": kind, "name": str(kind.label), "needs": NEEDED[kind], "monthly": _amount(price)}
                    for kind, price in prices.items()
                ],
            }
        )


def _edition(edition: Edition, day: date) -> dict[str, Any]:
    offers = Offer.on(day, edition)
    return {
        "edition": edition,
        "name": str(edition.label),
        "features": [
            {"feature": feature, "name": str(feature.label)}
            for feature in Feature
            if any(feature in offer.features for offer in offers)
        ],
        "packages": [
            {
                "package": offer.package.code,
                "name": str(offer.package),
                "valid_from": offer.valid_from,
                "on_request": offer.is_on_request,
                "monthly": _amount(offer.monthly_price),
                "installation": _amount(offer.installation_price),
                "order_cap": offer.order_cap,
                "features": [feature for feature in Feature if feature in offer.features],
            }
            for offer in offers
        ],
    }


def _amount(price: Decimal | None) -> dict[str, str] | None:
    return None if price is None else {"without_vat": f"{price:.2f}", "with_vat": f"{quoting.with_vat(price, VAT):.2f}"}


def cheapest(offers: Sequence[Offer], features: Sequence[Feature]) -> Offer | None:
    """The smallest package that has all of `features`. `offers` are those of one edition, by rank."""
    return next((offer for offer in offers if set(features) <= set(offer.features)), None)


class ContactSerializer(serializers.Serializer[Mapping[str, Any]]):
    """Whom to turn to."""

    name = serializers.CharField()
    phone = serializers.CharField()
    email = serializers.EmailField()


class ContactsSerializer(serializers.Serializer[Mapping[str, Any]]):
    """Whom to turn to, before and after one is a customer."""

    sales = ContactSerializer()
    support = ContactSerializer()


class Contacts(PublicView):
    """Whom to turn to."""

    kept = 3600

    @extend_schema(
        operation_id="contact",
        summary="Contact",
        tags=[TAG],
        responses=ContactsSerializer,
        examples=EXAMPLES["contact"],
    )
    def get(self, request: Request) -> Response:
        """Who answers questions about buying, and who helps customers."""
        return Response(settings.CONTACTS)
