"""The audit trail is append-only in the database itself."""

from django.db import migrations

APPEND_ONLY = """
create or replace function lb_audit_append_only() returns trigger language plpgsql as $$
begin
  if current_setting('app.purge_audit', true) = 'on' then
    return coalesce(new, old);
  end if;
  if tg_op = 'DELETE' then
    raise exception 'the audit trail is append-only';
  end if;
  if old.number is not null and (new.number, new.chain) is distinct from (old.number, old.chain) then
    raise exception 'a sealed row of the audit trail keeps its number and seal';
  end if;
  if (to_jsonb(new) - 'number' - 'chain' - 'link_id') is distinct from (to_jsonb(old) - 'number' - 'chain' - 'link_id')
     or (new.link_id is not null and new.link_id is distinct from old.link_id) then
    raise exception 'the audit trail is append-only';
  end if;
  return new;
end $$;
create trigger lb_audit_append_only before update or delete on syncapp_auditevent
  for each row execute function lb_audit_append_only();
"""
"""Rows are numbered and sealed once, and lose their link when that goes; nothing else of them ever changes. Only the
removal of a whole company, which says so for its transaction, takes rows away."""


class Migration(migrations.Migration):
    dependencies = [
        ("syncapp", "0003_figures_of_documents"),
    ]

    operations = [
        migrations.RunSQL(
            APPEND_ONLY,
            "drop trigger lb_audit_append_only on syncapp_auditevent; drop function lb_audit_append_only();",
        ),
    ]
