"""The mails of a development installation, where people expect to find them. Never served in production."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

SHOWN = 30
_BETWEEN = re.compile(rb"^-{79}\r?\n", re.MULTILINE)  # what Django's file backend writes after each mail
_ADDRESS = re.compile(r"https?://[^\s<>]+")


@dataclass(frozen=True, slots=True)
class Mail:
    """One sent mail, as text, with the addresses in it."""

    to: str
    subject: str
    sent_at: datetime | None
    text: str
    links: tuple[str, ...]


@never_cache
@transaction.non_atomic_requests
def mails(request: HttpRequest) -> HttpResponse:
    """The newest mails; `?to=` shows one address only."""
    if not settings.SHOW_MAILS:
        raise Http404
    to = request.GET.get("to", "").strip().lower()
    found = [mail for mail in sent(Path(settings.EMAIL_FILE_PATH)) if not to or to in mail.to.lower()]
    return render(request, "mailbox/list.html", {"mails": found[:SHOWN], "to": to})


def sent(folder: Path) -> list[Mail]:
    """Every mail kept in `folder`, newest first."""
    found: list[Mail] = []
    for file in sorted(folder.glob("*.log"), reverse=True)[: SHOWN * 4]:
        parts = [part for part in _BETWEEN.split(file.read_bytes()) if part.strip()]
        found += [_read(part) for part in reversed(parts)]
    return found


def _read(raw: bytes) -> Mail:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)  # noqa: S101  what the default policy makes
    body = message.get_body(("plain", "html"))
    text = str(body.get_content()) if body is not None else ""
    date = message["Date"]
    return Mail(
        to=str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        sent_at=_aware(parsedate_to_datetime(str(date))) if date else None,
        text=text.strip(),
        links=tuple(dict.fromkeys(_ADDRESS.findall(text))),
    )


def _aware(moment: datetime) -> datetime:
    """Mails written in UTC say -0000, which Python reads as no zone at all."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
