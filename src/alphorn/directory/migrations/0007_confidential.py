"""Gateways into secured networks, and which addresses were asked to use one only."""

import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("directory", "0006_templates"),
    ]

    operations = [
        migrations.CreateModel(
            name="Gateway",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=63, unique=True)),
                ("hosts", models.TextField()),
                ("port", models.IntegerField()),
                ("clients", models.TextField(blank=True)),
                ("networks", models.TextField()),
                ("contact", models.CharField(blank=True, max_length=320)),
                ("created", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            django.db.models.lookups.GreaterThanOrEqual(
                                django.db.models.functions.text.Length("name"), 1
                            ),
                            django.db.models.lookups.LessThanOrEqual(
                                django.db.models.functions.text.Length("name"), 63
                            ),
                            django.db.models.lookups.Exact(
                                models.Func(
                                    models.F("name"),
                                    models.Value("abcdefghijklmnopqrstuvwxyz0123456789-"),
                                    function="LTRIM",
                                    output_field=models.CharField(),
                                ),
                                models.Value(""),
                            ),
                            models.Q(("name__startswith", "-"), _negated=True),
                            models.Q(("name__endswith", "-"), _negated=True),
                        ),
                        name="gateway_name_rules",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("hosts", ""), _negated=True),
                            models.Q(("networks", ""), _negated=True),
                        ),
                        name="gateway_has_hosts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("port__gte", 1), ("port__lte", 65535)),
                        name="gateway_port_range",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ConfidentialAddress",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("state", models.CharField(max_length=20)),
                ("asked_by", models.CharField(max_length=320)),
                ("asked", models.BigIntegerField()),
                ("asked_note", models.CharField(blank=True, max_length=500)),
                ("decided_by", models.CharField(blank=True, max_length=320)),
                ("decided", models.BigIntegerField(null=True)),
                ("decided_note", models.CharField(blank=True, max_length=500)),
                (
                    "address",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="confidential",
                        to="directory.address",
                    ),
                ),
                (
                    "gateway",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="addresses",
                        to="directory.gateway",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["active", "refused", "requested", "withdrawn"])
                        ),
                        name="confidentialaddress_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("decided__isnull", True),
                                ("decided_by", ""),
                                ("decided_note", ""),
                                ("state", "requested"),
                            ),
                            models.Q(
                                models.Q(("state", "requested"), _negated=True),
                                models.Q(("decided_by", ""), _negated=True),
                                ("decided__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="confidentialaddress_decided_whole",
                    ),
                ],
            },
        ),
    ]
