"""The pytest plugin `pef_tui`: installed with the package, so that its fixtures are there in every test."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pef_tui.testing.running import Ran


@pytest.fixture
def pef_run(tmp_path: Path) -> Callable[..., Ran]:
    """`pef_run(plugin, files, ...)`: `run_plugin` in a folder of the test's own."""
    from pef_tui.testing.running import run_plugin

    return partial(run_plugin, tmp_path)
