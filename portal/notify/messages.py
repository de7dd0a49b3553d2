"""A letter as a chat message. Slack: `text` in its mrkdwn (api.slack.com/reference/surfaces/formatting), which
Mattermost, Rocket.Chat and Google Chat take too. Teams: an adaptive card, the only thing its Workflows take
(learn.microsoft.com, "Create and send messages" of webhooks and connectors)."""

from __future__ import annotations

import re
from typing import Any

from portal.notify.content import Content, Line
from portal.notify.models import ChannelFormat

MOST_LINES = 20


def message(content: Content, form: str) -> dict[str, Any]:
    """The JSON to post."""
    return teams(content) if form == ChannelFormat.TEAMS else slack(content)


def slack(content: Content) -> dict[str, Any]:
    """`{"text": …}`; the three characters that Slack reads as control characters are escaped."""
    parts = [f"*{_slack(content.subject)}*"]
    if content.opening:
        parts.append(_slack(content.opening))
    left = MOST_LINES
    for section in content.sections:
        if section.heading:
            parts.append(f"*{_slack(section.heading)}*")
        parts += [_slack_line(line) for line in section.lines[:left]]
        left = max(0, left - len(section.lines))
    return {"text": "\n".join(parts)}


def _slack_line(line: Line) -> str:
    head = f"• {_slack(line.title)}" + (f" ({_slack(line.place)})" if line.place else "")
    link = f"\n   <{line.url}|{_slack(line.button)}>" if line.url else ""
    return head + (f"\n   {_slack(line.text)}" if line.text else "") + link


def _slack(text: str) -> str:
    # * _ ~ ` of a name would become formatting, and nobody could tell: a zero-width space keeps them apart
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([*_~`])", "\u200b\\1\u200b", escaped)


def teams(content: Content) -> dict[str, Any]:
    """A message with one adaptive card."""
    body = [_block(content.subject, weight="Bolder", size="Medium")]
    if content.opening:
        body.append(_block(content.opening))
    for section in content.sections:
        if section.heading:
            body.append(_block(section.heading, weight="Bolder", spacing="Medium"))
        for line in section.lines[:MOST_LINES]:
            body += _card_lines(line)
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "body": body,
    }
    return {
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}],
    }


def _card_lines(line: Line) -> list[dict[str, Any]]:
    blocks = [_block(line.title + (f" ({line.place})" if line.place else ""), spacing="Medium")]
    if line.text:
        blocks.append(_block(line.text, isSubtle=True, spacing="None"))
    if line.url:
        link = f"[{line.button}]({line.url})"
        blocks.append({"type": "TextBlock", "text": link, "wrap": True, "spacing": "None"})
    return blocks


def _block(text: str, **look: Any) -> dict[str, Any]:
    # a TextBlock reads some Markdown: what a name holds of it is text
    return {"type": "TextBlock", "text": re.sub(r"([\\*_\[\]`])", r"\\\1", text), "wrap": True, **look}
