"""What the models cannot say: the clock all SQL uses, and the sequence that fences come from."""

from django.db import migrations

CLOCK = """
create or replace function lb_now() returns timestamptz language sql stable as $$
  select coalesce(nullif(current_setting('app.now', true), '')::timestamptz, clock_timestamp())
$$;
create sequence if not exists syncapp_fence_seq;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies: list[tuple[str, str]] = []

    operations = [
        migrations.RunSQL(CLOCK, "drop function lb_now(); drop sequence syncapp_fence_seq;"),
    ]
