"""A letter as a mail: text and html, with a link that ends such mails without signing in."""

from __future__ import annotations

from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from portal.notify.content import Content
from portal.notify.models import Letter
from portal.notify.people import unsubscribe_token


def of(letter: Letter, content: Content) -> EmailMultiAlternatives:
    """The mail of a letter to a member, not sent. Its Message-ID is the letter's, whichever try this is."""
    membership = letter.membership
    if membership is None:
        raise ValueError("a letter to a channel is no mail")
    stop = settings.BASE_URL + reverse("unsubscribe", args=[unsubscribe_token(membership)])
    context = {
        "content": content,
        "company": membership.company,
        "person": membership.user,
        "stop_url": stop,
        "settings_url": settings.BASE_URL + reverse("portal:notifications"),
    }
    message = EmailMultiAlternatives(
        " ".join(content.subject.split())[:200],
        render_to_string("emails/letter.txt", context),
        None,
        [membership.user.email],
        headers={
            "Message-ID": f"<{letter.pk}@{_domain()}>",
            "Auto-Submitted": "auto-generated",
            "List-Unsubscribe": f"<{stop}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )
    message.attach_alternative(render_to_string("emails/letter.html", context), "text/html")
    return message


def _domain() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")[2] or "localhost"
