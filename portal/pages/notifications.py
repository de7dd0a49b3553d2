"""What people are told of and by which way: one's own mails, the company's channels, the hours, and what went out."""

from __future__ import annotations

import smtplib
from calendar import day_name
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.notify import channels, content, kinds, news, people, planning, sending
from portal.notify.models import Channel, ChannelFormat, Letter
from portal.people.access import PortalRequest, company_page
from portal.people.models import Membership
from syncapp.messages import words_for
from syncapp.services.errors import Refused
from syncapp.store import clock

SHOWN_LETTERS = 10


class HoursForm(forms.Form):
    """When the regular mails come."""

    digest_hour = forms.TypedChoiceField(
        label="Hour", choices=[(hour, f"{hour:02d}:00") for hour in range(24)], coerce=int
    )
    checkup_day = forms.TypedChoiceField(
        label="Day of the weekly check-up", choices=list(enumerate(day_name)), coerce=int
    )


class ChannelForm(forms.Form):
    """An address that messages are posted to."""

    name = forms.CharField(label="Name", max_length=80, help_text="As you call it: #finance, for instance.")
    format = forms.ChoiceField(label="What is there", choices=ChannelFormat.choices)
    url = forms.CharField(
        label="Webhook address",
        max_length=2000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Write-only: it is stored encrypted and never shown again.",
    )
    kinds = forms.MultipleChoiceField(
        label="What is posted there",
        choices=[(kind.key, kind.label) for kind in kinds.KINDS],
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_new:
            self.fields["url"].required = False
            self.fields["url"].help_text = "Leave it empty to keep the stored one. It is never shown."


@company_page("notifications.view")
@require_GET
def page(request: PortalRequest) -> HttpResponse:
    """Everything about notifications."""
    rhythm = planning.shown_rhythm(request.company, clock.now())
    membership = Membership.objects.select_related("user", "told").get(pk=request.membership.pk)
    chosen = people.chosen_by(membership)
    hours = {"digest_hour": rhythm.digest_hour, "checkup_day": rhythm.checkup_day}
    context = {
        "kinds": [{"kind": kind, "on": kind.key in chosen} for kind in kinds.KINDS],
        "channels": [_channel(one) for one in Channel.objects.order_by("name", "pk")],
        "hours": HoursForm(initial=hours),
        "rhythm": rhythm,
        "told": [_told(one) for one in people.of_company().members],
        "letters": [_letter(one) for one in _letters()],
    }
    return render(request, "notifications/page.html", context)


def _channel(channel: Channel) -> dict[str, Any]:
    labels = [kinds.LABELS[key] for key in kinds.known(tuple(channel.kinds))]
    return {"channel": channel, "labels": labels, "why": channels.why(channel.last_error)}


def _told(one: tuple[Membership, Any]) -> dict[str, Any]:
    membership, chosen = one
    keys = kinds.known(tuple(chosen))
    everything = len(keys) == len(kinds.KEYS)
    return {"membership": membership, "labels": [kinds.LABELS[key] for key in keys], "everything": everything}


def _letters() -> list[Letter]:
    rows = Letter.objects.select_related("membership__user", "channel").order_by("-id")
    return list(rows[:SHOWN_LETTERS])


def _letter(letter: Letter) -> dict[str, Any]:
    subject = content.from_json(letter.content).subject
    return {"letter": letter, "subject": subject, "why": channels.why(letter.error) if letter.error else ""}


@company_page("notifications.choose")
@require_POST
def choose(request: PortalRequest) -> HttpResponseBase:
    """Store what reaches the person by mail."""
    membership = Membership.objects.select_related("user", "told").get(pk=request.membership.pk)
    people.choose(membership, request.POST.getlist("kinds"), request.user)
    messages.success(request, "Saved. This is what reaches you from now on.")
    return redirect("portal:notifications")


@transaction.non_atomic_requests
@company_page("notifications.choose")
@require_POST
def test_mail(request: PortalRequest) -> HttpResponseBase:
    """Send the person a test mail now."""
    address = request.user.email
    stored = content.to_json(news.of_test(request.company, address))
    letter = planning.a_letter(request.membership, planning.TEST, stored, clock.now())
    try:
        sending.deliver(letter)
    except (OSError, smtplib.SMTPException) as error:
        raise Refused("notify.no_mail") from error
    messages.success(request, f"A test mail is on its way to {address}.")
    return redirect("portal:notifications")


@company_page("notifications.edit")
@require_POST
def hours(request: PortalRequest) -> HttpResponseBase:
    """Change when the regular mails come."""
    form = HoursForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose an hour and a day. Nothing has been changed.")
        return redirect("portal:notifications")
    data = form.cleaned_data
    rhythm = planning.rhythm_of(request.company, clock.now())
    planning.choose_hours(rhythm, data["digest_hour"], data["checkup_day"], request.user)
    messages.success(request, "Saved.")
    return redirect("portal:notifications")


# --- channels ---


@company_page("notifications.edit")
@require_http_methods(["GET", "POST"])
def channel_add(request: PortalRequest) -> HttpResponseBase:
    """A new channel."""
    usual = [kind.key for kind in kinds.KINDS if kind.key != kinds.DIGEST]
    return _edit(request, Channel(company=request.company), {"kinds": usual})


@company_page("notifications.edit")
@require_http_methods(["GET", "POST"])
def channel(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """Change a channel."""
    row = get_object_or_404(Channel.objects, pk=pk)
    return _edit(request, row, {"name": row.name, "format": row.format, "kinds": row.kinds})


def _edit(request: PortalRequest, row: Channel, initial: dict[str, Any]) -> HttpResponseBase:
    is_new = row.created_at is None
    form = ChannelForm(request.POST or None, initial=initial, is_new=is_new)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        row.name, row.format = data["name"].strip(), data["format"]
        try:
            channels.save(row, data["url"], data["kinds"], request.user)
        except Refused as refused:
            words = words_for(refused.code, refused.values)
            form.add_error("url", f"{words.title}. {words.what} {words.todo}")
        else:
            messages.success(request, "The channel is saved. Send a test to see that it works.")
            return redirect("portal:notifications")
    context = {"form": form, "channel": None if is_new else row}
    return render(request, "notifications/channel.html", context, status=422 if form.errors else 200)


@transaction.non_atomic_requests
@company_page("notifications.edit")
@require_POST
def channel_test(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """Post a test message now."""
    row = get_object_or_404(Channel.objects.select_related("company"), pk=pk)
    channels.try_out(row)
    messages.success(request, f"A test message was taken by {row.host}.")
    return redirect("portal:notifications")


@company_page("notifications.edit")
@require_POST
def channel_switch(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """Switch a channel on or off."""
    row = get_object_or_404(Channel.objects, pk=pk)
    on = request.POST.get("on") == "1"
    channels.switch(row, request.user, on=on)
    messages.success(request, f"{row.name} is switched {'on' if on else 'off'}.")
    return redirect("portal:notifications")


@company_page("notifications.edit")
@require_POST
def channel_remove(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """Delete a channel."""
    channels.remove(get_object_or_404(Channel.objects, pk=pk), request.user)
    messages.success(request, "The channel is removed.")
    return redirect("portal:notifications")


urls: list[URLPattern] = [
    path("notifications/", page, name="notifications"),
    path("notifications/mine/", choose, name="notifications-mine"),
    path("notifications/mine/test/", test_mail, name="notifications-test"),
    path("notifications/hours/", hours, name="notifications-hours"),
    path("notifications/channels/add/", channel_add, name="channel-add"),
    path("notifications/channels/<uuid:pk>/", channel, name="channel"),
    path("notifications/channels/<uuid:pk>/test/", channel_test, name="channel-test"),
    path("notifications/channels/<uuid:pk>/switch/", channel_switch, name="channel-switch"),
    path("notifications/channels/<uuid:pk>/remove/", channel_remove, name="channel-remove"),
]
