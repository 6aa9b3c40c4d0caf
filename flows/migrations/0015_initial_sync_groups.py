from django.db import migrations

from flows import groups


def extend(apps, schema_editor):
    groups.extend(apps, schema_editor.connection.alias, groups.OF_INITIAL_SYNCS)


class Migration(migrations.Migration):
    dependencies = [
        ("flows", "0014_initial_syncs"),
    ]

    operations = [migrations.RunPython(extend, migrations.RunPython.noop)]
