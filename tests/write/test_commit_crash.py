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
    """A first run and one that replaces what is there; each crash is followed by a second crash and a whole run."""
    done = subprocess.run(
        [sys.executable, str(HERE / "crashing.py"), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["faults"] == []
    assert told["points"] > 150
