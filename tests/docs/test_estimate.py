"""The estimates in README.md and docs/performance.md follow from the measured figures on that page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "bench"))
import estimate

ROOT = Path(__file__).parents[2]
SECTION = estimate.PAGE.read_text().partition("## How long, and how much room\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("page", ["README.md", "docs/performance.md"])
def test_the_table_is_that_of_the_script(page: str) -> None:
    assert estimate.table(30_000, 100) in (ROOT / page).read_text()


def test_the_command_prints_it_for_any_size() -> None:
    command = [sys.executable, str(ROOT / "bench/estimate.py"), "3000", "10"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert output.strip() == estimate.table(3000, 10)
    rows = dict(zip(estimate.estimates(30_000, 100), estimate.estimates(3000, 10), strict=True))
    for large, small in rows.items():
        assert small.seconds == pytest.approx(large.seconds / 10)
        assert small.gigabytes == pytest.approx(large.gigabytes / 10)


def test_the_computation_in_the_page_has_the_measured_figures() -> None:
    shared, rate = estimate.figure("files/s on a disk that shares", "pef-tui", "Btrfs"), "2,000 JPEGs of 2 MB"
    large, exiftool = (
        estimate.figure("files/s", row, rate) for row in ("pef-tui", "two ExifTools in batches")
    )
    again = estimate.figure("files/s", "pef-tui again, nothing to do", "20,000 JPEGs of 40 kB")
    share = {name: estimate.figure("share of the line", "now", name) for name in ("pef-tui", "local disk")}
    for text in (
        f"{shared:.0f} per second",
        f"{large * estimate.LARGE:.0f} MB/s: {large:.0f} pictures",
        f"GB / {share['local disk'] * estimate.LINE:.0f} MB/s: {share['local disk']} of a line",
        f"GB / {share['pef-tui'] * estimate.LINE:.0f} MB/s: {share['pef-tui']} of this line",
        f"GB / {estimate.USB_DISK} MB/s, an assumed rate",
        f"{again:,.0f} pictures and {estimate.figure('date', '2026-11-23', 'files/s'):,.0f} files",
        f"{estimate.figure('seconds', '2 ms', 'pef-tui again')} s and",
        f"{estimate.figure('seconds', '2 ms', 'preview')} s for {estimate.LINE_PICTURES} pictures",
        f"{exiftool:.0f} of 2 MB per second, which is {5000 / exiftool:.0f} s for each 5,000",
    ):
        assert text in SECTION, text


def test_a_figure_that_is_not_in_the_page_is_an_error() -> None:
    for wrong in [("nothing", "2 ms", "preview"), ("seconds", "3 ms", "preview"), ("seconds", "2 ms", "x")]:
        with pytest.raises(KeyError):
            estimate.figure(*wrong)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "1 s"), (90, "90 s"), (91, "2 min"), (5400, "90 min"), (5401, "2 h"), (None, "not measured")],
)
def test_durations_are_rounded_up(seconds: float | None, text: str) -> None:
    assert estimate.duration(seconds) == text
