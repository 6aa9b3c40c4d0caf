import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Lower

import billing.models.sales


def in_small_letters(apps, schema_editor):
    """The portal's log-in looks for e-mails of users so, and only so."""
    apps.get_model("auth", "User").objects.using(schema_editor.connection.alias).update(email=Lower("email"))


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0003_price_list"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="customer",
            options={
                "ordering": ["name"],
                "permissions": [("see_portal", "Can see the portal as a customer sees it")],
                "verbose_name": "customer",
                "verbose_name_plural": "customers",
            },
        ),
        migrations.AddField(
            model_name="membership",
            name="cap_notices",
            field=models.BooleanField(db_default=True, default=True, verbose_name="when the month's orders will not suffice"),
        ),
        migrations.AddField(
            model_name="membership",
            name="daily_summary",
            field=models.BooleanField(db_default=True, default=True, verbose_name="summary every morning at 07:00"),
        ),
        migrations.AddField(
            model_name="membership",
            name="errors_at_once",
            field=models.BooleanField(db_default=False, default=False, verbose_name="orders that stop, at once"),
        ),
        migrations.AddField(
            model_name="membership",
            name="role",
            field=models.CharField(
                choices=[("owner", "administrator"), ("operator", "operator"), ("reader", "reader")],
                db_default="owner",
                default="owner",
                max_length=10,
                verbose_name="role",
            ),
        ),
        migrations.AddField(
            model_name="membership",
            name="summary_sent_on",
            field=models.DateField(blank=True, editable=False, null=True),
        ),
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(help_text="What it is for, like “Warehouse screen”.", max_length=100, verbose_name="name"),
                ),
                ("prefix", models.CharField(editable=False, max_length=20, unique=True, verbose_name="begins with")),
                ("key_hash", models.CharField(editable=False, max_length=64)),
                ("scopes", models.JSONField(default=list, verbose_name="opens")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("created_by", models.CharField(editable=False, max_length=150, verbose_name="created by")),
                ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="expires")),
                ("last_used_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="last used")),
                ("revoked_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="revoked")),
                ("revoked_by", models.CharField(blank=True, editable=False, max_length=150, verbose_name="revoked by")),
                (
                    "customer",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="api_keys",
                        to="billing.customer",
                        verbose_name="customer",
                    ),
                ),
            ],
            options={
                "verbose_name": "API key",
                "verbose_name_plural": "API keys",
                "ordering": ["-created_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="Quote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "number",
                    models.CharField(
                        default=billing.models.sales.new_number,
                        editable=False,
                        max_length=20,
                        unique=True,
                        verbose_name="number",
                    ),
                ),
                (
                    "edition",
                    models.CharField(choices=[("cloud", "Cloud"), ("client", "Client")], max_length=10, verbose_name="edition"),
                ),
                ("wishes", models.JSONField(default=dict, verbose_name="wishes")),
                ("answer", models.JSONField(default=dict, verbose_name="answer")),
                ("valid_until", models.DateField(verbose_name="price held until")),
                ("created_at", models.DateTimeField(auto_now_add=True, db_index=True, verbose_name="created")),
                (
                    "package",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.package",
                        verbose_name="recommended package",
                    ),
                ),
            ],
            options={
                "verbose_name": "quote",
                "verbose_name_plural": "quotes",
                "ordering": ["-created_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail")),
                (
                    "role",
                    models.CharField(
                        choices=[("owner", "administrator"), ("operator", "operator"), ("reader", "reader")],
                        default="reader",
                        max_length=10,
                        verbose_name="role",
                    ),
                ),
                ("token_hash", models.CharField(editable=False, max_length=64, unique=True)),
                ("invited_by", models.CharField(editable=False, max_length=150, verbose_name="invited by")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("expires_at", models.DateTimeField(verbose_name="expires")),
                ("accepted_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="accepted")),
                ("withdrawn_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="withdrawn")),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="invitations",
                        to="billing.customer",
                        verbose_name="customer",
                    ),
                ),
            ],
            options={
                "verbose_name": "invitation",
                "verbose_name_plural": "invitations",
                "ordering": ["-created_at", "-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("accepted_at__isnull", True), ("withdrawn_at__isnull", True)),
                        fields=("customer", "email"),
                        name="one_open_invitation",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PackageRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField(blank=True, max_length=2000, verbose_name="message")),
                (
                    "state",
                    models.CharField(
                        choices=[("new", "new"), ("done", "done"), ("declined", "declined")],
                        default="new",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("asked_by", models.CharField(max_length=150, verbose_name="asked by")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                (
                    "answer",
                    models.TextField(blank=True, help_text="Read by the customer.", max_length=2000, verbose_name="answer"),
                ),
                ("handled_by", models.CharField(blank=True, editable=False, max_length=150, verbose_name="handled by")),
                ("handled_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="handled")),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="package_requests",
                        to="billing.customer",
                        verbose_name="customer",
                    ),
                ),
                (
                    "package",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.package",
                        verbose_name="wanted package",
                    ),
                ),
            ],
            options={
                "verbose_name": "request for another package",
                "verbose_name_plural": "requests for another package",
                "ordering": ["-created_at", "-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "new")), fields=("customer",), name="one_new_package_request"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SignUp",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                ("key", models.CharField(blank=True, editable=False, max_length=100, null=True, unique=True)),
                ("body_hash", models.CharField(blank=True, editable=False, max_length=64)),
                ("token_hash", models.CharField(blank=True, db_index=True, editable=False, max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("unconfirmed", "e-mail not confirmed"),
                            ("new", "new"),
                            ("taken", "taken care of"),
                            ("started", "subscription started"),
                            ("declined", "declined"),
                        ],
                        default="unconfirmed",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("company", models.CharField(max_length=200, verbose_name="company")),
                ("organisation_number", models.CharField(blank=True, max_length=20, verbose_name="organisation number")),
                ("vat_number", models.CharField(blank=True, max_length=20, verbose_name="VAT number")),
                ("country", models.CharField(default="SE", max_length=2, verbose_name="country")),
                ("contact", models.CharField(max_length=200, verbose_name="contact")),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail")),
                ("phone", models.CharField(blank=True, max_length=50, verbose_name="phone")),
                (
                    "language",
                    models.CharField(
                        choices=[("sv", "Swedish"), ("en", "English")], default="sv", max_length=2, verbose_name="language"
                    ),
                ),
                ("message", models.TextField(blank=True, max_length=2000, verbose_name="message")),
                ("note", models.CharField(blank=True, help_text="Seen by staff only.", max_length=500, verbose_name="note")),
                ("handled_by", models.CharField(blank=True, editable=False, max_length=150, verbose_name="handled by")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("mailed_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("confirmed_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="confirmed")),
                ("handled_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="handled")),
                (
                    "customer",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="sign_ups",
                        to="billing.customer",
                        verbose_name="customer",
                    ),
                ),
                (
                    "package",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.package",
                        verbose_name="package",
                    ),
                ),
                (
                    "quote",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sign_ups",
                        to="billing.quote",
                        verbose_name="quote",
                    ),
                ),
            ],
            options={
                "verbose_name": "sign-up",
                "verbose_name_plural": "sign-ups",
                "ordering": ["-created_at", "-pk"],
                "indexes": [models.Index(fields=["state", "-created_at"], name="sign_up_by_state")],
            },
        ),
        migrations.RunPython(in_small_letters, migrations.RunPython.noop),
    ]
