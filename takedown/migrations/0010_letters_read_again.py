"""Greetings and closings, marks and years of each language; statutes by the titles their own language gives them."""

from django.db import migrations

from takedown.seeding import seed_lawbook


def say(apps, schema_editor):
    models = (apps.get_model("takedown", name) for name in ("Statute", "LetterTemplate", "LawbookVersion"))
    seed_lawbook(*models)


class Migration(migrations.Migration):
    dependencies = [("takedown", "0009_say_the_ladder")]
    operations = [migrations.RunPython(say, migrations.RunPython.noop)]
