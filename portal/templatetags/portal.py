"""Template tags of the design language: icons, state pills, times, money, menu and frame of a page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal import menu
from portal.money import as_money
from portal.people.access import current_membership, memberships_of
from portal.people.access import may as role_may
from portal.people.models import Membership
from portal.states import look_of
from portal.times import absolute, relative
from syncapp.models import Connection, ConnectionStatus
from syncapp.tenancy import tenant

register = template.Library()

THEMES = ("light", "dark")
THEME_COOKIE = "theme"


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """`{% icon "check" %}`: an icon of the sprite; decorative, the word stands beside it."""
    return format_html(
        '<svg class="i {}" aria-hidden="true"><use href="{}#{}"/></svg>',
        classes,
        static("portal/icons.svg"),
        name,
    )


SIDES = {"sf": ("side-sf", "Salesforce"), "qbo": ("side-qb", "QuickBooks")}


@register.simple_tag
def side(key: str, word: str = "") -> SafeString:
    """`{% side "sf" %}`: the half-filled square of a side with its name (or another word) beside it."""
    mark, name = SIDES[str(key)]
    classes = "sf" if str(key) == "sf" else "qb"
    return format_html("{}<span>{}</span>", icon(mark, classes), word or name)


@register.simple_tag
def state(state_or_words: Any, about: str = "", size: str = "") -> SafeString:
    """`{% state "in_sync" %}` or `{% state words %}`: the pill of a state, the only place that draws one.

    `about` follows the word after a colon (the name waited for, the reason of a skip). Objects bring `key`, and
    optionally `about`.
    """
    key = str(getattr(state_or_words, "key", state_or_words))
    about = str(about or getattr(state_or_words, "about", "") or "")
    look = look_of(key)
    text = _with_about(look.word, key, about)
    return format_html(
        '<span class="pill {} {} {}" title="{}">{}<span class="clip">{}</span></span>',
        look.tone,
        size,
        "spin" if look.turns else "",
        text,
        icon(look.icon),
        text,
    )


def _with_about(word: str, key: str, about: str) -> str:
    if not about:
        return word
    return f"{word} for {about}" if key == "waiting" else f"{word}: {about}"


@register.simple_tag
def dot(key: str) -> SafeString:
    """`{% dot "check.bad" %}`: the round mark before a verdict or a line of history."""
    look = look_of(key)
    return format_html(
        '<span class="dot {}">{}<span class="sr">{}</span></span>', look.tone, icon(look.icon), look.word
    )


@register.filter
def tone_of(key: str) -> str:
    """The tone class of a state, for tiles and bars."""
    return look_of(key).tone


@register.filter
def word_of(key: str) -> str:
    """The word of a state."""
    return look_of(key).word


@register.filter
def icon_of(key: str) -> str:
    """The icon name of a state."""
    return look_of(key).icon


@register.simple_tag(takes_context=True)
def time(context: template.Context, moment: datetime | None, empty: str = "never") -> SafeString | str:
    """`{% time run.finished_at %}`: relative in the text, absolute with zone in `title` and `datetime`."""
    return time_of(moment, str(zone_of(context)), empty)


def time_of(moment: datetime | None, zone_name: str, empty: str = "never") -> SafeString:
    """What `{% time %}` draws, for columns of model lists."""
    if moment is None:
        return format_html('<span class="muted">{}</span>', empty)
    zone = ZoneInfo(zone_name)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.astimezone(zone).isoformat(timespec="seconds"),
        absolute(moment, zone),
        relative(moment, timezone.now(), zone),
    )


@register.simple_tag(takes_context=True)
def clock(context: template.Context, moment: datetime | None) -> SafeString | str:
    """`{% clock schedule.next_at %}`: the absolute time, for lists of times to come."""
    if moment is None:
        return ""
    zone = zone_of(context)
    return format_html(
        '<time datetime="{}">{}</time>', moment.astimezone(zone).isoformat(), absolute(moment, zone)
    )


def zone_of(context: template.Context) -> ZoneInfo:
    """The zone of the company of this page; UTC where there is none."""
    membership = membership_of(context.get("request"))
    return ZoneInfo(membership.company.zone) if membership is not None else ZoneInfo("UTC")


def membership_of(request: HttpRequest | None) -> Membership | None:
    """Whose frame a page wears: the guard's membership; on pages without a guard (account, errors) the session's."""
    if request is None:
        return None
    found: Membership | None = getattr(request, "membership", None)
    user = getattr(request, "user", None)
    if found is None and user is not None and user.is_authenticated:
        found = current_membership(request)
    return found


@register.simple_tag
def money(amount: Decimal | None, currency: str) -> SafeString | str:
    """`{% money invoice.total "USD" %}`: grouped, with its sign or code and its minor units; zero muted."""
    if amount is None:
        return ""
    return format_html(
        '<span class="amount{}">{}</span>', "" if amount else " same", as_money(amount, currency)
    )


@register.filter
def grouped(number: int | None) -> SafeString | str:
    """`{{ n|grouped }}`: 48,112; a muted zero; "about 1.2 million" beyond a million."""
    if number is None:
        return ""
    if number == 0:
        return format_html('<span class="same">{}</span>', 0)
    if number > 1_000_000:
        return f"about {number / 1_000_000:.1f} million"
    return f"{number:,}"


@register.filter
def seconds(value: float | None) -> str:
    """`{{ run.seconds_left|seconds }}`: a duration in words."""
    if value is None:
        return ""
    whole = timedelta(seconds=round(value))
    minutes, left = divmod(int(whole.total_seconds()), 60)
    if minutes >= 90:
        return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"
    return f"{minutes} min" if minutes >= 2 else f"{minutes * 60 + left} s"


@register.filter
def may(request: HttpRequest, action: str) -> bool:
    """`{% if request|may:"mappings.edit" %}`: whether the person of this page may do it."""
    membership = getattr(request, "membership", None)
    return membership is not None and role_may(membership.role, action)


@register.inclusion_tag("components/side_menu.html", takes_context=True)
def side_menu(context: template.Context) -> dict[str, Any]:
    """The side menu of the company of this page; only brand and person without one."""
    request = context["request"]
    membership = membership_of(request)
    groups: Sequence[Any] = ()
    if membership is not None:
        with tenant(membership.company_id):
            groups = menu.lines(request.path, membership.role)
    return {"request": request, "user": getattr(request, "user", None), "groups": groups}


@register.inclusion_tag("components/menu_counts.html", takes_context=True)
def menu_counts(context: template.Context) -> dict[str, Any]:
    """The figures of the side menu alone, to go into the menu that is there (an answer to htmx)."""
    groups = side_menu(context)["groups"]
    return {"lines": [line for _, lines in groups for line in lines if line.counted]}


@register.inclusion_tag("components/company_switch.html", takes_context=True)
def company_switch(context: template.Context) -> dict[str, Any]:
    """The name of the company with the list of the others, and the marker of its environment."""
    request = context["request"]
    user = getattr(request, "user", None)
    membership = membership_of(request)
    company = membership.company if membership is not None else None
    return {
        "request": request,
        "company": company,
        "memberships": memberships_of(user) if user is not None and user.is_authenticated else [],
        "environment": environment_of(company.id) if company is not None else "",
    }


@register.simple_tag(takes_context=True)
def environment(context: template.Context) -> str:
    """The least real environment of this company's connections: simulator, sandbox, production or ""."""
    membership = membership_of(context.get("request"))
    return environment_of(membership.company_id) if membership is not None else ""


def environment_of(company_id: int) -> str:
    """See `environment`."""
    rows = Connection.all_companies.filter(company_id=company_id)
    found = set(
        rows.exclude(status=ConnectionStatus.DISCONNECTED).values_list("environment", flat=True).distinct()
    )
    return next((one for one in ("simulator", "sandbox", "production") if one in found), "")


@register.simple_tag(takes_context=True)
def theme(context: template.Context) -> str:
    """The theme chosen on this device ("light" or "dark"), "" for the system's."""
    request = context.get("request")
    chosen = request.COOKIES.get(THEME_COOKIE, "") if request is not None else ""
    return chosen if chosen in THEMES else ""


@register.simple_tag
def mails_url(to: str = "") -> str:
    """Where a development installation shows its mails; "" where real ones are sent."""
    if not settings.SHOW_MAILS:
        return ""
    return reverse("mails") + (f"?{urlencode({'to': to})}" if to else "")


@register.simple_tag(takes_context=True)
def company_field(context: template.Context) -> SafeString | str:
    """`{% company_field %}` in a form: a form made for one company is refused after switching to another."""
    company = getattr(context.get("request"), "company", None)
    if company is None:
        return ""
    return format_html('<input type="hidden" name="_company" value="{}">', company.id)


@register.inclusion_tag("components/notice.html")
def notice(tone: str, title: str, text: str = "", href: str = "", label: str = "") -> dict[str, str]:
    """`{% notice "warn" "Title" "Sentence." url "Button" %}`: a sentence worth knowing, at most one button."""
    marks = {"good": "check-circle", "warn": "alert", "bad": "x-circle", "mute": "info", "busy": "sync"}
    return {
        "tone": tone,
        "mark": marks.get(tone, "info"),
        "title": title,
        "text": text,
        "href": href,
        "label": label,
    }


@register.inclusion_tag("components/checks.html")
def checks(rows: Sequence[Any]) -> dict[str, Any]:
    """`{% checks report.salesforce %}`: verdicts with their fixes; the good ones folded away behind their number."""
    shown = [row for row in rows if row.level != "good"]
    return {"shown": shown, "fine": [row for row in rows if row.level == "good"]}


@register.inclusion_tag("components/pages.html", takes_context=True)
def pages(context: template.Context, newer: str = "", older: str = "", text: str = "") -> dict[str, str]:
    """`{% pages newer_key older_key "50 shown" %}`: paging by key; empty keys draw no button."""
    query = context["request"].GET.copy()
    query.pop("before", None)
    query.pop("after", None)
    return {"query": query.urlencode(), "newer": newer, "older": older, "text": text}


@register.filter
def message_tone(level_tag: str) -> str:
    """The tone of one of Django's messages."""
    return {"success": "good", "error": "bad", "warning": "warn"}.get(
        level_tag.rsplit(" ", maxsplit=1)[-1], "mute"
    )
