"""The rows that every installation begins with: the version counter and a plan to start from."""

from django.db import migrations


def begin(apps, schema_editor):
    apps.get_model("directory", "DirectoryVersion").objects.create(pk=1, version=1)
    apps.get_model("directory", "Plan").objects.create(
        name="Standard",
        address_quota=1000,
        storage_octets=10 * 2**30,
        catch_all=True,
        recipients_per_message=100,
        messages_per_hour=500,
        messages_per_day=2000,
        bulk_creations_per_day=1000,
    )


class Migration(migrations.Migration):
    dependencies = [("directory", "0001_initial")]
    operations = [migrations.RunPython(begin, migrations.RunPython.noop)]
