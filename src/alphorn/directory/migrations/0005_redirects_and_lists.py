"""Copies that stay or not, temporary addresses that end after so many messages, lists, paused
targets; and fewer addresses made in bulk where nobody chose the number."""

import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models


def fewer_in_bulk(apps, schema_editor):
    plans = apps.get_model("directory", "Plan").objects
    plans.filter(bulk_creations_per_day=1000).update(bulk_creations_per_day=50)


class Migration(migrations.Migration):
    dependencies = [
        ("directory", "0004_sending_lock"),
    ]

    operations = [
        migrations.CreateModel(
            name="ListMember",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PausedTarget",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("target", models.CharField(max_length=320)),
                ("since", models.BigIntegerField()),
                ("reason", models.CharField(blank=True, max_length=500)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="address",
            name="address_kind_known",
        ),
        migrations.RemoveConstraint(
            model_name="address",
            name="address_leads_somewhere",
        ),
        migrations.RemoveConstraint(
            model_name="address",
            name="address_temporary_expires",
        ),
        migrations.AddField(
            model_name="address",
            name="keep",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="address",
            name="label",
            field=models.CharField(blank=True, max_length=100),
        ),
        migrations.AddField(
            model_name="address",
            name="messages",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddConstraint(
            model_name="address",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        ["alias", "catch-all", "list", "own", "redirect", "refused", "temporary"],
                    )
                ),
                name="address_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="address",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("account__isnull", False), ("kind__in", ("own", "alias", "temporary"))
                    ),
                    models.Q(
                        ("account__isnull", True),
                        ("kind", "redirect"),
                        models.Q(("redirect_to", ""), _negated=True),
                    ),
                    models.Q(
                        ("account__isnull", True),
                        ("kind__in", ("list", "refused")),
                        ("redirect_to", ""),
                    ),
                    models.Q(
                        ("kind", "catch-all"),
                        models.Q(
                            ("account__isnull", False),
                            models.Q(("redirect_to", ""), _negated=True),
                            _connector="OR",
                        ),
                    ),
                    _connector="OR",
                ),
                name="address_leads_somewhere",
            ),
        ),
        migrations.AddConstraint(
            model_name="address",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("keep", True),
                    models.Q(
                        ("account__isnull", False), models.Q(("redirect_to", ""), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="address_keeps",
            ),
        ),
        migrations.AddConstraint(
            model_name="address",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("kind", "temporary"),
                        models.Q(
                            ("expires__isnull", False), ("messages__isnull", False), _connector="OR"
                        ),
                    ),
                    models.Q(
                        models.Q(("kind", "temporary"), _negated=True),
                        ("expires__isnull", True),
                        ("messages__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="address_temporary_expires",
            ),
        ),
        migrations.AddConstraint(
            model_name="address",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("messages__isnull", True), ("messages__gte", 1), _connector="OR"
                ),
                name="address_messages_some",
            ),
        ),
        migrations.AddConstraint(
            model_name="address",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    django.db.models.lookups.GreaterThanOrEqual(
                        django.db.models.functions.text.Length("label"), 0
                    ),
                    django.db.models.lookups.LessThanOrEqual(
                        django.db.models.functions.text.Length("label"), 100
                    ),
                ),
                name="address_label_length",
            ),
        ),
        migrations.AddField(
            model_name="listmember",
            name="account",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="lists",
                to="directory.account",
            ),
        ),
        migrations.AddField(
            model_name="listmember",
            name="address",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="members",
                to="directory.address",
            ),
        ),
        migrations.AddField(
            model_name="pausedtarget",
            name="domain",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="paused_targets",
                to="directory.domain",
            ),
        ),
        migrations.AddConstraint(
            model_name="listmember",
            constraint=models.UniqueConstraint(
                fields=("address", "account"), name="listmember_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="pausedtarget",
            constraint=models.UniqueConstraint(
                fields=("domain", "target"), name="pausedtarget_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="pausedtarget",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    django.db.models.lookups.Exact(
                        django.db.models.functions.text.Lower("target"), models.F("target")
                    )
                ),
                name="pausedtarget_target_folded",
            ),
        ),
        migrations.RunPython(fewer_in_bulk, migrations.RunPython.noop),
    ]
