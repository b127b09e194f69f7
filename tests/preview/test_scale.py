"""A million planned files need little memory. (`bench/app.py` measures how long queries take.)"""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

FILES = 1_000_000
SCRIPT = Path(__file__).with_name("million.py")


@pytest.mark.fault
@pytest.mark.timeout(600)
def test_a_million_files_stay_small(tmp_path: Path) -> None:
    options = [sys.executable, str(SCRIPT), str(FILES), str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[1] / "support")}
    ran = subprocess.run(options, env=environment, capture_output=True, text=True, timeout=560, check=False)
    assert ran.returncode == 0, ran.stderr
    figures = dict(line.split("\t") for line in ran.stdout.splitlines())
    assert float(figures["MB"]) < 400
    assert not list(tmp_path.iterdir())


def test_ten_thousand_files_take_a_few_megabytes() -> None:
    from preview_cases import outcome

    from pef_tui.preview import PlannedFiles, RowFilter, select_rows

    tracemalloc.start()
    try:
        rows = PlannedFiles()
        for number in range(10_000):
            rows.add(outcome(f"IMG_{number}.jpg", f"F{number % 20}"))
        rows.finish()
        allocated, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert allocated < 4_000_000
    assert peak < 12_000_000
    assert len(select_rows(rows, RowFilter(text="img_77", folder="F7"))) == 5
