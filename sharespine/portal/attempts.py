"""Log-ins that failed: counted per account and address at every door for people, so that nobody guesses, nor locks others out.

django-axes counts them in the database; here is what it is told. Of an attempt is kept whose account it was for, from where and
with which browser, for as long as it counts. A name that no account has may be a password that went into the wrong field: it is
kept as a hash. Codes of a second factor are counted per account, wherever they come from: whoever tries them has the password.
"""

from __future__ import annotations

import logging
from collections import Counter
from math import ceil
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Max, Q, QuerySet
from django.db.models.signals import pre_save
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from sharespine.api.limits import neighbourhood
from sharespine.lib.callers import address_of

log = logging.getLogger(__name__)
#: What stands behind the name of an account where codes of its second factor are counted. No user name holds a slash.
FACTOR = "/factor"
#: What stands before a hash of a name that no account has.
NOBODY = "?"
#: So many accounts of one e-mail are looked at.
MANY = 20


def name_of(request: HttpRequest | None, credentials: dict[str, Any] | None = None) -> str:
    """The account that was tried, by its user name in small letters, whether that or its e-mail was given."""
    credentials = credentials or {}
    typed = str(credentials.get("username") or credentials.get("email") or "").strip().replace("\0", "").lower()
    found = User.objects.filter(Q(username__iexact=typed) | Q(email__iexact=typed)).only("username")[:MANY] if typed else []
    names = [user.username.lower() for user in found]
    # A user name goes before an e-mail that is written the same.
    known = typed if names.count(typed) == 1 else names[0] if len(names) == 1 else ""
    name = known or NOBODY + salted_hmac(__name__, typed, algorithm="sha256").hexdigest()[:24]
    return name + (FACTOR if credentials.get("factor") else "")


def neighbourhood_of(request: HttpRequest) -> str | None:
    """Where the caller is: an address of IPv4, or the network of IPv6 that one subscriber has to itself. None: nobody knows."""
    return neighbourhood(address_of(request)).partition("/")[0] or None


def counted_by(attempt: object, credentials: dict[str, Any] | None = None) -> list[list[str]]:
    """What attempts must have in common to be counted together."""
    return [["username"]] if (credentials or {}).get("factor") else [["username", "ip_address"]]


def locked(request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any] | None) -> HttpResponse:
    """The answer to whoever tried too often."""
    credentials = credentials or {}
    attempts = AccessAttempt.objects.filter(username=name_of(request, credentials))
    if not credentials.get("factor"):
        attempts = attempts.filter(ip_address=neighbourhood_of(request))
    last = attempts.aggregate(last=Max("attempt_time"))["last"] or timezone.now()
    seconds = max(1, ceil((last + settings.AXES_COOLOFF_TIME - timezone.now()).total_seconds()))
    door = "admin:login" if request.path.startswith(reverse("admin:index")) else "account_login"
    context = {"minutes": ceil(seconds / 60), "door": reverse(door), "factor": bool(credentials.get("factor"))}
    answer = render(request, "account/locked.html", context, status=429)
    answer.headers["Retry-After"] = str(seconds)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def forget(user: User) -> None:
    """Lift every lock of an account, wherever it is held from: it has a new password."""
    name = name_of(None, {"username": user.get_username()})
    AccessAttempt.objects.filter(username__in=[name, name + FACTOR]).delete()


def counted_with(attempt: Any) -> QuerySet[Any]:
    """The attempts that count together with one: with other browsers, and for a second factor from everywhere."""
    found = AccessAttempt.objects.filter(username=attempt.username)
    return found if str(attempt.username).endswith(FACTOR) else found.filter(ip_address=attempt.ip_address)


def are_locked(rows: list[Any]) -> set[Any]:
    """Which of some attempts are part of what locks somebody out now, by their keys."""
    alive = AccessAttempt.objects.filter(
        username__in={row.username for row in rows}, attempt_time__gte=timezone.now() - settings.AXES_COOLOFF_TIME
    )
    counts: Counter[tuple[str, str | None]] = Counter()
    for attempt in alive.only("username", "ip_address", "failures_since_start"):
        counts[_together(attempt)] += attempt.failures_since_start
    return {row.pk for row in rows if counts[_together(row)] >= settings.AXES_FAILURE_LIMIT}


def _together(attempt: Any) -> tuple[str, str | None]:
    return attempt.username, None if str(attempt.username).endswith(FACTOR) else attempt.ip_address


def lift(attempt: Any, actor: str) -> None:
    """Forget an attempt and those that count together with it: whoever is locked out may try again."""
    counted_with(attempt).delete()
    log.info("%s lifted the lock of %s for %s", actor, attempt.username, attempt.ip_address)


def may_try_code(request: HttpRequest, user: User) -> bool:
    """Whether a code of the second factor of `user` may be tried now. If not, the answer to `request` says so."""
    if AxesProxyHandler.is_allowed(request, _of_factor(user)):
        return True
    request.axes_locked_out, request.axes_credentials = True, _of_factor(user)  # type: ignore[attr-defined]  # what axes reads
    return False


def code_was_wrong(request: HttpRequest, user: User) -> None:
    AxesProxyHandler.user_login_failed(__name__, _of_factor(user), request)


def code_was_right(user: User) -> None:
    AccessAttempt.objects.filter(username=name_of(None, _of_factor(user))).delete()


def _of_factor(user: User) -> dict[str, Any]:
    return {"username": user.get_username(), "factor": True}


class Attempts(AxesDatabaseHandler):
    """Counts as axes does, and tells us when somebody is locked out."""

    def user_login_failed(
        self, sender: object, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
    ) -> None:
        before = getattr(request, "axes_locked_out", False)
        super().user_login_failed(sender, credentials, request, **kwargs)
        if request is not None and getattr(request, "axes_locked_out", False) and not before:
            log.warning("%s is locked for %s: too many failures", name_of(request, credentials), address_of(request))

    def user_logged_in(self, sender: object, request: HttpRequest, user: User, **kwargs: Any) -> None:
        super().user_logged_in(sender, request, user, **kwargs)
        # Where several accounts have one e-mail, what was tried under it is counted apart.
        if user.email:
            self.reset_user_attempts(request, {"username": user.email})


@receiver(pre_save, sender=AccessAttempt)
def keep_little(instance: Any, **kwargs: Any) -> None:
    """Nothing of what was sent is kept: it holds passwords, in whatever field they were typed."""
    instance.get_data = instance.post_data = instance.http_accept = ""
