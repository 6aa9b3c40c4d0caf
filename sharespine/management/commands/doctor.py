"""Looks at everything an installation needs, and says in a table what is well and what is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import translation
from django_q.models import OrmQ

from flows import dbclock, services, workers
from flows.models import Connection, ConnectionPlugin, Endpoint, Run, Webhook
from flows.plugins import installed
from sharespine import condition
from sharespine.lib.said import said
from sharespine.lib.secrets import decrypt, encrypt

Finding = tuple[str, bool, str]


class Command(BaseCommand):
    help = "Checks the settings, the database, the queue and every endpoint. Exit status 1 when something is wrong."

    def handle(self, *args: Any, **options: Any) -> None:
        checks = wrong = 0
        with translation.override("en"):
            for subject, well, remark in self._findings():
                checks, wrong = checks + 1, wrong + (not well)
                mark = self.style.SUCCESS("ok   ") if well else self.style.ERROR("WRONG")
                self.stdout.write(f"{mark}  {subject:<32}  {remark}")
        self.stdout.write(f"{checks} checks, {wrong} wrong.")
        if wrong:
            raise SystemExit(1)

    def _findings(self) -> Iterator[Finding]:
        yield from self._settings()
        try:
            yield from self._database()
        except DatabaseError as error:
            yield "database", False, f"does not answer: {str(error).strip().splitlines()[0]}"
            return
        if not _unapplied():
            # Without its tables there is nothing more to look at.
            yield from self._work()
            try:
                yield from self._endpoints()
            except ImproperlyConfigured as error:
                yield "credentials of endpoints", False, str(error)
            yield from self._plugins()
            yield from self._secrets()

    def _settings(self) -> Iterator[Finding]:
        errors = [message for message in run_checks() if message.level >= 40]
        yield "Django's own checks", not errors, "; ".join(str(error) for error in errors) or "no errors"
        yield "SECRET_KEY", bool(settings.SECRET_KEY), "set" if settings.SECRET_KEY else "set it in the environment"
        try:
            decrypt(encrypt({"a": "b"}))
            yield "SHARESPINE_KEYS", True, f"{len(settings.SHARESPINE_KEYS)} key(s)"
        except ImproperlyConfigured as error:
            yield "SHARESPINE_KEYS", False, str(error)
        production = not settings.EMBEDDED
        yield "DEBUG", not (production and settings.DEBUG), "on: never in production" if settings.DEBUG else "off"
        yield "SITE_URL", bool(settings.SITE_URL), settings.SITE_URL or "set it: the links in e-mails begin with it"
        yield "simulators", not (production and settings.SANDBOX), "reachable" if settings.SANDBOX else "switched off"

    def _database(self) -> Iterator[Finding]:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("PRAGMA journal_mode")
                mode = cursor.fetchone()[0]
                yield "database", mode == "wal", f"SQLite, journal mode {mode}: one machine only"
            else:
                cursor.execute("SELECT 1")
                yield "database", True, connection.vendor
        missing = _unapplied()
        yield "migrations", not missing, f"{missing} not applied: run `manage.py migrate`" if missing else "all applied"

    def _work(self) -> Iterator[Finding]:
        now, gone = condition.look(), workers.gone().count()
        remark = f"{now.workers} live" + (f", {gone} vanished within a day" if gone else "")
        yield "workers", now.workers > 0, remark if now.workers else f"{remark}: start `manage.py worker`"
        wait = f"the oldest has waited {now.queue_seconds} s"
        yield "queue", "queue_seconds" not in now.wrong, f"{OrmQ.objects.count()} tasks, {wait}"
        live = Run.objects.filter(state=Run.State.RUNNING, lease_until__gt=dbclock.now()).count()
        wait = f"the oldest due work has waited {now.oldest_due_seconds} s"
        yield "work", "oldest_due_seconds" not in now.wrong, f"{live} live runs, {wait}"

    def _endpoints(self) -> Iterator[Finding]:
        for endpoint in Endpoint.objects.select_related("customer"):
            try:
                services.check_endpoint(endpoint, actor="doctor")
            except ImproperlyConfigured as error:
                yield str(endpoint), False, str(error)
                continue
            well = endpoint.health == Endpoint.Health.WORKING
            subject = f"{endpoint.customer.name[:16]} · {endpoint.name[:13]}"
            yield subject, well, endpoint.report.get("name", "") if well else said(endpoint.trouble)
        for paused in Connection.objects.filter(state=Connection.State.PAUSED):
            yield f"connection {paused.name[:20]}", False, f"paused: {said(paused.pause_reason)}"

    def _plugins(self) -> Iterator[Finding]:
        """Those that are switched on somewhere: on this machine, each must be there and fit."""
        for name in ConnectionPlugin.objects.filter(active=True).order_by("name").values_list("name", flat=True).distinct():
            found = installed.one(name)
            if found is None:
                yield f"plugin {name[:25]}", False, "not installed here: what goes through it stops"
            else:
                remark = said(found.trouble) if found.trouble else f"{found.package} {found.version}"
                yield f"plugin {name[:25]}", found.about is not None, remark

    def _secrets(self) -> Iterator[Finding]:
        """What else is encrypted, where there is any: each can be read with the keys that there are."""
        for subject, read in (("secrets of webhooks", _webhooks), ("second factors", _factors)):
            try:
                if number := read():
                    yield subject, True, f"{number} can be read"
            except ImproperlyConfigured as error:
                yield subject, False, str(error)


def _webhooks() -> int:
    """How many secrets of webhooks there are. Raises `ImproperlyConfigured` when one cannot be read."""
    return len(Webhook.objects.exclude(secrets=""))


def _factors() -> int:
    """The same of second factors."""
    found = Authenticator.objects.values_list("data", flat=True)
    kept = [data[name] for data in found for name in ("secret", "seed") if name in data]
    return sum(bool(decrypt(token)) for token in kept)


def _unapplied() -> int:
    """How many migrations the database lacks."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
