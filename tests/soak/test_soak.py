"""Test some random histories of random exports. `make soak` tests them for hours."""

from __future__ import annotations

import pytest
from machine import History
from reducing import reduced, script
from soak import draw

HISTORIES = 8
"""Seeds. Each takes some ten seconds."""


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", [1, 2, 3])
def test_what_must_hold_after_every_step(number: int) -> None:
    fault = draw(number, HISTORIES)
    if fault is not None:
        steps, records = reduced(list(History.noted), fault)
        pytest.fail(f"{records}\n\n{script(steps)}", pytrace=False)
