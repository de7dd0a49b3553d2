"""The portal as a Django application."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"
    label = "portal"
    verbose_name = "Ledgerbridge"

    def ready(self) -> None:
        from portal import checks  # noqa: F401 - registers the system checks
