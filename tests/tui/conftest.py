from __future__ import annotations

from pathlib import Path

import pytest
from app_pilot import controlled_run, small_export

__all__ = ["at_home", "controlled_run", "export"]


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the folder of the test as home directory. Paths in it are then shown in short form."""
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Return a small export."""
    return small_export(tmp_path)
