from __future__ import annotations

import math
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from pef_tui.filesystem import parallel_io
from pef_tui.filesystem.parallel_io import IoQueue

collect_ignore = ["plugins/released"]  # tests/plugins/test_released.py runs each release in its own process

settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")
"""Set no deadlines for Hypothesis: the machine may do other work too."""


@pytest.fixture(autouse=True, scope="session")
def own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the logs and recent sources of runs in tests apart from those of the user."""
    environment_before = os.environ.get("XDG_STATE_HOME")
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))
    yield
    if environment_before is None:
        del os.environ["XDG_STATE_HOME"]
    else:
        os.environ["XDG_STATE_HOME"] = environment_before


@pytest.fixture(autouse=True)
def no_slow_device(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prevent tests from finding a disk slow because the machine is busy. Tests with the marker `measures` may."""
    if request.node.get_closest_marker("measures") is None:
        monkeypatch.setattr(parallel_io, "SLOW_SECONDS", math.inf)


@pytest.fixture(params=["fast device", "slow device"])
def device(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test twice: with all calls in the calling thread, and with all calls in threads, as for a slow device."""
    is_slow = request.param == "slow device"
    monkeypatch.setattr(IoQueue, "is_slow", property(lambda _: is_slow))
    return str(request.param)
