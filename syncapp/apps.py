from django.apps import AppConfig


class SyncAppConfig(AppConfig):
    """The product's domain as a Django app."""

    name = "syncapp"
    label = "syncapp"
    verbose_name = "Sync"
    default_auto_field = "django.db.models.BigAutoField"
