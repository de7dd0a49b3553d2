"""Template tags of the working pages: values of fields, old and new, directions, forms that are one button."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from portal.money import as_money, decimals
from portal.templatetags.portal import icon, zone_of
from portal.times import absolute
from syncapp.engine.decision import Candidate
from syncapp.engine.transforms import TRANSFORMS
from syncapp.messages import Words, registry, words_for
from syncapp.messages.document import anchor
from syncapp.models import FieldMapping, Run, RunKind

register = template.Library()

TELLS_APART = ("email", "phone", "city", "postal", "code")

LONGEST = 300
"""Characters of one value that a page shows; the whole text is one click away at the vendor."""

DIRECTIONS = {
    "to_qbo": ("right", "To QuickBooks"),
    "to_sf": ("left", "To Salesforce"),
    "both": ("both", "Both ways"),
}
_EMPTY = format_html('<span class="same">{}</span>', "empty")


@register.filter
def value(raw: Any) -> SafeString | str:
    """`{{ field.sf|value }}`: a canonical value as a person reads it; empty is the muted word."""
    if raw is None or raw == "" or raw == []:
        return _EMPTY
    if isinstance(raw, bool):
        return "Yes" if raw else "No"
    if isinstance(raw, list):
        return f"{len(raw)} line{'' if len(raw) == 1 else 's'}"
    if isinstance(raw, Mapping):
        return ", ".join(f"{key}: {value(item)}" for key, item in raw.items())
    return shorten(_dated(str(raw)))


def _dated(text: str) -> str:
    """12 November 2026 for a date in ISO form; everything else as it is."""
    if len(text) not in {10, 20} or text[4:5] != "-":
        return text
    try:
        found: date | datetime | None = parse_date(text) if len(text) == 10 else parse_datetime(text)
    except ValueError:
        return text
    if found is None:
        return text
    day = f"{found.day} {found:%B %Y}"
    return f"{day}, {found:%H:%M} UTC" if isinstance(found, datetime) else day


def shorten(text: str) -> str:
    """At most LONGEST characters, with dots where something was left out."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


@register.inclusion_tag("working/was_is.html")
def was_is(before: Any, after: Any) -> dict[str, Any]:
    """`{% was_is change.before change.after %}`: old struck, new set; empty is a word, never a blank."""
    return {
        "before": before,
        "after": after,
        "had": before not in (None, "", []),
        "has": after not in (None, "", []),
    }


@register.filter
def quantity(number: Decimal | None) -> str:
    """`{{ line.quantity|quantity }}`: 6.5 rather than 6.50000."""
    return "" if number is None else f"{number.normalize():,f}"


@register.simple_tag
def price(number: Decimal | None, currency: str) -> str:
    """`{% price line.unit_price "USD" %}`: a unit price with all its decimals, at least those of the currency."""
    if number is None:
        return ""
    exact = number.normalize()
    exponent = exact.as_tuple().exponent
    places = max(decimals(currency), -exponent if isinstance(exponent, int) else 0)
    return f"{exact:,.{places}f}"


LINE_PARTS = {
    "item": "product",
    "description": "text",
    "quantity": "quantity",
    "unit_price": "price",
    "amount": "amount",
    "tax_code": "tax code",
    "service_date": "service date",
}


@register.filter
def line_parts(keys: Iterable[str]) -> str:
    """`{{ line.differing|line_parts }}`: what of a line differs, as words: price and amount."""
    words = [word for key, word in LINE_PARTS.items() if key in keys]
    words += sorted(key.replace("_", " ") for key in keys if key not in LINE_PARTS)
    *first, last = words or ["something"]
    return f"{', '.join(first)} and {last}" if first else last


@register.simple_tag
def difference(amount: Decimal | None, currency: str) -> str:
    """`{% difference figure.by "USD" %}`: how much more QuickBooks has, with its sign."""
    if amount is None:
        return ""
    return f"{'+' if amount > 0 else ''}{as_money(amount, currency)}"


@register.simple_tag
def direction(key: str) -> SafeString:
    """`{% direction "to_qbo" %}`: the arrow of a direction, with its words for those who do not see it."""
    name, words = DIRECTIONS.get(str(key), DIRECTIONS["both"])
    return format_html('<span title="{}">{}<span class="sr">{}</span></span>', words, icon(name), words)


@register.filter
def direction_words(key: str) -> str:
    """`{{ row.direction|direction_words }}`: To QuickBooks, To Salesforce, Both ways."""
    return DIRECTIONS.get(str(key), DIRECTIONS["both"])[1]


@register.filter
def pretty(data: Any) -> str:
    """`{{ body|pretty }}`: JSON, indented; text that is no JSON as it is."""
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except ValueError:
            return data
    return json.dumps(data, indent=2, ensure_ascii=False, default=str)


@register.filter
def plain(pair: str) -> str:
    """`{{ mapping.label|plain }}`: arrows of a pair as text, never as pictures in colour."""
    return str(pair).replace("↔\ufe0f", "↔").replace("↔", "↔\ufe0e")


@register.filter
def get(mapping: Mapping[str, Any], key: str) -> Any:
    """`{{ counts|get:state }}`: an entry of a dictionary by a name in a variable."""
    return mapping.get(key)


@register.simple_tag(takes_context=True)
def clock_short(context: template.Context, moment: datetime | None) -> SafeString | str:
    """`{% clock_short moment %}`: 11:45 for a time of today, else the day with it; the whole time in `title`."""
    if moment is None:
        return ""
    zone = zone_of(context)
    local, today = moment.astimezone(zone), timezone.now().astimezone(zone)
    text = f"{local:%H:%M}"
    if local.date() != today.date():
        text = f"{local:%a} {local.day} {local:%b}, {text}"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="minutes"),
        absolute(moment, zone),
        text,
    )


CAUSES = {
    "Schedule": "by the schedule",
    "As it changes": "as it changed",
    "First load": "by the first load",
    "Run now": "by Run now",
    "Sync now": "by Sync now",
    "Retry": "by Retry",
    "Try again": "by Try again",
    "Send to QuickBooks": "by Send to QuickBooks",
    "Sync from QuickBooks": "by Sync from QuickBooks",
}


@register.filter
def cause(words: str) -> str:
    """`{{ link.last_cause|cause }}`: what started it, as the end of a sentence."""
    return CAUSES.get(words, words)


@register.filter
def run_title(run: Run) -> str:
    """`{{ run|run_title }}`: what was pressed, or what started it, with the pair of objects."""
    pressed = run.kind in {RunKind.BUTTON, RunKind.RETRY, RunKind.UNDO} and run.cause
    name = run.cause if pressed else run.get_kind_display()
    if run.cause not in {"", name} and (run.kind == RunKind.APPLY or run.scope.get("of")):
        name = f"{name}: {shorten(run.cause)}"
    return f"{name}, {plain(run.mapping.label)}" if run.mapping else str(name)


MATCH_REASONS = {
    "external": "our own mark",
    "code": "same number",
    "number": "same number, perhaps for somebody else",
    "name": "same name",
    "email": "same e-mail",
    "phone": "same phone",
    "postal": "same postal code",
}


@register.filter
def match_reason(kind: str) -> str:
    """`{{ reason|match_reason }}`: which key two records share."""
    return MATCH_REASONS.get(kind, kind)


@register.filter
def match_details(candidate: Candidate) -> list[str]:
    """`{% for detail in one|match_details %}`: what a person tells a possible match apart by, without its ids."""
    return [candidate.details[key] for key in TELLS_APART if candidate.details.get(key)]


@register.filter
def rule_words(row: FieldMapping) -> list[str]:
    """`{% for words in row|rule_words %}`: what a field merges with and what its chain of transforms does."""
    group = [f"merges as one: {row.group.replace('_', ' ')}"] if row.group else []
    group += ["of each line"] if row.part else []
    return group + [TRANSFORMS[name].label for name in row.transform.split("|") if name in TRANSFORMS]


@register.filter
def at(found: Mapping[Any, Any], key: Any) -> Any:
    """`{{ faults.by_row|at:row.pk }}`: what a table has for a key."""
    return found.get(key)


@register.filter
def help_url(code: str) -> str:
    """`{{ words.code|help_url }}`: where the page of errors explains this code; its beginning for an unknown one."""
    place = f"#{anchor(code)}" if code in registry() else ""
    return reverse("portal:help-errors") + place


@register.filter
def words_of(code: str, values: Mapping[str, Any]) -> Words:
    """`{{ link.attention_code|words_of:link.attention_values }}`: the words of a code."""
    return words_for(code, values)


@register.filter
def age(moment: datetime) -> str:
    """`{{ problem.first_seen_at|age }}`: how long ago, in one unit: 3 days."""
    return timesince(moment, depth=1)


@register.filter
def unlocal(number: float) -> str:
    """`{{ rect.x|unlocal }}`: a number as SVG wants it, whatever the language of the page."""
    return f"{number:g}"


@register.inclusion_tag("working/stack_bar.html")
def stack_bar(row: Any) -> dict[str, Any]:
    """`{% stack_bar row %}`: the shares of an object's records as one thin bar."""
    parts, start = [], 0.0
    for css, number in (
        ("good", row.in_sync),
        ("wait", row.waiting),
        ("bad", row.problems),
        ("mute", row.skipped),
    ):
        if number and row.total:
            width = 100 * number / row.total
            parts.append({"css": f"f-{css}", "x": f"{start:.2f}%", "width": f"{width:.2f}%"})
            start += width
    return {"parts": parts}
