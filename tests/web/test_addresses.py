"""Each page and button has an address of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from django.urls import URLPattern, URLResolver, get_resolver


def named(
    patterns: Sequence[URLPattern | URLResolver], path: str = "", space: str = ""
) -> Iterator[tuple[str, str]]:
    """(name, path) of every address that has a name."""
    for one in patterns:
        if isinstance(one, URLResolver):
            inner = f"{space}{one.namespace}:" if one.namespace else space
            yield from named(one.url_patterns, path + str(one.pattern), inner)
        elif one.name:
            yield space + one.name, path + str(one.pattern)


def test_no_two_addresses_of_the_portal_share_a_name() -> None:
    """A link by name would lead to whichever of them is registered last."""
    paths: dict[str, set[str]] = defaultdict(set)
    for name, path in named(get_resolver().url_patterns):
        paths[name].add(path)

    assert {
        name: found for name, found in paths.items() if name.startswith("portal:") and len(found) > 1
    } == {}
