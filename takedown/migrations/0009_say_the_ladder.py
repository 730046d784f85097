"""The sentences with which a reminder and a letter of a later rung begin."""

from django.db import migrations

from takedown.seeding import seed_lawbook


def say(apps, schema_editor):
    models = (apps.get_model("takedown", name) for name in ("Statute", "LetterTemplate", "LawbookVersion"))
    seed_lawbook(*models)


class Migration(migrations.Migration):
    dependencies = [("takedown", "0008_ladder")]
    operations = [migrations.RunPython(say, migrations.RunPython.noop)]
