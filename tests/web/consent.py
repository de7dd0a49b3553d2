"""Clicks through the vendors' consent pages of the simulator, as a person's browser would."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import urlsplit

import requests
from django.test import Client


def sent_to(browser: Client, path: str, **form: str) -> str:
    """The consent page that a press on Connect leads to."""
    answer: Any = browser.post(path, {"end_point": "simulator", **form})
    assert answer.status_code == 302, answer.content.decode()[:400]
    return str(answer.url)


def decide(address: str, *, deny: bool = False, **choice: str) -> str:
    """Answer the consent page; gives the path and query it sends the browser back to."""
    page = requests.get(address, timeout=60)
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    answer = {"decision": "deny" if deny else "allow", **({"deny": "yes"} if deny else {}), **choice}
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(address))
    action = re.search(r'<form[^>]*action="([^"]+)"', page.text)
    assert action is not None, page.text[:400]
    sent = requests.post(
        origin + action[1],
        data={**{name: html.unescape(value) for name, value in hidden}, **answer},
        headers={"Origin": origin},
        allow_redirects=False,
        timeout=60,
    )
    back = urlsplit(sent.headers["Location"])
    return f"{back.path}?{back.query}"
