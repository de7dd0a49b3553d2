"""What people and outside callers touch: HTTP, sign-in, companies' people, pages. No sync knowledge."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
