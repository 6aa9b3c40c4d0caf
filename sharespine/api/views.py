"""What the views of the REST API have in common: the language, the limits, the tags of answers, and who may call."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers, set_response_etag
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import APIException
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.models import ApiKey, Customer, Scope
from sharespine.api import limits, problems
from sharespine.api.keys import KeyAuthentication, OpensThis, customer_of
from sharespine.api.problems import Code, Problem
from sharespine.api.queries import Query
from sharespine.lib.callers import address_of

#: The longest body that is read, in bytes: what anybody has to say here is a page or two.
LONGEST = 100_000


class ApiView(APIView):
    """Every view of the API. Not to be used by itself: `PublicView` and `MerchantView` say for whom it is.

    `limit` names the rate of `settings.API_LIMITS` that holds for callers without a key.
    """

    # What may be asked for is told by the docs; a browser that asks before it calls is answered before it gets here.
    http_method_names = ["get", "post", "put", "patch", "delete", "head"]
    limit = "public"
    #: How the caller stands, once it is counted.
    counted: limits.Count | None = None

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        view: Any = super().as_view(**initkwargs)
        # A redirect to the address with a slash would lose what was posted.
        view.should_append_slash = False
        return view

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        translation.activate(_language(request))
        response = super().dispatch(request, *args, **kwargs)
        if isinstance(response, Response) and request.method in ("GET", "HEAD"):
            response.add_post_render_callback(lambda rendered: self._conditional(request, rendered))
        return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        try:
            self.perform_authentication(request)
        except APIException:
            # A key that is wrong counts for the address that it came from.
            self._count(request, None)
            raise
        self._count(request, request.auth)
        length = request.headers.get("Content-Length") or "0"
        # What is no number, or has more digits than anything that could be sent, is not even counted.
        if not length.isdecimal() or len(length) > 12 or int(length) > LONGEST:
            raise Problem(Code.TOO_LARGE)
        super().initial(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        if self.counted is not None:
            for name, value in self.counted.headers.items():
                answer.headers[name] = value
        patch_vary_headers(answer, ["Accept-Language"])
        if request.method in ("GET", "HEAD") and answer.status_code == 200:
            self.keep(answer)
        else:
            patch_cache_control(answer, no_store=True)
        return answer

    def keep(self, answer: HttpResponse) -> None:
        """Say on a good answer who may keep it, and for how long."""
        patch_cache_control(answer, private=True, no_cache=True)

    def _count(self, request: Request, key: Any) -> None:
        if isinstance(key, ApiKey):
            self.counted = limits.count("keys" if key.customer_id else "sales", f"key {key.pk}")
        else:
            self.counted = limits.count(self.limit, limits.neighbourhood(address_of(request)))
        if self.counted.exceeded:
            raise Problem(Code.RATE_LIMITED, headers={"Retry-After": str(self.counted.reset)})

    def _conditional(self, request: HttpRequest, response: HttpResponse) -> HttpResponseBase | None:
        """Nothing but “not modified” where the caller has this very answer already."""
        if response.status_code != 200:
            return None
        set_response_etag(response)
        short = get_conditional_response(request, etag=response.headers["ETag"], response=response)
        if short is None or short is response:
            return None
        if short.status_code == 412:
            short = problems.answer(Code.PRECONDITION_FAILED)
        for name in limits.HEADERS:
            if name in response.headers:
                short.headers[name] = response.headers[name]
        return short


class PublicView(ApiView):
    """For anybody, and the same for everybody: kept for `kept` seconds by whoever passes it on. Zero: never.

    A key is not needed, and gives more room where there is one: the sales site has one of its own.
    """

    authentication_classes = (KeyAuthentication,)
    permission_classes = (AllowAny,)
    kept = 0

    def keep(self, answer: HttpResponse) -> None:
        if self.kept:
            patch_cache_control(answer, public=True, max_age=self.kept)
        else:
            patch_cache_control(answer, no_store=True)


@extend_schema(exclude=True)
class Nothing(PublicView):
    """Where there is nothing. Whoever looks for what there is not is counted, too."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise Http404


class MerchantView(ApiView):
    """For the systems of a merchant: with a key of a customer that opens `scope`. Whose it is says the key alone.

    `query` is what may be asked for in the address, and `asked` what was.
    """

    authentication_classes = (KeyAuthentication,)
    permission_classes = (OpensThis,)
    scope: Scope
    query: type[Query] = Query
    asked: dict[str, Any]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.asked = self.query.of(request)

    @property
    def customer(self) -> Customer:
        return customer_of(self.request)

    def keep(self, answer: HttpResponse) -> None:
        super().keep(answer)
        patch_vary_headers(answer, ["Authorization"])


def _language(request: HttpRequest) -> str:
    """The language that the header asks for. Not a cookie's: answers are kept by caches that know of none."""
    asked = HttpRequest()
    asked.META["HTTP_ACCEPT_LANGUAGE"] = request.headers.get("Accept-Language", "")
    return translation.get_language_from_request(asked)
