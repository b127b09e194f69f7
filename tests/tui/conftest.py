from __future__ import annotations

from pathlib import Path

import pytest
from app_cases import small_export, told

__all__ = ["at_home", "export", "told"]


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The home folder is the test's own, and so are paths below it short."""
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A small export."""
    return small_export(tmp_path)
