"""The published price list, and the categories of work. From here on staff change it in the back office.

Prices, caps and features are those published in 2026, in kronor without VAT. How many hours a start package holds is not
published, nor what an hour pack costs: staff enter it.
"""

from datetime import date

from django.db import migrations

VALID_FROM = date(2025, 1, 1)
BASE = ["orders", "customers", "products"]
#: Feature → the cheapest package that has it.
FROM = {
    "order_status": "200",
    "stock": "200",
    "stock_profiles": "400",
    "price_lists": "400",
    "scheduling": "200",
    "field_mapping": "800",
    "plugins": "800",
    "reconciliation": "100",
    "multishop": "400",
    "key_account_manager": "premium",
}
CLIENT_ONLY = {"stock_profiles", "scheduling", "field_mapping", "reconciliation"}
#: Code, name, monthly price, installation, orders a month.
PACKAGES = [
    ("100", "Paket 100", 295, 2200, 100),
    ("200", "Paket 200", 495, 4200, 200),
    ("400", "Paket 400", 795, 6400, 400),
    ("800", "Paket 800", 1195, 8500, 800),
    ("premium", "Premium", None, None, None),
]
ADD_ONS = {"shop": 295, "gateway": 295}
#: Key, English, Swedish, free.
CATEGORIES = [
    ("qualified-support", "Qualified support", "Kvalificerad support", False),
    ("plugin-development", "Plugin development", "Pluginutveckling", False),
    ("system-change", "System change", "Systemförändring", False),
    ("initial-sync", "Initial product sync", "Initial produktsynkronisering", False),
    ("start", "Delivery, installation and training", "Leverans, installation och utbildning", False),
    ("guidance", "Guidance support", "Vägledande support", True),
]


def fill(apps, schema_editor):
    model = apps.get_model
    codes = [code for code, *_ in PACKAGES]
    for rank, (code, name, price, installation, cap) in enumerate(PACKAGES, 1):
        package = model("billing", "Package").objects.create(code=code, name=name, rank=rank)
        for edition in ("cloud", "client"):
            features = BASE + [
                feature
                for feature, first in FROM.items()
                if codes.index(first) <= codes.index(code) and not (edition == "cloud" and feature in CLIENT_ONLY)
            ]
            model("billing", "Offer").objects.create(
                package=package,
                edition=edition,
                valid_from=VALID_FROM,
                monthly_price=price,
                installation_price=installation,
                order_cap=cap,
                features=features,
            )
    for kind, price in ADD_ONS.items():
        model("billing", "AddOnPrice").objects.create(kind=kind, valid_from=VALID_FROM, monthly_price=price)
    for key, name, swedish, free in CATEGORIES:
        model("billing", "WorkCategory").objects.create(key=key, name=name, name_sv=swedish, is_free=free)


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_subscriptions")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
