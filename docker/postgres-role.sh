#!/bin/sh
# Runs once, when the database is created: the role of the program owns the database and cannot step over
# row-level security. The superuser of the image is for this and for backups only.
set -eu

psql --set ON_ERROR_STOP=1 --set password="$APP_PASSWORD" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
create role app login nosuperuser nobypassrls nocreatedb nocreaterole password :'password';
alter database ledgerbridge owner to app;
alter schema public owner to app;
SQL
