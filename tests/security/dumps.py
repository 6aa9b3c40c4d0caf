"""All rows of a merchant as they are in the database, whatever table they are in: those from which keys lead to it."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib.auth.models import User
from django.db.models import ForeignKey, Model, Q

from billing.models import Customer, Quote
from tests.security.merchants import Merchant

#: Apps whose rows nobody owns: what django-q, sessions and the like keep.
APPS = ("billing", "flows", "auth", "account", "mfa")


#: The rows of each table, by what it is called: what is in a row, by its id.
Rows = dict[str, dict[Any, str]]


def dump(merchant: Merchant, tables: Collection[str] | None = None) -> Rows:
    """Every row of `merchant`, in all tables that can hold one or in those named."""
    found: Rows = {}
    for model, wanted in _wanted(merchant.id, tuple(user.pk for user in merchant.users.values())):
        if tables is None or model._meta.db_table in tables:
            rows = model._base_manager.filter(wanted).values()
            found[model._meta.db_table] = {row[_key(model)]: repr(row) for row in rows}
    return found


def changes(before: Rows, after: Rows) -> list[str]:
    """Which rows are new, gone or changed, of the tables that `after` has."""
    return [
        f"{table} {pk}"
        for table, rows in after.items()
        for pk in before[table].keys() | rows.keys()
        if before[table].get(pk) != rows.get(pk)
    ]


def _key(model: type[Model]) -> str:
    assert model._meta.pk is not None
    return model._meta.pk.attname


def _wanted(customer: int, users: tuple[int, ...]) -> list[tuple[type[Model], Q]]:
    found: list[tuple[type[Model], Q]] = []
    for model in apps.get_models():
        if model._meta.app_label not in APPS:
            continue
        if model is Quote:
            found.append((model, Q(sign_ups__customer=customer)))
            continue
        wanted = [Q((way, customer)) for way in [_way(model, Customer)] if way is not None]
        wanted += [Q((f"{way}__in", users)) for way in [_way(model, User)] if way is not None and not wanted]
        if wanted:
            found.append((model, wanted[0]))
    return found


@cache
def _way(model: type[Model], target: type[Model]) -> str | None:
    """The shortest way along keys from `model` to `target`, as a filter has it."""
    waiting: deque[tuple[type[Model], tuple[str, ...]]] = deque([(model, ())])
    seen: set[type[Model]] = set()
    while waiting:
        here, way = waiting.popleft()
        if here is target:
            return "__".join(way) or "pk"
        if here in seen:
            continue
        seen.add(here)
        fields: list[Any] = [field for field in here._meta.concrete_fields if isinstance(field, ForeignKey)]
        waiting.extend((field.related_model, (*way, field.name)) for field in fields)
    return None
