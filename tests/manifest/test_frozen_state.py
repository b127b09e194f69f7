"""Read files that an earlier release wrote: manifests, snapshots, undo records, decisions.

`freeze_state.py` wrote `fixtures/state-1.tar.xz`. It is never written again, because users have such files.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
from pathlib import Path

import pytest
from freeze_state import IN_PLACE_OPTIONS, OPTIONS

from pef_tui.cli.main import main

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
    """Return the modification time of a member in ns. PAX times are decimal texts; a float would lose the last
    digits.
    """
    seconds, _, part = member.pax_headers.get("mtime", str(int(member.mtime))).partition(".")
    return int(seconds) * 10**9 + int((part + "0" * 9)[:9])


def tree(root: Path) -> Tree:
    return {
        str(path.relative_to(root)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".pef-tui" not in path.parts
    }


def run(state: Path, out: str, *options: str) -> int:
    argv = ["--batch", "--no-config", "-q", str(state / "export" / "Takeout"), "-o", str(state / out)]
    return main([*argv, *OPTIONS, *options])


def decisions(state: Path) -> tuple[str, str]:
    return "--decisions", str(state / "export" / "decisions.json")


def changed_paths(state_before: Tree, state_after: Tree) -> set[str]:
    return {
        name
        for name in state_before.keys() | state_after.keys()
        if state_before.get(name) != state_after.get(name)
    }


@pytest.mark.parametrize("out", ["plain", "decided"])
def test_a_finished_output_folder_is_left_unchanged(state: Path, out: str) -> None:
    tree_before = tree(state / out)
    for options in ((), ("--json",)):  # with the snapshot, and file by file
        assert run(state, out, *options, *(decisions(state) if out == "decided" else ())) == 0
        assert tree(state / out) == tree_before


def test_decisions_apply_to_what_an_earlier_run_wrote(state: Path) -> None:
    tree_before = tree(state / "plain")
    assert run(state, "plain", *decisions(state)) == 0
    assert changed_paths(tree_before, tree(state / "plain")) == {"Photos from 2019/date.jpg"}
    assert tree(state / "plain") == tree(state / "decided")


def test_a_killed_run_continues(state: Path) -> None:
    tree_before = tree(state / "killed")
    assert run(state, "killed") == 0
    tree_after = tree(state / "killed")
    assert not {name for name in tree_before if tree_before[name] != tree_after.get(name)}
    assert tree_after == tree(state / "plain")


def test_an_in_place_run_continues_and_is_undone(state: Path) -> None:
    source = state / "in-place" / "Takeout"
    tree_before = tree(source)
    options = ["--batch", "--no-config", "-q"]
    assert main([*options, "--in-place", str(source), *IN_PLACE_OPTIONS]) == 0
    assert tree(source) == tree_before
    assert main([*options, "--undo", "last", str(source)]) == 2  # an unpacked archive: not made here
    [run] = (source / ".pef-tui" / "undo").iterdir()
    assert main([*options, "--undo", run.name, str(source)]) == 0
    assert tree(source) == tree(state / "export" / "Takeout")
