"""What holds for every test with a company on a simulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services.trail import excuse


@pytest.fixture(autouse=True)
def trail_is_whole(request: pytest.FixtureRequest) -> Iterator[None]:
    """After the test, what the services accepted from us is what the trail says, one to one (G8). It is looked at when
    the simulator ends (`spine.a_spine`), unless the test is marked with `trail_is_broken` and why."""
    marked = request.node.get_closest_marker("trail_is_broken")
    if marked is not None and not (marked.args and str(marked.args[0]).strip()):
        raise pytest.UsageError("trail_is_broken says why")
    excuse.why = str(marked.args[0]) if marked is not None else ""
    yield
    excuse.why = ""
