"""What templates say of a person, the templates, and what each made in which account."""

import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("directory", "0005_redirects_and_lists"),
    ]

    operations = [
        migrations.CreateModel(
            name="Template",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=20)),
                ("name", models.CharField(max_length=100)),
                ("subject", models.CharField(blank=True, max_length=200)),
                ("text", models.TextField(blank=True)),
                ("html", models.TextField(blank=True)),
                ("automatic", models.BooleanField(default=False)),
                ("created", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="TemplateUse",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("item", models.CharField(max_length=100)),
                ("digest", models.BinaryField(max_length=32)),
            ],
        ),
        migrations.AddField(
            model_name="account",
            name="function",
            field=models.CharField(blank=True, max_length=100),
        ),
        migrations.AddField(
            model_name="account",
            name="phone",
            field=models.CharField(blank=True, max_length=50),
        ),
        migrations.AddField(
            model_name="account",
            name="postal_address",
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    django.db.models.lookups.GreaterThanOrEqual(
                        django.db.models.functions.text.Length("function"), 0
                    ),
                    django.db.models.lookups.LessThanOrEqual(
                        django.db.models.functions.text.Length("function"), 100
                    ),
                    django.db.models.lookups.GreaterThanOrEqual(
                        django.db.models.functions.text.Length("phone"), 0
                    ),
                    django.db.models.lookups.LessThanOrEqual(
                        django.db.models.functions.text.Length("phone"), 50
                    ),
                    django.db.models.lookups.GreaterThanOrEqual(
                        django.db.models.functions.text.Length("postal_address"), 0
                    ),
                    django.db.models.lookups.LessThanOrEqual(
                        django.db.models.functions.text.Length("postal_address"), 500
                    ),
                ),
                name="account_profile_length",
            ),
        ),
        migrations.AddField(
            model_name="template",
            name="domain",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="templates",
                to="directory.domain",
            ),
        ),
        migrations.AddField(
            model_name="template",
            name="organization",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="templates",
                to="directory.organization",
            ),
        ),
        migrations.AddField(
            model_name="templateuse",
            name="account",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="template_uses",
                to="directory.account",
            ),
        ),
        migrations.AddField(
            model_name="templateuse",
            name="template",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="uses",
                to="directory.template",
            ),
        ),
        migrations.AddConstraint(
            model_name="template",
            constraint=models.UniqueConstraint(
                models.F("organization"),
                models.F("kind"),
                django.db.models.functions.text.Lower("name"),
                name="template_organization_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="template",
            constraint=models.UniqueConstraint(
                models.F("domain"),
                models.F("kind"),
                django.db.models.functions.text.Lower("name"),
                name="template_domain_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="template",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("domain__isnull", True), ("organization__isnull", False)),
                    models.Q(("domain__isnull", False), ("organization__isnull", True)),
                    _connector="OR",
                ),
                name="template_one_scope",
            ),
        ),
        migrations.AddConstraint(
            model_name="template",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["responder", "signature"])),
                name="template_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="template",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    django.db.models.lookups.GreaterThanOrEqual(
                        django.db.models.functions.text.Length("name"), 1
                    ),
                    django.db.models.lookups.LessThanOrEqual(
                        django.db.models.functions.text.Length("name"), 100
                    ),
                ),
                name="template_name_length",
            ),
        ),
        migrations.AddConstraint(
            model_name="template",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("kind", "responder"),
                        django.db.models.lookups.GreaterThanOrEqual(
                            django.db.models.functions.text.Length("subject"), 0
                        ),
                        django.db.models.lookups.LessThanOrEqual(
                            django.db.models.functions.text.Length("subject"), 200
                        ),
                    ),
                    models.Q(("kind", "signature"), ("subject", "")),
                    _connector="OR",
                ),
                name="template_subject_of_responder",
            ),
        ),
        migrations.AddConstraint(
            model_name="template",
            constraint=models.CheckConstraint(
                condition=models.Q(("html", ""), ("text", ""), _negated=True),
                name="template_says_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="template",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    django.db.models.lookups.GreaterThanOrEqual(
                        django.db.models.functions.text.Length("text"), 0
                    ),
                    django.db.models.lookups.LessThanOrEqual(
                        django.db.models.functions.text.Length("text"), 20000
                    ),
                    django.db.models.lookups.GreaterThanOrEqual(
                        django.db.models.functions.text.Length("html"), 0
                    ),
                    django.db.models.lookups.LessThanOrEqual(
                        django.db.models.functions.text.Length("html"), 20000
                    ),
                ),
                name="template_template_length",
            ),
        ),
        migrations.AddConstraint(
            model_name="templateuse",
            constraint=models.UniqueConstraint(
                fields=("template", "account"), name="templateuse_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="templateuse",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    django.db.models.lookups.GreaterThanOrEqual(
                        django.db.models.functions.text.Length("item"), 1
                    ),
                    django.db.models.lookups.LessThanOrEqual(
                        django.db.models.functions.text.Length("item"), 100
                    ),
                ),
                name="templateuse_item_length",
            ),
        ),
        migrations.AddConstraint(
            model_name="templateuse",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    django.db.models.lookups.GreaterThanOrEqual(
                        django.db.models.functions.text.Length("digest"), 32
                    ),
                    django.db.models.lookups.LessThanOrEqual(
                        django.db.models.functions.text.Length("digest"), 32
                    ),
                ),
                name="templateuse_digest_length",
            ),
        ),
    ]
