"""A million planned files in little memory (how long a look takes is measured by `bench/app.py`)."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

FILES = 1_000_000
SCRIPT = Path(__file__).with_name("million.py")


@pytest.mark.fault
@pytest.mark.timeout(600)
def test_a_million_files_stay_small(tmp_path: Path) -> None:
    asked = [sys.executable, str(SCRIPT), str(FILES), str(tmp_path)]
    ran = subprocess.run(asked, capture_output=True, text=True, timeout=560, check=False)
    assert ran.returncode == 0, ran.stderr
    figures = dict(line.split("\t") for line in ran.stdout.splitlines())
    assert float(figures["MB"]) < 400
    assert not list(tmp_path.iterdir())


def test_ten_thousand_files_take_a_few_megabytes() -> None:
    from planned_cases import outcome

    from pef_tui.planned import Filter, Planned, select

    rows = Planned()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(10_000):
        rows.add(outcome(f"IMG_{number}.jpg", f"F{number % 20}"))
    rows.finish()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000
    assert len(select(rows, Filter(text="img_77", folder="F7"))) == 5
