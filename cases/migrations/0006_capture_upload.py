from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("cases", "0005_time_stamps"),
    ]

    operations = [
        migrations.AlterField(
            model_name="capture",
            name="method",
            field=models.CharField(
                blank=True,
                choices=[("browser", "Browser"), ("http", "Plain HTTP"), ("upload", "Handed in by an officer")],
                max_length=8,
            ),
        ),
    ]
