"""Quotes: what the packages cost for some wishes. Saved, and the same for ever, whatever prices become."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing import quoting
from billing.dates import today
from billing.models import Quote
from billing.models.customer import tidy_vat_number, validate_vat_number
from connectors.base import Role
from flows import planner
from sharespine import sales
from sharespine.api.bodies import Body
from sharespine.api.quote_answers import QuoteSerializer
from sharespine.api.sales_examples import EXAMPLES
from sharespine.api.systems import SystemField
from sharespine.api.views import PublicView

TAG = "Quotes and sign-ups"
#: As many as anybody has: what is more is a mistake.
MOST_SHOPS = 20
MOST_ORDERS = 1_000_000


class ShopSerializer(Body):
    """One shop."""

    system = SystemField(Role.SHOP, help_text="The key of a shop, as in `GET systems/?role=shop`.")


class WishesSerializer(Body):
    """What is wanted beyond orders with their customers, and products. What is left out is not wanted."""

    order_status = serializers.BooleanField(default=False, help_text="The shop learns what became of each order.")
    stock = serializers.BooleanField(default=False, help_text="The shop shows the stock of the ERP.")
    stock_profiles = serializers.BooleanField(default=False, help_text="Which warehouses count for which shop.")
    price_lists = serializers.BooleanField(default=False, help_text="Prices by list, not only regular and campaign price.")
    scheduling = serializers.BooleanField(default=False, help_text="Own times and intervals.")
    field_mapping = serializers.BooleanField(default=False, help_text="Which field fills which.")
    plugins = serializers.BooleanField(default=False, help_text="Custom code for this customer alone.")
    gateways = serializers.ListField(
        child=serializers.ChoiceField(list(sales.GATEWAYS)),
        default=list,
        max_length=len(sales.GATEWAYS),
        help_text="Gateways whose payments are reconciled: an add-on each, for Visma Administration in the Client edition.",
    )

    def validate_gateways(self, value: list[str]) -> list[str]:
        return list(dict.fromkeys(value))


class QuoteRequestSerializer(Body):
    """What a price is wanted for."""

    shops = serializers.ListField(
        child=ShopSerializer(),
        min_length=1,
        max_length=MOST_SHOPS,
        help_text="The first is included; each further one is an add-on and takes multishop.",
    )
    erp = SystemField(Role.ERP, help_text="The key of an ERP, as in `GET systems/?role=erp`. It decides the edition.")
    orders_per_month = serializers.IntegerField(
        min_value=1, max_value=MOST_ORDERS, help_text="How many orders a month are to be transferred, in all shops together."
    )
    main_flow = serializers.ChoiceField(
        list(planner.TABLE),
        required=False,
        allow_null=True,
        help_text="Which side leads, as in `GET main-flows/`. Without it, only what is wished for is looked at.",
    )
    has_pos = serializers.BooleanField(default=False, help_text="Whether a POS is used with the ERP.")
    wishes = WishesSerializer(required=False)
    country = serializers.RegexField(
        "^[A-Za-z]{2}$", default="SE", help_text="Two letters: where the buyer is. It decides the VAT."
    )
    vat_number = serializers.CharField(
        max_length=20,
        default="",
        allow_blank=True,
        help_text="Of the European Union. A buyer outside Sweden that has one pays the VAT itself (reverse charge).",
    )

    def validate_country(self, value: str) -> str:
        return value.upper()

    def validate_vat_number(self, value: str) -> str:
        if value:
            validate_vat_number(value)
        return tidy_vat_number(value)

    @property
    def kept(self) -> dict[str, Any]:
        """What was asked, as it is kept with the quote. Belongs after `is_valid`."""
        asked = self.validated_data
        shops = [{"system": shop["system"].manifest.key} for shop in asked["shops"]]
        return {**asked, "shops": shops, "erp": asked["erp"].manifest.key, "wishes": {**asked.get("wishes", {})}}

    def ask(self) -> sales.Ask:
        """What was asked. Belongs after `is_valid`."""
        asked = self.validated_data
        wishes = asked.get("wishes", {})
        return sales.Ask(
            shops=tuple(shop["system"] for shop in asked["shops"]),
            erp=asked["erp"],
            orders=asked["orders_per_month"],
            main_flow=asked.get("main_flow") or "",
            has_pos=asked["has_pos"],
            wishes=frozenset(wish for wish in sales.WISHES if wishes.get(wish)),
            gateways=tuple(wishes.get("gateways", ())),
            country=asked["country"],
            vat_number=asked["vat_number"],
        )


NUMBER = OpenApiParameter("number", str, OpenApiParameter.PATH, description="The number of a quote.")


class Quotes(PublicView):
    """Asking for a price."""

    limit = "quotes"

    @extend_schema(
        operation_id="quote_create",
        summary="Ask for a quote",
        tags=[TAG],
        request=QuoteRequestSerializer,
        responses={201: QuoteSerializer},
        examples=EXAMPLES["quote_create"],
    )
    def post(self, request: Request) -> Response:
        """Which package covers the wishes and costs least, what each other one lacks, and what they cost.

        The answer is saved: it can be fetched by its number, and signed up by until its last day.
        """
        asked = QuoteRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        quote = sales.quote(asked.ask(), wishes=asked.kept, today=today(timezone.now()))
        address = request.build_absolute_uri(reverse("api-quote", args=[quote.number]))
        return Response(QuoteSerializer(shown(quote)).data, status=201, headers={"Location": address})


class QuoteByNumber(PublicView):
    """A quote that was made."""

    @extend_schema(
        operation_id="quote",
        summary="Fetch a quote",
        tags=[TAG],
        parameters=[NUMBER],
        responses=QuoteSerializer,
        examples=EXAMPLES["quote"],
    )
    def get(self, request: Request, number: str) -> Response:
        """The quote as it was made, also when prices have changed and when its last day is over."""
        return Response(QuoteSerializer(shown(quote_of(number))).data)


def quote_of(number: str) -> Quote:
    """The quote `number`. Raises `Http404` for none."""
    found = Quote.objects.filter(number=number).first()
    if found is None:
        raise Http404
    return found


def shown(quote: Quote) -> dict[str, Any]:
    return {"currency": "SEK", **quoting.read(quote)}
