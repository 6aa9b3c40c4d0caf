"""The page that says what a shop and an ERP can do together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from connectors.base import Connector, Role
from connectors.matrix import matrix_of
from connectors.registry import systems


def page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """The matrix of the pair `?shop=…&erp=…`, each the first there is where none of that name is."""
    shops, erps = systems(Role.SHOP), systems(Role.ERP)
    shop, erp = _chosen(shops, request.GET.get("shop", "")), _chosen(erps, request.GET.get("erp", ""))
    context = {
        **context,
        "title": _("Data registers"),
        "shops": [system.manifest for system in shops],
        "erps": [system.manifest for system in erps],
        "matrix": matrix_of(shop, erp),
    }
    return TemplateResponse(request, "flows/registers.html", context)


def _chosen(offered: Sequence[type[Connector]], key: str) -> type[Connector]:
    return next((system for system in offered if system.manifest.key == key), offered[0])
