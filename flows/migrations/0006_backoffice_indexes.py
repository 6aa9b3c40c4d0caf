from django.db import migrations, models

import sharespine.lib.indexes

TABLE = "flows_transfer"
#: Columns that other indexes begin with, or that get an index which knows beginnings; the busy ones keep what makes them unique.
COLUMNS = ("number", "target_id", "flow_id", "customer_id", "erp_id")
UNIQUE = ("busy_party", "busy_email")


def drop_indexes(apps, schema_editor):
    """The plain indexes of these columns, and those that PostgreSQL has for beginnings of what nobody looks for by beginning."""
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, TABLE)
    for name, constraint in found.items():
        alone = constraint["columns"] in [[column] for column in (*COLUMNS, *UNIQUE)]
        if alone and constraint["index"] and not constraint["unique"]:
            schema_editor.execute(f"DROP INDEX {schema_editor.quote_name(name)}")


def make_indexes(apps, schema_editor):
    for column in COLUMNS:
        schema_editor.execute(f"CREATE INDEX flows_transfer_{column} ON {TABLE} ({column})")


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0001_initial"),
        ("flows", "0005_sweeps"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="transfer",
            name="transfer_by_customer",
        ),
        migrations.RemoveIndex(
            model_name="transfer",
            name="transfer_attention",
        ),
        # Django would make the whole table anew on SQLite, to drop an index.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                *(
                    migrations.AlterField("transfer", name, field)
                    for name, field in (
                        (
                            "flow",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=models.PROTECT,
                                related_name="transfers",
                                to="flows.flow",
                                verbose_name="flow",
                            ),
                        ),
                        (
                            "customer",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=models.PROTECT,
                                related_name="transfers",
                                to="billing.customer",
                                verbose_name="customer",
                            ),
                        ),
                        (
                            "erp",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=models.PROTECT,
                                related_name="+",
                                to="flows.endpoint",
                                verbose_name="ERP",
                            ),
                        ),
                    )
                ),
                migrations.AlterField(
                    model_name="transfer",
                    name="number",
                    field=models.CharField(blank=True, max_length=100, verbose_name="order number"),
                ),
                migrations.AlterField(
                    model_name="transfer",
                    name="target_id",
                    field=models.CharField(blank=True, max_length=100, verbose_name="number in the ERP"),
                ),
            ],
            database_operations=[migrations.RunPython(drop_indexes, make_indexes)],
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["-started_at", "-id"], name="run_by_start"),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["state", "-started_at", "-id"], name="run_by_state"),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["kind", "-started_at", "-id"], name="run_by_kind"),
        ),
        migrations.AddIndex(
            model_name="transfer",
            index=models.Index(fields=["customer", "-id", "state", "flow", "placed_at"], name="transfer_by_customer"),
        ),
        migrations.AddIndex(
            model_name="transfer",
            index=models.Index(condition=models.Q(("attention", True)), fields=["-id", "attention"], name="transfer_attention"),
        ),
        migrations.AddIndex(
            model_name="transfer",
            index=models.Index(
                condition=models.Q(("state", "stopped"), ("state", "uncertain"), ("attention", True), _connector="OR"),
                fields=["-id", "state", "attention", "acts", "error_code", "cause", "customer", "placed_at", "updated_at"],
                name="transfer_needs",
            ),
        ),
        migrations.AddIndex(
            model_name="transfer",
            index=models.Index(
                condition=models.Q(("state", "stopped"), ("state", "uncertain"), ("attention", True), _connector="OR"),
                fields=["customer", "-id", "state", "attention"],
                name="transfer_needs_customer",
            ),
        ),
        migrations.AddIndex(
            model_name="transfer",
            index=models.Index(fields=["-placed_at", "-id"], name="transfer_placed"),
        ),
        migrations.AddIndex(
            model_name="transfer",
            index=sharespine.lib.indexes.PrefixIndex(fields=["number"], name="transfer_number"),
        ),
        migrations.AddIndex(
            model_name="transfer",
            index=sharespine.lib.indexes.PrefixIndex(fields=["target_id"], name="transfer_target"),
        ),
        migrations.AddIndex(
            model_name="transfer",
            index=sharespine.lib.indexes.PrefixIndex(
                condition=models.Q(("buyer__gt", "")), fields=["buyer"], name="transfer_buyer"
            ),
        ),
    ]
