"""The four groups. Their permissions come with `cases.people.ensure_roles`, once Django has made them."""

from django.db import migrations

ROLES = ("officers", "leads", "admins", "auditors")


def create_roles(apps, schema_editor):
    groups = apps.get_model("auth", "Group").objects.using(schema_editor.connection.alias)
    for name in ROLES:
        groups.get_or_create(name=name)


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial")]
    operations = [migrations.RunPython(create_roles, migrations.RunPython.noop)]
