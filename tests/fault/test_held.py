"""Test locks: a run in place locks its source; two runs from one source into two folders do not block each other."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from fault_counts import tries
from fault_exports import small
from fault_injection import no_exiftool
from forked_runs import Run, carry_out
from run_oracle import Oracle, tree

from pef_tui.manifest import DestLock


@tries(
    "fault", "a source locked by a run in place: a second run, and undoing, are refused and change nothing"
)
def test_in_place(place: Path, tried: Callable[[int], None]) -> None:
    source = small(place / "export")
    argv = ["--batch", "--no-config", "--in-place", str(source)]
    assert carry_out(argv, no_exiftool)[0] == 0
    tree_before = tree(source)
    commands = (argv, [*argv, "--force"], ["--undo", "last", "--no-config", str(source)])
    with DestLock(str(source)):
        for command in commands:
            status, words, _ = carry_out(command, no_exiftool)
            assert status == 75 and f"process {os.getpid()} on" in words, (command, words)
            assert tree(source) == tree_before
    assert carry_out(commands[-1], no_exiftool)[0] == 0
    assert tree(source) != tree_before
    tried(len(commands))


@tries("fault", "two outputs made from one source at the same time, one of them stopped or killed")
def test_two_outputs(place: Path, tried: Callable[[int], None]) -> None:
    oracle = Oracle(small(place / "export"), place, prepare=no_exiftool)
    outs = [place / f"out{number}" for number in range(4)]
    runs = [Run(oracle.argv(out), no_exiftool) for out in outs]
    runs[0].kill()
    assert [run.wait() for run in runs][1:] == [0, 0, 0]
    assert oracle.finish(outs[0]) == ""
    assert [oracle.wrong(out) for out in outs] == [""] * 4
    for run in runs:
        run.close()
    with DestLock(str(outs[1])):
        assert oracle.run(outs[1])[0] == 75
        assert oracle.run(outs[2])[0] == 0
    shutil.rmtree(outs[3])
    tried(2)
