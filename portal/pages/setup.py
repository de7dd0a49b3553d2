"""The setup wizard: one thing per step, each with its own address.

Where a company stands is read from the database (`services.setup.progress`), so setup survives consent pages, other
browsers and other people. Nothing is written to either side before the last step.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.pages.company_forms import CompanyForm
from portal.pages.connect import begin, end_point_of, without_app
from portal.pages.connect_forms import EndPointForm
from portal.pages.setup_forms import PAIRS, TEMPLATES, WINNERS, TemplateForm
from portal.pages.sides import WORDS, asked_to_connect
from portal.people.access import (
    PortalRequest,
    company_page,
    current_membership,
    may_connect,
    signed_in_page,
)
from portal.people.companies import found
from portal.people.forms import AskColleagueForm
from portal.people.invitations import ask_to_connect
from portal.people.models import Invitation, User
from portal.templatetags.portal import mails_url
from syncapp.models import Connection, ConnectionStatus, Integration, Mapping, VendorSide
from syncapp.recipes import STARTERS, sets
from syncapp.recipes.sets import RecipeSet
from syncapp.services import companies, connect, health
from syncapp.services import setup as setups

STEP_ORDER = (
    "welcome",
    "company",
    "salesforce",
    "quickbooks",
    "health",
    "template",
    "match",
    "start",
    "test",
)
DEMO_ZONE, DEMO_CURRENCY = "America/Los_Angeles", "USD"


@company_page("setup.view")
def setup(_request: PortalRequest) -> HttpResponse:
    """Go on where setup stands; past its last step, the dashboard."""
    integration = integration_of_setup()
    current = setups.progress(integration).current if integration is not None else "salesforce"
    return redirect(f"portal:setup-{current}" if current else "portal:dashboard")


@company_page("integrations.edit")
@require_POST
def setup_new(request: PortalRequest) -> HttpResponse:
    """Begin a further integration of this company."""
    setups.start_integration(request.company)
    return redirect("portal:setup")


def integration_of_setup() -> Integration | None:
    """The integration that is being set up; without one the first, so that finished setups can be looked at."""
    rows = Integration.objects.order_by("id")
    return rows.filter(switched_on_at__isnull=True).first() or rows.first()


def page(
    request: HttpRequest,
    step: str,
    context: dict[str, Any] | None = None,
    *,
    status: int = 200,
    template: str = "",
) -> HttpResponse:
    """A step with the path beside it. `template` is another page of the same step."""
    company = getattr(request, "company", None)
    integration = integration_of_setup() if company else None
    frame = {
        "steps": setups.progress(integration).steps,
        "step": step,
        "number": STEP_ORDER.index(step),
        "back": _back(step),
        "live": integration is not None and integration.switched_on_at is not None,
    }
    return render(request, template or f"setup/{step}.html", {**frame, **(context or {})}, status=status)


def _back(step: str) -> str:
    at = STEP_ORDER.index(step)
    return reverse(f"portal:setup-{STEP_ORDER[at - 1]}") if at else ""


# --- before there is a company ---


@signed_in_page
@require_GET
def welcome(request: HttpRequest) -> HttpResponse:
    """What is needed, who has it, how long it takes."""
    _act_for_company(request)
    return render(
        request, "setup/welcome.html", {"demo_possible": "simulator" in _environments(VendorSide.SALESFORCE)}
    )


def _environments(side: str) -> list[str]:
    return [str(one) for one in connect.environments(side)]


def _act_for_company(request: HttpRequest) -> None:
    membership = current_membership(request)
    if membership is not None:
        request.membership, request.company = membership, membership.company  # type: ignore[attr-defined]


@signed_in_page
@require_POST
def demo(request: HttpRequest) -> HttpResponseBase:
    """Try it with made-up data: a company of its own, with the simulator as its end points."""
    assert isinstance(request.user, User)  # noqa: S101  the only user model
    if "simulator" not in _environments(VendorSide.SALESFORCE):
        messages.error(request, "This installation has no simulator; it is for development installations.")
        return redirect("portal:setup-welcome")
    name = f"Demo of {request.user.get_full_name() or request.user.email}"[:120]
    found(request, request.user, name=name, zone=DEMO_ZONE, currency=DEMO_CURRENCY, is_demo=True)
    return redirect("portal:setup-salesforce")


@signed_in_page
@require_http_methods(["GET", "POST"])
def company_first(request: HttpRequest) -> HttpResponseBase:
    """Name, zone and currency; makes the company, or changes the one being set up."""
    membership = current_membership(request)
    if membership is not None:
        return company_step(request)
    form = CompanyForm(request.POST or None, initial={"zone": "America/New_York", "currency": "USD"})
    if request.method == "POST" and form.is_valid():
        assert isinstance(request.user, User)  # noqa: S101  the only user model
        found(request, request.user, **form.cleaned_data)
        return redirect("portal:setup-salesforce")
    return page(request, "company", {"form": form}, status=422 if form.errors else 200)


@company_page("setup.edit")
def company_step(request: PortalRequest) -> HttpResponseBase:
    """Change what was entered about the company."""
    company = request.company
    initial = {"name": company.name, "zone": company.zone, "currency": company.currency}
    form = CompanyForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        companies.update(company, request.user, **form.cleaned_data)
        return redirect("portal:setup-salesforce")
    return page(request, "company", {"form": form}, status=422 if form.errors else 200)


# --- the two sides ---


@company_page("setup.view")
@require_GET
def side_step(request: PortalRequest, side: str) -> HttpResponse:
    """Connect one side, or ask a colleague who can."""
    form = EndPointForm(side, connect.environments(side), initial=end_point_of(request))
    return _side_page(request, side, form)


@company_page("connections.edit", also=asked_to_connect)
@require_POST
def side_start(request: PortalRequest, side: str) -> HttpResponseBase:
    """Go on to the consent page of the chosen end point."""
    form = EndPointForm(side, connect.environments(side), request.POST)
    if not form.is_valid():
        return _side_page(request, side, form)
    setups.start_integration(request.company)
    return begin(request, form, return_to=reverse(f"portal:setup-{WORDS[side]}"))


def _side_page(request: PortalRequest, side: str, form: EndPointForm) -> HttpResponse:
    context = {
        "form": form,
        "side": side,
        "label": VendorSide(side).label,
        "connection": _connected(side),
        "may_connect": may_connect(request.membership, side),
        "ask_form": AskColleagueForm(initial={"side": side}),
        "asked": _asked(side),
        "callback": connect.redirect_uri(side),
        "next": reverse("portal:setup"),
        "without_app": without_app(request, side),
    }
    return page(request, WORDS[side], context, status=422 if form.errors else 200)


def _asked(side: str) -> QuerySet[Invitation]:
    open_ones = Invitation.objects.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=timezone.now())
    return open_ones.filter(connects=side)


def _connected(side: str) -> Connection | None:
    """The connection of the integration being set up, else the newest live one of that side."""
    found_one: Connection | None = getattr(integration_of_setup(), WORDS[side], None)
    if found_one is not None:
        return found_one
    rows = Connection.objects.filter(side=side).exclude(status=ConnectionStatus.DISCONNECTED)
    return rows.order_by("-connected_at").first()


@company_page("setup.edit")
@require_POST
def ask(request: PortalRequest, side: str) -> HttpResponseBase:
    """Send a colleague the invitation to connect this side."""
    form = AskColleagueForm(request.POST)
    if form.is_valid():
        email = form.cleaned_data["email"]
        ask_to_connect(request.company, request.user, email, side, form.cleaned_data["note"])
        where = " It is among the mails of this installation." if mails_url() else ""
        messages.success(request, f"We have asked {email} to connect {VendorSide(side).label}.{where}")
    else:
        messages.error(request, "Enter your colleague's e-mail address.")
    return redirect(f"portal:setup-{WORDS[side]}")


# --- health, template ---


@company_page("setup.view")
@require_GET
def health_step(request: PortalRequest) -> HttpResponseBase:
    """What both sides allow, as of the last check; the first check starts by itself when the page opens."""
    integration = integration_of_setup()
    if integration is None or integration.salesforce is None or integration.quickbooks is None:
        return redirect("portal:setup")
    return page(request, "health", _health(integration))


@transaction.non_atomic_requests
@company_page("setup.edit")
@require_POST
def health_check(request: PortalRequest) -> HttpResponseBase:
    """Look at both sides now, without changing anything."""
    integration = setups.start_integration(request.company)
    health.check(integration)
    if request.htmx:
        return render(request, "setup/health_report.html", _health(integration))
    return redirect("portal:setup-health")


def _health(integration: Integration) -> dict[str, Any]:
    report = health.last(integration)
    every = [*report.salesforce, *report.quickbooks]
    to_fix = sum(1 for check in every if check.level == "bad")
    to_know = sum(1 for check in every if check.level == "warn")
    return {
        "report": report,
        "integration": integration,
        "verdict": _verdict(to_fix, to_know),
        "to_fix": to_fix,
        "total": len(every),
        "fine": len(every) - to_fix - to_know,
    }


NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def _verdict(to_fix: int, to_know: int) -> str:
    """Two things to fix, one to know."""
    if not to_fix and not to_know:
        return "Everything is fine"
    fix = f"{_number(to_fix)} thing{'' if to_fix == 1 else 's'} to fix" if to_fix else ""
    know = (
        f"{_number(to_know)} {'to know' if to_fix else 'thing to know' if to_know == 1 else 'things to know'}"
    )
    return ", ".join(part for part in (fix, know if to_know else "") if part).capitalize()


def _number(count: int) -> str:
    return NUMBERS[count] if count < len(NUMBERS) else str(count)


@company_page("setup.view")
@require_GET
def template_step(request: PortalRequest) -> HttpResponse:
    """Which direction, and who wins."""
    integration = integration_of_setup()
    initial: dict[str, Any] = {"template": "bidirectional", "winner": "ask", "pairs": []}
    start = sets.BY_KEY.get(request.GET.get("start", ""))
    if start is not None:
        initial = {"template": start.template.value, "winner": start.winner.value, "pairs": start.recipes}
    elif integration is not None and integration.template:
        chosen = Mapping.objects.filter(integration=integration).values_list("recipe", flat=True)
        initial = {
            "template": integration.template,
            "winner": integration.winner,
            "pairs": list(chosen),
        }
    return _template_page(request, TemplateForm(initial=initial), start)


@transaction.non_atomic_requests
@company_page("setup.edit")
@require_POST
def template_save(request: PortalRequest) -> HttpResponseBase:
    """Fill the mapping from the prebuilt one for this choice."""
    form = TemplateForm(request.POST)
    if not form.is_valid():
        return _template_page(request, form)
    integration = setups.start_integration(request.company)
    setups.choose_template(
        integration,
        form.cleaned_data["template"],
        form.cleaned_data["winner"],
        request.user,
        (*STARTERS, *form.cleaned_data["pairs"]),
    )
    return redirect("portal:setup-match")


def _template_page(
    request: PortalRequest, form: TemplateForm, start: RecipeSet | None = None
) -> HttpResponse:
    """The choices; a set to start from only fills them in."""
    context = {
        "form": form,
        "sets": sets.SETS,
        "start": start,
        "templates": TEMPLATES,
        "winners": WINNERS,
        "pairs": PAIRS,
    }
    return page(request, "template", context, status=422 if form.errors else 200)


urls: list[URLPattern] = [
    path("setup/", setup, name="setup"),
    path("setup/new/", setup_new, name="setup-new"),
    path("setup/welcome/", welcome, name="setup-welcome"),
    path("setup/demo/", demo, name="setup-demo"),
    path("setup/company/", company_first, name="setup-company"),
    path("setup/salesforce/", side_step, {"side": "sf"}, name="setup-salesforce"),
    path("setup/quickbooks/", side_step, {"side": "qbo"}, name="setup-quickbooks"),
    path("setup/<side:side>/start/", side_start, name="setup-side-start"),
    path("setup/<side:side>/ask/", ask, name="setup-ask"),
    path("setup/health/", health_step, name="setup-health"),
    path("setup/health/check/", health_check, name="setup-health-check"),
    path("setup/template/", template_step, name="setup-template"),
    path("setup/template/save/", template_save, name="setup-template-save"),
]
