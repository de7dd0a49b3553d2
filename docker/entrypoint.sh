#!/bin/sh
# One image, several roles: web, worker-interactive, worker-system, worker-bulk, beat, migrate; anything else goes to manage.py.
set -eu

role="${1:-web}"
case "$role" in
  web)
    exec gunicorn portal.wsgi --bind 0.0.0.0:8000 \
      --workers "${WEB_WORKERS:-2}" --threads "${WEB_THREADS:-4}" \
      --preload --max-requests 20000 --max-requests-jitter 2000 --timeout 60 --graceful-timeout 30 \
      --worker-tmp-dir /tmp --no-control-socket --forwarded-allow-ips "${FORWARDED_ALLOW_IPS:-*}"
    ;;
  worker-interactive | worker-system | worker-bulk)
    work="${role#worker-}"
    queues="$work"
    [ "$work" != bulk ] || queues=bulk,system # what a person waits for finds processes that take nothing else
    exec celery --app portal worker --queues "$queues" --hostname "$work@%h" \
      --concurrency "${WORKER_PROCESSES:-2}" --without-gossip --without-mingle --without-heartbeat --loglevel info
    ;;
  beat)
    exec celery --app portal beat --schedule /tmp/beat --pidfile= --loglevel info
    ;;
  migrate)
    python manage.py check --deploy --fail-level ERROR
    exec python manage.py migrate --no-input
    ;;
  *)
    exec python manage.py "$@"
    ;;
esac
