"""The pages that people see: plain server-made HTML with one stylesheet, no scripts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from connectors.simulator.wire import Response

_STYLE = Path(__file__).with_name("pages.css").read_bytes()


def stylesheet() -> Response:
    """The one stylesheet of all pages."""
    return Response(200, _STYLE, "text/css;charset=utf-8", [("Cache-Control", "max-age=3600")], counted=False)


def page(
    title: str,
    body: str,
    *,
    product: str,
    style_url: str,
    theme: str = "",
    nav: Iterable[tuple[str, str]] = (),
    current: str = "",
    status: int = 200,
    aside: str = "",
) -> Response:
    """A whole page. `body` and `aside` are HTML; everything else is plain text. `nav` is (label, address)."""
    links = "".join(
        f'<a href="{escape(address)}"{" aria-current=page" if label == current else ""}>{escape(label)}</a>'
        for label, address in nav
    )
    document = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)} · {escape(product)}</title><link rel="stylesheet" href="{escape(style_url)}">'
        f'</head><body class="{escape(theme)}"><header><strong>{escape(product)}</strong>'
        f'<span class="badge">simulator</span><div class="aside">{aside}</div></header>'
        f'<div class="frame"><nav aria-label="Lists">{links}</nav><main><h1>{escape(title)}</h1>{body}</main></div>'
        "</body></html>"
    )
    response = Response.html(document, status)
    response.headers = [
        ("Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-ancestors 'none'"),
        ("Cache-Control", "no-store"),
    ]
    return response


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], empty: str = "Nothing here yet.") -> str:
    """A table; the cells are HTML already (use `link` and `text`)."""
    head = "".join(f"<th scope=col>{escape(heading)}</th>" for heading in headings)
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    if not lines:
        return f'<p class="empty">{escape(empty)}</p>'
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>'


def text(value: object) -> str:
    """A value as safe HTML text; nothing for None."""
    return "" if value is None else escape(str(value))


def words_of(name: str) -> str:
    """`SalesReceipt` as a person reads it: `Sales receipt`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()


def several(name: str) -> str:
    """`SalesReceipt` as the heading of a list: `Sales receipts`."""
    words = words_of(name)
    if words.endswith("y"):
        return f"{words[:-1]}ies"
    return f"{words}es" if words.endswith("s") else f"{words}s"


def folded(heading: str, body: str) -> str:
    """HTML that is shown when a person opens it."""
    return f"<details><summary>{escape(heading)}</summary>{body}</details>"


def link(label: object, address: str, css: str = "") -> str:
    """A link; `css="button"` makes it look like one."""
    kind = f' class="{escape(css)}"' if css else ""
    return f'<a href="{escape(address)}"{kind}>{text(label)}</a>'


def notice(words: str, kind: str = "good") -> str:
    """A message box: kind `good` or `bad`."""
    role = "alert" if kind == "bad" else "status"
    return f'<p class="notice {escape(kind)}" role="{role}">{text(words)}</p>'


def field(
    label: str,
    name: str,
    value: object = "",
    *,
    kind: str = "text",
    options: Sequence[tuple[str, str]] = (),
    hint: str = "",
) -> str:
    """One labelled form field. kind: text, email, number, date, textarea, checkbox, select or hidden."""
    label_html, name_html, value_html = escape(label), escape(name), text(value)
    if kind == "hidden":
        return f'<input type="hidden" name="{name_html}" value="{value_html}">'
    if kind == "checkbox":
        checked = " checked" if value in (True, "true", "on") else ""
        control = f'<input type="checkbox" id="f-{name_html}" name="{name_html}" value="true"{checked}>'
        return f'<div class="field check">{control}<label for="f-{name_html}">{label_html}</label></div>'
    if kind == "textarea":
        control = f'<textarea id="f-{name_html}" name="{name_html}" rows="3">{value_html}</textarea>'
    elif kind == "select":
        choices = "".join(
            f'<option value="{escape(key)}"{" selected" if key == str(value) else ""}>{escape(shown)}</option>'
            for key, shown in options
        )
        control = f'<select id="f-{name_html}" name="{name_html}">{choices}</select>'
    else:
        control = f'<input type="{escape(kind)}" id="f-{name_html}" name="{name_html}" value="{value_html}">'
    hint_html = f'<p class="hint">{escape(hint)}</p>' if hint else ""
    return f'<div class="field"><label for="f-{name_html}">{label_html}</label>{control}{hint_html}</div>'


def form(action: str, body: str, submit: str = "Save", *, method: str = "post", extra: str = "") -> str:
    """A form with one main button; `extra` is HTML placed beside it."""
    return (
        f'<form action="{escape(action)}" method="{escape(method)}">{body}'
        f'<p class="actions"><button type="submit">{escape(submit)}</button>{extra}</p></form>'
    )


def search(action: str, value: str, label: str = "Search") -> str:
    """A search box that sends `q`."""
    return (
        f'<form class="search" action="{escape(action)}" method="get" role="search">'
        f'<label for="q">{escape(label)}</label><input type="search" id="q" name="q" value="{escape(value)}">'
        '<button type="submit">Search</button></form>'
    )


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """A list of label and value; the values are HTML already."""
    lines = "".join(f"<dt>{escape(label)}</dt><dd>{value}</dd>" for label, value in rows)
    return f"<dl>{lines}</dl>"
