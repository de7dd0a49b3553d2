"""What tests with a company on a simulator may ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services.trail import watch


@pytest.fixture
def trail_is_whole(request: pytest.FixtureRequest) -> Iterator[None]:
    """After the test, what the services accepted from us is what the trail says, one to one (G8). It is looked at when
    the simulator ends (`spine.a_spine`)."""
    excused = request.node.get_closest_marker("trail_is_broken")
    if excused is not None and not excused.args:
        raise pytest.UsageError("trail_is_broken says why")
    watch.on = excused is None
    yield
    watch.on = False
