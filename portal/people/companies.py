"""Making a company: the company, its first owner and the session that acts for it, in one transaction."""

from __future__ import annotations

from django.http import HttpRequest

from portal.people.access import enter
from portal.people.models import Membership, Role, User
from syncapp.models import Company
from syncapp.services import companies, setup
from syncapp.tenancy import tenant


def found(
    request: HttpRequest, owner: User, *, name: str, zone: str, currency: str, is_demo: bool = False
) -> Company:
    """Create a company owned by `owner`, begin its setup, and let this session act for it; one transaction."""
    company = companies.create(owner, name=name, zone=zone, currency=currency, is_demo=is_demo)
    with tenant(company.id):
        setup.start_integration(company)
        Membership.objects.create(company=company, user=owner, role=Role.OWNER)
    enter(request, company.id)
    return company
