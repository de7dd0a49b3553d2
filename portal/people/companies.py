"""Making a company: the company, its first owner and the session that acts for it, in one transaction."""

from __future__ import annotations

from django.http import HttpRequest

from portal.people.access import enter
from portal.people.models import Membership, Role, User
from syncapp.models import Company
from syncapp.services import companies
from syncapp.tenancy import tenant


def found(request: HttpRequest, owner: User, *, name: str, zone: str, currency: str) -> Company:
    """Create a company owned by `owner` and let this session act for it. Runs in the request's transaction."""
    company = companies.create(owner, name=name, zone=zone, currency=currency)
    with tenant(company.id):
        Membership.objects.create(company=company, user=owner, role=Role.OWNER)
    enter(request, company.id)
    return company
