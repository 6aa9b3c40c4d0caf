from django.db import migrations

from flows import groups


def extend(apps, schema_editor):
    groups.extend(apps, schema_editor.connection.alias, groups.OF_REGISTERS)


class Migration(migrations.Migration):
    dependencies = [
        ("flows", "0010_registers"),
        ("billing", "0003_price_list"),
    ]

    operations = [migrations.RunPython(extend, migrations.RunPython.noop)]
