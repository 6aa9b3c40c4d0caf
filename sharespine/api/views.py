"""What the views of the REST API have in common."""

from __future__ import annotations

from typing import Any

from django.utils.cache import patch_cache_control, patch_vary_headers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class PublicView(APIView):
    """For anybody, and the same for everybody: kept for `kept` seconds by whoever passes it on. Zero: never."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    kept = 0

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        answer = super().finalize_response(request, response, *args, **kwargs)
        if request.method in ("GET", "HEAD") and answer.status_code == 200 and self.kept:
            patch_cache_control(answer, public=True, max_age=self.kept)
            patch_vary_headers(answer, ["Accept-Language"])
        else:
            patch_cache_control(answer, no_store=True)
        return answer
