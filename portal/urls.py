"""Addresses of the portal."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from portal import health, metrics
from portal.api import v1
from portal.notify import unsubscribe
from portal.operators import operators_site
from portal.pages import home, mailbox
from portal.people import invitations
from portal.site import portal_site

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz/live", health.live, name="health-live"),
    path("healthz", health.ready, name="health-ready"),
    path("metrics", metrics.metrics, name="metrics"),
    path("accounts/", include("allauth.urls")),
    path("theme/", home.theme, name="theme"),
    path("join/<str:token>/", invitations.join, name="join"),
    path("unsubscribe/<str:token>/", unsubscribe.page, name="unsubscribe"),
    path("hooks/", include("portal.hooks.urls")),
    path("api/v1/", include((v1.urls(), "api-1"))),
    path("operators/", operators_site.urls),
]
if settings.SHOW_MAILS:
    urlpatterns += [path("dev/mails/", mailbox.mails, name="mails")]
urlpatterns += [path("", portal_site.urls)]

handler403 = "portal.pages.errors.forbidden"
handler404 = "portal.pages.errors.not_found"
handler500 = "portal.pages.errors.broken"
