"""Migrations run while workers of the release before work on: they add, and take nothing away that those need."""

from __future__ import annotations

import pytest
from django.db.migrations import (
    AddConstraint,
    AddField,
    AlterField,
    CreateModel,
    Migration,
    RemoveField,
    RenameField,
    operations,
)
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.models import NOT_PROVIDED, IntegerField, ManyToManyField

#: Before the first release: no worker is older.
FOUNDATION = {"0001_initial", "0002_shares"}
#: What takes nothing away from the tables that an older worker writes to. Statements of one's own are looked at by people.
HARMLESS = {
    "AddIndex", "AddIndexConcurrently", "AlterModelOptions", "CreateModel", "RemoveConstraint", "RemoveIndex", "RenameIndex",
    "RunPython", "RunSQL",
}  # fmt: skip
OURS = ("flows", "billing")


def later_migrations() -> list[Migration]:
    migrations = MigrationLoader(None).disk_migrations
    return [migrations[key] for key in sorted(migrations) if key[0] in OURS and key[1] not in FOUNDATION]


#: Constraints that took the place of one of the same name and forbid less than it did.
WIDENED = {"one_flow_per_register"}


def is_harmless(operation: Operation, new: frozenset[str] = frozenset()) -> bool:
    """Whether workers that do not know of `operation` can go on as before; nobody of them writes to the tables `new`."""
    if isinstance(operation, AddConstraint | AddField) and operation.model_name_lower in new:
        return True
    if isinstance(operation, AddConstraint) and operation.constraint.name in WIDENED:
        return True
    if isinstance(operation, AddField | AlterField):
        field = operation.field
        # Django's own default is not the database's: an older worker would leave the column empty, which is forbidden.
        return bool(field.null or field.db_default is not NOT_PROVIDED or isinstance(field, ManyToManyField))
    if isinstance(operation, operations.SeparateDatabaseAndState):
        return all(map(is_harmless, operation.database_operations))
    return type(operation).__name__ in HARMLESS


@pytest.mark.parametrize("migration", later_migrations(), ids=str)
def test_a_migration_lets_the_workers_of_the_release_before_go_on(migration: Migration) -> None:
    new = frozenset(made.name_lower for made in migration.operations if isinstance(made, CreateModel))
    assert [operation.describe() for operation in migration.operations if not is_harmless(operation, new)] == []


@pytest.mark.parametrize(
    ("operation", "harmless"),
    [
        (AddField("flow", "n", IntegerField(default=0)), False),
        (AddField("flow", "n", IntegerField(db_default=0)), True),
        (AddField("flow", "n", IntegerField(null=True)), True),
        (RemoveField("flow", "n"), False),
        (RenameField("flow", "n", "m"), False),
    ],
    ids=lambda value: value.describe() if isinstance(value, Operation) else "",
)
def test_what_would_stop_them_is_recognised(operation: Operation, harmless: bool) -> None:
    assert is_harmless(operation) is harmless
