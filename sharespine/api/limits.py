"""How often somebody may call: so many requests in a window of time, counted by key, else by address.

Every answer says how much is left: `RateLimit-Limit`, `RateLimit-Remaining`, and `RateLimit-Reset` in seconds; whoever asks too
often gets 429 with `Retry-After`. The counts live in the cache. Without REDIS_URL that is the memory of one process: each web
process then counts by itself, and with four of them a caller may get four times as much.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache as remembered
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured

#: Seconds.
UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
HEADERS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in so many seconds."""

    requests: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Count:
    """How a caller stands after a request: `used` of `limit`, until the window ends in `reset` seconds."""

    limit: int
    used: int
    reset: int

    @property
    def exceeded(self) -> bool:
        return self.used > self.limit

    @property
    def headers(self) -> Mapping[str, str]:
        values = (self.limit, max(0, self.limit - self.used), self.reset)
        return dict(zip(HEADERS, map(str, values), strict=True))


@remembered
def rate(text: str) -> Rate:
    """`60/minute`. Raises `ImproperlyConfigured` for what is none."""
    requests, slash, unit = text.partition("/")
    if not (slash and requests.isdecimal() and int(requests) and unit in UNITS):
        raise ImproperlyConfigured(f"“{text}” is no rate: write it like 60/minute, per {', '.join(UNITS)}.")
    return Rate(int(requests), UNITS[unit])


def count(kind: str, caller: str) -> Count:
    """Count a request of `caller`, of the kind that is named in `settings.API_LIMITS`."""
    allowed = rate(settings.API_LIMITS[kind])
    now = time.time()
    window, passed = divmod(now, allowed.seconds)
    name = f"limit:{kind}:{int(window)}:{hashlib.sha256(caller.encode()).hexdigest()[:32]}"
    # Added once, then only counted up: whoever comes at the same time counts, too.
    if cache.add(name, 1, timeout=allowed.seconds + 1):
        used = 1
    else:
        try:
            used = cache.incr(name)
        except ValueError:
            # The window ended, or the cache forgot it, between the two.
            used = 1
    return Count(allowed.requests, used, max(1, round(allowed.seconds - passed)))


def neighbourhood(address: str) -> str:
    """Who counts as one caller: an address of IPv4, or the 64 bits of IPv6 that one subscriber has to itself."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((found, 64), strict=False)) if isinstance(found, IPv6Address) else address
