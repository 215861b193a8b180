"""The time zone in which an account's rules live."""

import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("directory", "0007_confidential"),
    ]

    operations = [
        migrations.AddField(
            model_name="account",
            name="zone",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    django.db.models.lookups.GreaterThanOrEqual(
                        django.db.models.functions.text.Length("zone"), 0
                    ),
                    django.db.models.lookups.LessThanOrEqual(
                        django.db.models.functions.text.Length("zone"), 64
                    ),
                ),
                name="account_zone_length",
            ),
        ),
    ]
