"""The lawbook of this release, so that a new installation can write letters at once."""

from django.db import migrations

from takedown.seeding import seed_lawbook


def load(apps, schema_editor):
    seed_lawbook(apps.get_model("takedown", "Statute"), apps.get_model("takedown", "LetterTemplate"), None)


class Migration(migrations.Migration):
    dependencies = [("takedown", "0001_initial")]
    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
