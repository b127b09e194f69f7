"""Run the whole command with a stand-in for ExifTool that dies, hangs, floods its output or gives false answers."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fault_counts import tries
from forked_runs import carry_out, quick_place
from run_oracle import Oracle

from pef_tui.testing.export import sidecar, takeout

STAND_IN = Path(__file__).parents[1] / "exiftool" / "stand_in.py"
PLAYS = (
    "die before", "die inside", "die after", "hang", "deaf", "other number", "garbage", "flood", "endless",
    "replace and die", "no space", "interop", "damaged", "no picture", "lie", "lossy",
)  # fmt: skip


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    spec = {f"Trip/f{number}.mp4": sidecar(f"f{number}.mp4", taken=1.5e9 + number) for number in range(4)}
    with quick_place() as place:
        folder = place / "tool"
        folder.mkdir()
        tool = folder / "exiftool"
        tool.write_text(f"#!{sys.executable}\n{STAND_IN.read_text()}")
        tool.chmod(0o755)
        options = ("--workers", "1", "--writer", "exiftool", "--exiftool", str(tool))
        yield Oracle(takeout(place / "export", spec), place, *options)


def impatient() -> None:
    """Shorten the time limits from sixty to two seconds, and the limit for the size of an answer."""
    import pef_tui.exiftool.exchange as exchange
    import pef_tui.exiftool.process as process

    process.ExifToolProcess.__init__.__defaults__ = (1.5, *process.ExifToolProcess.__init__.__defaults__[1:])  # type: ignore[index]
    exchange.MAX_OUTPUT = 1 << 20


def play(oracle: Oracle, script: list[str]) -> None:
    folder = Path(oracle.more[-1]).parent
    (folder / "script.json").write_text(json.dumps(script))
    (folder / "count").unlink(missing_ok=True)


AGAIN_AND_AGAIN = ("die before", "garbage", "replace and die", "hang")
"""Faults that also occur three times in succession, because a file is tried twice."""


@pytest.mark.timeout(200)
@pytest.mark.parametrize("at", [0, 1, 3], ids=["first", "second", "fourth"])
@tries("fault", "ExifTool dies, hangs, floods, fails, or gives a wrong or false answer, once or repeatedly")
def test_plays(oracle: Oracle, place: Path, at: int, tried: Callable[[int], None]) -> None:
    faults: list[tuple[list[str], int, str]] = []
    plays = [[fault] for fault in PLAYS] + [[fault] * 3 for fault in AGAIN_AND_AGAIN if at == 1]
    for number, script in enumerate(plays):
        out = place / f"out{number}"
        play(oracle, ["answer"] * at + script)
        status, words, _ = carry_out(oracle.argv(out), impatient)
        if status not in (0, 1, 3) or "Traceback" in words or "pef-tui: unexpected" in words:
            faults.append((script, status, words))
        play(oracle, [])
        second_run = carry_out(oracle.argv(out, "--retry-failed"))
        if wrong := oracle.finish(out, repeat=False):
            faults.append((script, status, f"{wrong}: {words}{second_run[1]}{second_run[2].decode()}"))
    assert not faults
    tried(len(plays))
