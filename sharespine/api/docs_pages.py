"""The schema of the API, the page that shows it, and what the codes of problems mean. Public, and nothing from outside."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.utils import translation
from django.utils.translation import gettext
from django.views.generic import TemplateView
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from sharespine.api.docs import CODES
from sharespine.api.problems import TABLE
from sharespine.api.views import PublicView

#: For how many seconds an answer may be kept: it changes with a release.
KEPT = 3600


class SchemaView(PublicView):
    """The schema, in English: it is for developers, and the same for all of them."""

    kept = KEPT

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        translation.activate("en")
        return Response(_schema())


@cache
def _schema() -> dict[str, Any]:
    generator = SchemaGenerator()
    schema: dict[str, Any] = generator.get_schema(request=None, public=True)
    return schema


class DocsPage(TemplateView):
    """The schema to look around in and to try out."""

    template_name = "api/docs.html"


class ProblemKindSerializer(serializers.Serializer[dict[str, Any]]):
    """A kind of problem."""

    code = serializers.ChoiceField(CODES)
    status = serializers.IntegerField(min_value=400, max_value=599)
    title = serializers.CharField(help_text="What it is called.")
    remedy = serializers.CharField(help_text="What to do about it.")


class ProblemKindsSerializer(serializers.Serializer[dict[str, Any]]):
    """All kinds of problems."""

    problems = ProblemKindSerializer(many=True)


class Problems(PublicView):
    """What the codes of problems mean."""

    kept = KEPT

    @extend_schema(
        operation_id="problems_list",
        tags=["Problems"],
        summary="List the codes of problems",
        responses={200: ProblemKindsSerializer},
        examples=[
            OpenApiExample(
                "The codes",
                response_only=True,
                value={
                    "problems": [
                        {
                            "code": "rate_limited",
                            "status": 429,
                            "title": "Too many requests.",
                            "remedy": "Wait as many seconds as the header “Retry-After” says, and go on.",
                        }
                    ]
                },
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """Every `code` that an answer can have, with what it means and what to do about it."""
        shown = [
            {"code": str(code), "status": kind.status, "title": gettext(kind.title), "remedy": gettext(kind.remedy)}
            for code, kind in TABLE.items()
        ]
        return Response({"problems": shown})
