from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.fault
def test_a_commit_killed_before_any_system_call_is_as_if_it_had_not_been(tmp_path: Path) -> None:
    """Crash a first run, and a run that replaces its outputs. After each crash: a second crash, then a complete run."""
    result = subprocess.run(
        [sys.executable, str(HERE / "crashing.py"), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": f"{HERE.parents[1]}:{HERE.parent / 'support'}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert result.returncode == 0, result.stderr
    text = json.loads(result.stdout)
    assert text["faults"] == []
    assert text["points"] > 150
