"""Signing up by a quote, and following what becomes of it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import Http404
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing import sign_ups
from billing.mails import Unsent
from billing.models import Package, Quote, SignUp
from billing.models.customer import (
    tidy_organisation_number,
    tidy_vat_number,
    validate_organisation_number,
    validate_vat_number,
)
from billing.sign_ups import Applicant, Conflict, Expired, TooMany
from sharespine.api.bodies import Body
from sharespine.api.docs import problems
from sharespine.api.problems import Code, FieldError, Problem
from sharespine.api.queries import MomentField, utc
from sharespine.api.quotes import TAG
from sharespine.api.sales_examples import EXAMPLES
from sharespine.api.views import PublicView
from sharespine.lib.site import absolute
from sharespine.lib.text import N_, Text

#: Where a company must have an organisation number that we can check.
NORDIC = frozenset({"SE", "DK", "NO", "FI"})
HEADER = "Idempotency-Key"
#: Long enough that no two who sign up choose the same.
KEY = re.compile(r"[!-~]{16,100}", re.ASCII)
_NO_TEXT = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
#: What the state is called outside, and what it means to whoever waits.
STATES: Mapping[str, tuple[str, str]] = {
    SignUp.State.UNCONFIRMED: (
        "unconfirmed",
        N_("Open the link in the e-mail that we have sent. Nothing happens before: the address must be right."),
    ),
    SignUp.State.NEW: ("received", N_("We have received the sign-up. Somebody of ours will be in touch.")),
    SignUp.State.TAKEN: ("being_handled", N_("Somebody of ours is taking care of the sign-up.")),
    SignUp.State.STARTED: ("started", N_("The subscription is started.")),
    SignUp.State.DECLINED: ("declined", N_("Nothing came of the sign-up. Sales can say why.")),
}


class LineField(serializers.CharField):
    """Text on one line: what breaks lines, or is no character at all, becomes a space."""

    def to_internal_value(self, data: Any) -> str:
        value = _NO_TEXT.sub(" ", super().to_internal_value(data)).strip()
        if not value and not self.allow_blank:
            self.fail("blank")
        return value


class SignUpRequestSerializer(Body):
    """Who signs up, for what."""

    quote = serializers.CharField(max_length=20, help_text="The number of a quote whose prices still hold.")
    package = serializers.CharField(
        max_length=20,
        required=False,
        help_text="The code of a package of the quote, one on request as well. Without it: the recommended one.",
    )
    company = LineField(max_length=200)
    organisation_number = serializers.CharField(
        max_length=20,
        default="",
        allow_blank=True,
        help_text="Of Sweden, Denmark, Norway or Finland, where it is needed. Left out elsewhere.",
    )
    vat_number = serializers.CharField(max_length=20, default="", allow_blank=True, help_text="Of the European Union.")
    country = serializers.RegexField("^[A-Za-z]{2}$", required=False, help_text="Two letters. Without it: that of the quote.")
    contact = LineField(max_length=200, help_text="The name of a person.")
    email = serializers.EmailField(max_length=254, help_text="A link is sent there, which confirms the sign-up.")
    phone = LineField(max_length=50, default="", allow_blank=True)
    language = serializers.ChoiceField(["sv", "en"], required=False, help_text="Without it: that of the request.")
    message = serializers.CharField(max_length=2000, default="", allow_blank=True)
    consent = serializers.BooleanField(help_text="That we may keep what is sent here, to make an offer of it. Must be true.")
    website = serializers.CharField(
        max_length=2000,
        default="",
        allow_blank=True,
        help_text="Leave it empty, and hide it from people: what is filled in is taken for the work of a program.",
    )

    def validate_consent(self, value: bool) -> bool:
        if not value:
            raise serializers.ValidationError(gettext("Without consent we cannot take the sign-up."), code="no_consent")
        return value

    def validate_organisation_number(self, value: str) -> str:
        if value:
            validate_organisation_number(value)
        return tidy_organisation_number(value)

    def validate_vat_number(self, value: str) -> str:
        if value:
            validate_vat_number(value)
        return tidy_vat_number(value)

    def validate_quote(self, value: str) -> Quote:
        found = Quote.objects.filter(number=value).select_related("package").first()
        if found is None:
            raise serializers.ValidationError(gettext("There is no quote with this number."), code="unknown_quote")
        return found

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        quote: Quote = attrs["quote"]
        attrs["package"] = self._package(quote, attrs.get("package"))
        attrs["country"] = str(attrs.get("country") or quote.wishes.get("country", "SE")).upper()
        if attrs["country"] in NORDIC and not attrs["organisation_number"]:
            message = gettext("The organisation number of the company is needed.")
            raise serializers.ValidationError({"organisation_number": message}, code="required")
        return attrs

    def _package(self, quote: Quote, code: str | None) -> Package:
        quoted = {one["package"] for one in quote.answer["packages"]}
        package = Package.objects.filter(code=code).first() if code else quote.package
        if package is None or package.code not in quoted:
            message = gettext("Choose one of the packages of the quote.")
            raise serializers.ValidationError({"package": message}, code="unknown_package")
        return package

    def applicant(self, language: str) -> Applicant:
        """Who signs up. Belongs after `is_valid`."""
        values = self.validated_data
        names = ("company", "organisation_number", "vat_number", "country", "contact", "email", "phone", "message")
        return Applicant(language=values.get("language", language), **{name: values[name] for name in names})


class SignUpSerializer(serializers.Serializer[Mapping[str, Any]]):
    """What became of a sign-up. Nothing of whoever signed up."""

    id = serializers.CharField(help_text="What it is followed by. Nobody can guess another's.")
    state = serializers.ChoiceField([state for state, _text in STATES.values()])
    text = serializers.CharField(help_text="What the state means.")
    quote = serializers.CharField(help_text="The number of the quote.")
    package = serializers.CharField(help_text="The code of the package.")
    created_at = MomentField()


IDEMPOTENCY = OpenApiParameter(
    HEADER,
    {"type": "string", "pattern": f"^{KEY.pattern}$"},
    OpenApiParameter.HEADER,
    required=True,
    description="Made up by the caller for each sign-up, as a UUID is. Sent again with the same body it does nothing new.",
)
ID = OpenApiParameter("sign_up", str, OpenApiParameter.PATH, description="The id of a sign-up.")


class SignUps(PublicView):
    """Signing up."""

    limit = "sign_ups"

    @extend_schema(
        operation_id="sign_up_create",
        summary="Sign up by a quote",
        tags=[TAG],
        parameters=[IDEMPOTENCY],
        request=SignUpRequestSerializer,
        responses={
            200: SignUpSerializer,
            201: SignUpSerializer,
            **problems(Code.CONFLICT, Code.QUOTE_EXPIRED, Code.UNAVAILABLE),
        },
        examples=EXAMPLES["sign_up_create"],
    )
    def post(self, request: Request) -> Response:
        """Takes the sign-up, and sends an e-mail with a link. It reaches us when the link is opened and the sign-up confirmed.

        Sent again under the same key it is not taken twice (200 instead of 201). Another one under that key is refused (409).
        """
        key = request.headers.get(HEADER, "")
        if not KEY.fullmatch(key):
            message = gettext("A header with 16 to 100 visible characters, made up anew for each sign-up.")
            raise Problem(Code.INVALID_REQUEST, errors=[FieldError(HEADER, "required", message)])
        asked = SignUpRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        language = translation.get_language() or settings.LANGUAGE_CODE
        values = asked.validated_data
        if values["website"]:
            return _answer(request, _pretended(values["quote"], values["package"]), is_new=True)
        try:
            found, is_new = sign_ups.sign_up(
                values["quote"],
                values["package"],
                asked.applicant(language),
                key=key,
                body_hash=hashlib.sha256(json.dumps(request.data, sort_keys=True).encode()).hexdigest(),
                link=lambda token: _link(request, token),
                now=timezone.now(),
            )
        except Conflict as refused:
            raise Problem(Code.CONFLICT, refused.text) from refused
        except Expired as refused:
            raise Problem(Code.QUOTE_EXPIRED, refused.text) from refused
        except TooMany as refused:
            raise Problem(Code.RATE_LIMITED, refused.text, headers={"Retry-After": "86400"}) from refused
        except Unsent as unsent:
            again = N_("The e-mail with the link could not be sent. Send the same again in some minutes, under the same key.")
            raise Problem(Code.UNAVAILABLE, Text(again)) from unsent
        return _answer(request, found, is_new=is_new)


class SignUpById(PublicView):
    """A sign-up that was sent."""

    @extend_schema(
        operation_id="sign_up",
        summary="Follow a sign-up",
        tags=[TAG],
        parameters=[ID],
        responses=SignUpSerializer,
        examples=EXAMPLES["sign_up"],
    )
    def get(self, request: Request, sign_up: str) -> Response:
        """What has become of it so far. One that nobody confirms is gone after a month."""
        found = SignUp.objects.filter(public_id=sign_up).select_related("quote", "package").first()
        if found is None:
            raise Http404
        return Response(_shown(found))


def _answer(request: Request, sign_up: SignUp, *, is_new: bool) -> Response:
    address = request.build_absolute_uri(reverse("api-sign-up", args=[sign_up.public_id]))
    return Response(_shown(sign_up), status=201 if is_new else 200, headers={"Location": address})


def _shown(sign_up: SignUp) -> dict[str, Any]:
    state, text = STATES[sign_up.state]
    return {
        "id": sign_up.public_id,
        "state": state,
        "text": gettext(text),
        "quote": sign_up.quote.number,
        "package": sign_up.package.code,
        "created_at": utc(sign_up.created_at),
    }


def _pretended(quote: Quote, package: Package) -> SignUp:
    """What a program is answered: a sign-up that there is not."""
    return SignUp(public_id=sign_ups.new_id(), quote=quote, package=package, created_at=timezone.now())


def _link(request: Request, token: str) -> str:
    """Where the e-mail leads to."""
    return absolute(request, reverse("confirm", args=[token]))
