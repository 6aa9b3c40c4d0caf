from django.db import migrations

from flows import groups


def make(apps, schema_editor):
    groups.make(apps, schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [
        ("flows", "0006_backoffice_indexes"),
        ("billing", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
