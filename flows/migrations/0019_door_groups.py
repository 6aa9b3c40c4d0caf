from django.db import migrations

from flows import groups


def extend(apps, schema_editor):
    groups.extend(apps, schema_editor.connection.alias, groups.OF_DOORS)


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0004_doors"),
        ("flows", "0018_outgoing"),
    ]

    operations = [migrations.RunPython(extend, migrations.RunPython.noop)]
