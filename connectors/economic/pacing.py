"""How fast e-conomic may be called. One bucket of tokens is shared by everything that calls the agreement."""

from __future__ import annotations

import re

from connectors.http import Answer

# X-RateLimiting: token-limit-10000-per-60-seconds: 147/10000 (recorded; the used tokens climb).
_BUCKET = re.compile(r"per-(\d{1,9})-seconds:\s*(\d{1,9})/(\d{1,9})")
_FREE = 0.9


def pace(answer: Answer) -> float:
    """Seconds to wait before the next call: none below 90 % of the bucket, then what it takes to get below it again.

    ASSUMED: that tokens come back evenly over the window.
    """
    found = _BUCKET.search(answer.headers.get("X-RateLimiting", ""))
    if found is None:
        return 0.0
    window, used, limit = (int(number) for number in found.groups())
    return max(0.0, window * (used - _FREE * limit) / limit) if limit else 0.0
