"""What a document comes to on each side, worked out by PostgreSQL from the bases, so that reconciliation adds up a
hundred thousand of them in one query. One change of the table for all columns: each alone would write it anew. Amounts
are `numeric` without a scale, so that they read back as they were entered."""

from django.db import migrations, models

FUNCTIONS = """
create function lb_first(names text, variadic parts jsonb[]) returns text language plpgsql immutable as $$
declare
  part jsonb; name text; found text;
begin
  foreach part in array parts loop
    if part ? 'sf' or part ? 'qbo' then part := coalesce(part -> 'qbo', part -> 'sf'); end if;
    foreach name in array string_to_array(names, ',') loop
      found := part ->> name;
      if found <> '' then return found; end if;
    end loop;
  end loop;
  return null;
end $$;

create function lb_party(side text, base jsonb, seen jsonb) returns text language plpgsql immutable as $$
begin
  return coalesce(base ->> 'customer', base ->> 'account', seen -> side ->> 'customer', seen -> side ->> 'account');
end $$;

create function lb_tax(side text, base jsonb, seen jsonb) returns numeric language plpgsql immutable as $$
begin
  return coalesce(base ->> 'doc_tax', seen -> side ->> 'doc_tax')::numeric;
end $$;

create function lb_net(side text, held jsonb, base jsonb, seen jsonb) returns numeric language plpgsql immutable as $$
declare
  lines jsonb := coalesce(nullif(held #> array['lines', side, 'lines'], 'null'), base -> 'lines',
                          seen -> side -> 'lines');
begin
  if jsonb_typeof(lines) is distinct from 'array' then return null; end if;
  return (
    select coalesce(sum((line ->> 'amount')::numeric * case
      when line ->> 'kind' = 'discount' or line ->> 'line_type' = 'Discount' then -1
      when line ->> 'kind' = 'text' then 0 else 1 end), 0)
    from jsonb_array_elements(lines) line);
end $$;
"""
DROPPED = """
drop function lb_first(text, jsonb[]);
drop function lb_party(text, jsonb, jsonb);
drop function lb_tax(text, jsonb, jsonb);
drop function lb_net(text, jsonb, jsonb, jsonb);
"""
FIGURES = {
    "doc_net_sf": "numeric generated always as (lb_net('sf', held, sf_base, seen)) stored",
    "doc_net_qbo": "numeric generated always as (lb_net('qbo', held, qbo_base, seen)) stored",
    "doc_tax_sf": "numeric generated always as (lb_tax('sf', sf_base, seen)) stored",
    "doc_tax_qbo": "numeric generated always as (lb_tax('qbo', qbo_base, seen)) stored",
    "doc_customer_sf": "text generated always as (lb_party('sf', sf_base, seen)) stored",
    "doc_customer_qbo": "text generated always as (lb_party('qbo', qbo_base, seen)) stored",
    "doc_currency": "text generated always as (lb_first('currency', qbo_base, sf_base, seen)) stored",
    "doc_day": "text generated always as (lb_first('doc_date,date', qbo_base, sf_base, seen)) stored",
}
TABLE = "alter table syncapp_linkbase "
ADDED = [
    TABLE + "add column seen jsonb not null default '{}'",  # first: the others are made of it
    TABLE + ", ".join(f"add column {name} {kind}" for name, kind in FIGURES.items()),
]
TAKEN = [TABLE + ", ".join(f"drop column {name}" for name in FIGURES), TABLE + "drop column seen"]


class Migration(migrations.Migration):
    dependencies = [
        ("syncapp", "0002_tables"),
    ]

    operations = [
        migrations.RunSQL(FUNCTIONS, DROPPED),
        migrations.RunSQL(
            ADDED,
            TAKEN,
            state_operations=[
                migrations.AddField(
                    model_name='linkbase',
                    name='seen',
                    field=models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict),
                ),
                migrations.AddField(
                    model_name='linkbase',
                    name='doc_currency',
                    field=models.GeneratedField(db_persist=True, expression=models.Func(models.Value('currency'), models.F('qbo_base'), models.F('sf_base'), models.F('seen'), function='lb_first'), null=True, output_field=models.TextField()),
                ),
                migrations.AddField(
                    model_name='linkbase',
                    name='doc_customer_qbo',
                    field=models.GeneratedField(db_persist=True, expression=models.Func(models.Value('qbo'), models.F('qbo_base'), models.F('seen'), function='lb_party'), null=True, output_field=models.TextField()),
                ),
                migrations.AddField(
                    model_name='linkbase',
                    name='doc_customer_sf',
                    field=models.GeneratedField(db_persist=True, expression=models.Func(models.Value('sf'), models.F('sf_base'), models.F('seen'), function='lb_party'), null=True, output_field=models.TextField()),
                ),
                migrations.AddField(
                    model_name='linkbase',
                    name='doc_day',
                    field=models.GeneratedField(db_persist=True, expression=models.Func(models.Value('doc_date,date'), models.F('qbo_base'), models.F('sf_base'), models.F('seen'), function='lb_first'), null=True, output_field=models.TextField()),
                ),
                migrations.AddField(
                    model_name='linkbase',
                    name='doc_net_qbo',
                    field=models.GeneratedField(db_persist=True, expression=models.Func(models.Value('qbo'), models.F('held'), models.F('qbo_base'), models.F('seen'), function='lb_net'), null=True, output_field=models.DecimalField(decimal_places=8, max_digits=24)),
                ),
                migrations.AddField(
                    model_name='linkbase',
                    name='doc_net_sf',
                    field=models.GeneratedField(db_persist=True, expression=models.Func(models.Value('sf'), models.F('held'), models.F('sf_base'), models.F('seen'), function='lb_net'), null=True, output_field=models.DecimalField(decimal_places=8, max_digits=24)),
                ),
                migrations.AddField(
                    model_name='linkbase',
                    name='doc_tax_qbo',
                    field=models.GeneratedField(db_persist=True, expression=models.Func(models.Value('qbo'), models.F('qbo_base'), models.F('seen'), function='lb_tax'), null=True, output_field=models.DecimalField(decimal_places=8, max_digits=24)),
                ),
                migrations.AddField(
                    model_name='linkbase',
                    name='doc_tax_sf',
                    field=models.GeneratedField(db_persist=True, expression=models.Func(models.Value('sf'), models.F('sf_base'), models.F('seen'), function='lb_tax'), null=True, output_field=models.DecimalField(decimal_places=8, max_digits=24)),
                ),
            ],
        ),
    ]
