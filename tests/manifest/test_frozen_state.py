"""What an earlier program left on disks is read by this one: manifests, snapshots, undo records, decisions.

`fixtures/state-1.tar.xz` was written by `freeze_state.py` and is never made again: it is what users have.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
from pathlib import Path

import pytest
from freeze_state import IN_PLACE_OPTIONS, OPTIONS

from pef_tui.cli import main

FIXTURE = Path(__file__).parent / "fixtures" / "state-1.tar.xz"
Tree = dict[str, tuple[str, int]]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    with tarfile.open(FIXTURE) as archive:
        for member in archive:
            archive.extract(member, tmp_path, filter="data")
            os.utime(tmp_path / member.name, ns=(_ns(member), _ns(member)))
    return tmp_path


def _ns(member: tarfile.TarInfo) -> int:
    """PAX times are decimal texts of full precision; a float has lost the last digits."""
    seconds, _, part = member.pax_headers.get("mtime", str(int(member.mtime))).partition(".")
    return int(seconds) * 10**9 + int((part + "0" * 9)[:9])


def tree(root: Path) -> Tree:
    return {
        str(path.relative_to(root)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".pef-tui" not in path.parts
    }


def run(state: Path, out: str, *more: str) -> int:
    argv = ["--batch", "--no-config", "-q", str(state / "export" / "Takeout"), "-o", str(state / out)]
    return main([*argv, *OPTIONS, *more])


def decisions(state: Path) -> tuple[str, str]:
    return "--decisions", str(state / "export" / "decisions.json")


def changed(before: Tree, after: Tree) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


@pytest.mark.parametrize("out", ["plain", "decided"])
def test_a_finished_output_folder_is_left_as_it_is(state: Path, out: str) -> None:
    before = tree(state / out)
    for more in ((), ("--json",)):  # with the snapshot, and file by file
        assert run(state, out, *more, *(decisions(state) if out == "decided" else ())) == 0
        assert tree(state / out) == before


def test_decisions_apply_to_what_an_earlier_run_wrote(state: Path) -> None:
    before = tree(state / "plain")
    assert run(state, "plain", *decisions(state)) == 0
    assert changed(before, tree(state / "plain")) == {"Photos from 2019/date.jpg"}
    assert tree(state / "plain") == tree(state / "decided")


def test_a_killed_run_goes_on(state: Path) -> None:
    before = tree(state / "killed")
    assert run(state, "killed") == 0
    after = tree(state / "killed")
    assert not {name for name in before if before[name] != after.get(name)}
    assert after == tree(state / "plain")


def test_an_in_place_run_goes_on_and_is_undone(state: Path) -> None:
    source = state / "in-place" / "Takeout"
    before = tree(source)
    options = ["--batch", "--no-config", "-q"]
    assert main([*options, "--in-place", str(source), *IN_PLACE_OPTIONS]) == 0
    assert tree(source) == before
    assert main([*options, "--undo", "last", str(source)]) == 2  # an unpacked archive: not made here
    [run] = (source / ".pef-tui" / "undo").iterdir()
    assert main([*options, "--undo", run.name, str(source)]) == 0
    assert tree(source) == tree(state / "export" / "Takeout")
