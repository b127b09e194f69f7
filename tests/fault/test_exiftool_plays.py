"""A stand-in ExifTool that dies, hangs, floods and lies, through the whole command."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from oracle import Oracle
from running import carry_out, quick_place
from trying import tries

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
        more = ("--workers", "1", "--writer", "exiftool", "--exiftool", str(tool))
        yield Oracle(takeout(place / "export", spec), place, *more)


def impatient() -> None:
    """Two seconds of patience instead of sixty, and an answer is soon too long."""
    import pef_tui.exiftool.exchange as exchange
    import pef_tui.exiftool.process as process

    process.Process.__init__.__defaults__ = (1.5, *process.Process.__init__.__defaults__[1:])  # type: ignore[index]
    exchange.MOST_OUTPUT = 1 << 20


def play(oracle: Oracle, script: list[str]) -> None:
    folder = Path(oracle.more[-1]).parent
    (folder / "script.json").write_text(json.dumps(script))
    (folder / "count").unlink(missing_ok=True)


AGAIN_AND_AGAIN = ("die before", "garbage", "replace and die", "hang")
"""Played three times on end as well: a file is tried twice."""


@pytest.mark.timeout(200)
@pytest.mark.parametrize("at", [0, 1, 3], ids=["first", "second", "fourth"])
@tries(
    "fault", "ExifTool dies, hangs, floods, answers something else, fails or lies, once or again and again"
)
def test_plays(oracle: Oracle, place: Path, at: int, tried: Callable[[int], None]) -> None:
    faults = []
    plays = [[fault] for fault in PLAYS] + [[fault] * 3 for fault in AGAIN_AND_AGAIN if at == 1]
    for number, script in enumerate(plays):
        out = place / f"out{number}"
        play(oracle, ["answer"] * at + script)
        status, words, _ = carry_out(oracle.argv(out), impatient)
        if status not in (0, 1, 3) or "Traceback" in words or "pef-tui: unexpected" in words:
            faults.append((script, status, words))
        play(oracle, [])
        again = carry_out(oracle.argv(out, "--retry-failed"))
        if wrong := oracle.finish(out, again=False):
            faults.append((script, status, words + again[1] + again[2].decode(), wrong))
    assert not faults
    tried(len(plays))
