from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("syncapp", "0013_the_inbox_of_notices")]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="metered_budget",
            field=models.PositiveIntegerField(blank=True, default=500000, null=True),
        )
    ]
