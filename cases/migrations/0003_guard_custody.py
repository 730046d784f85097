"""Entries of the chain of custody can be added, never changed or removed."""

from django.db import migrations

from cases import custody_guard


def install(apps, schema_editor):
    custody_guard.install(schema_editor.connection)


def remove(apps, schema_editor):
    custody_guard.remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("cases", "0002_create_roles")]
    operations = [migrations.RunPython(install, remove)]
