"""Test the measurement of clusters (`bench/cluster.py`): its table, and its requirements."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "bench"))

import cluster


def test_the_table_compares_with_one_worker() -> None:
    rows = [
        cluster.Row("preview", 0, [5.0], [2.0]),
        cluster.Row("1 worker", 1, [100.0, 300.0, 200.0], [3.0, 1.0, 2.0]),
        cluster.Row("4 workers", 4, [50.0], [2.5]),
    ]
    assert cluster.table(rows, 1000)[2:] == [
        "| preview | 5.0 | 200 |  | 2.0 s |",
        "| 1 worker | 200.0 | 5 | 1.0 | 2.0 s |",
        "| 4 workers | 50.0 | 20 | 4.0 | 2.5 s |",
    ]


@pytest.mark.skipif(
    importlib.util.find_spec("distributed") is not None, reason="this environment has the plugin's package"
)
def test_a_missing_package_is_named() -> None:
    result = subprocess.run(
        [sys.executable, cluster.__file__], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 1
    assert result.stderr == "The package `distributed` is needed: pip install plugins/pef-tui-dask.\n"
