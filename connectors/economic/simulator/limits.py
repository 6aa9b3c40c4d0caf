"""What surrounds every call: the token bucket that all calls of an agreement draw from, and the cache of answers by key."""

from __future__ import annotations

from datetime import datetime, timedelta

from connectors.sandbox_wire import Request, Response

_WINDOW = timedelta(seconds=60)
_KEPT = timedelta(hours=1)


class Bucket:
    """Tokens used within the last minute. The headers are recorded; ASSUMED: the costs, and that use falls off evenly."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._used = 0.0
        self._at: datetime | None = None

    def draw(self, request: Request, at: datetime) -> tuple[bool, dict[str, str]]:
        """Whether `request` may pass, and the headers that say how much is used. A refused call costs as well."""
        if self._at is not None:
            self._used = max(0.0, self._used - self.limit * ((at - self._at) / _WINDOW))
        self._at = at
        cost = 1 if request.method == "GET" else 3
        passes = self._used + cost <= self.limit
        self._used = min(self._used + cost, self.limit)
        rate = f"token-limit-{self.limit}-per-60-seconds: {round(self._used)}/{self.limit}"
        headers = {"X-CallCost": str(cost), "X-RateLimiting": rate}
        if not passes:
            # ASSUMED: nobody has recorded a 429 of this server, so neither this header nor the body.
            headers["Retry-After"] = "1"
        return passes, headers


class Replays:
    """Answers kept for an hour by `Idempotency-Key`. ASSUMED: refusals are kept too, and a changed body makes no difference."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[datetime, Response]] = {}

    def get(self, request: Request, at: datetime) -> Response | None:
        key = _key(request)
        kept = self._kept.get(key)
        if not key or kept is None or at - kept[0] >= _KEPT:
            return None
        return Response(kept[1].status, kept[1].body, {**kept[1].headers, "X-ResultFromCache": "true"})

    def keep(self, request: Request, response: Response, at: datetime) -> None:
        key = _key(request)
        if key and response.status < 500:
            self._kept[key] = (at, response)


def _key(request: Request) -> str:
    return "" if request.method == "GET" else request.headers.get("Idempotency-Key", "")
