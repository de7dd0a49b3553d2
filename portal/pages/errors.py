"""Pages for what went wrong, each with a way out."""

from __future__ import annotations

import structlog
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader

from portal.people.access import current_membership
from portal.refusals import way_back


def _act_for_company(request: HttpRequest) -> bool:
    """Give the request its company, so that the page keeps its menu. False for strangers."""
    if not request.user.is_authenticated:
        return False
    membership = current_membership(request)
    if membership is not None:
        request.membership, request.company = membership, membership.company  # type: ignore[attr-defined]
    return True


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001  Django names it
    """404: says nothing about whether the thing exists for somebody else."""
    template = "errors/404.html" if _act_for_company(request) else "errors/404_stranger.html"
    return render(request, template, status=404)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001  Django names it
    """403 from outside a company page."""
    return render(request, "errors/404_stranger.html", status=403)


def broken(_request: HttpRequest) -> HttpResponse:
    """500: touches neither database nor session; the reference is the one in the log."""
    page = loader.get_template("errors/500.html")
    reference = structlog.contextvars.get_contextvars().get("request_id", "")
    return HttpResponse(page.render({"reference": reference}), status=500)


def csrf(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001  Django names it
    """403 for a form without a valid token: mostly a tab left open over a sign-in."""
    return render(request, "errors/csrf.html", {"back": way_back(request)}, status=403)
