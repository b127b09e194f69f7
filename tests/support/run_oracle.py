"""Check DEST after a fault and a later run: nothing is lost, incomplete, doubled or temporary."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from forked_runs import arguments, carry_out

from pef_tui.manifest import Manifest

Tree = dict[bytes, tuple[str, int]]


def tree(root: Path) -> Tree:
    """Return names, bytes and times of all outputs below a folder, or those of a single file."""
    entries: Tree = {}
    if root.is_file():
        entries[b""] = hashlib.sha256(root.read_bytes()).hexdigest(), root.stat().st_mtime_ns
    for folder, _, names in os.walk(os.fsencode(root)):
        if b".pef-tui" in os.path.relpath(folder, os.fsencode(root)).split(b"/"):
            continue
        for name in names:
            path = os.path.join(folder, name)
            content = hashlib.sha256(Path(os.fsdecode(path)).read_bytes()).hexdigest()
            entries[os.path.relpath(path, os.fsencode(root))] = content, os.lstat(path).st_mtime_ns
    return entries


class Oracle:
    """An export, and the outputs of an undisturbed run over it. Outputs of other runs are compared with these."""

    def __init__(
        self, source: Path, place: Path, *options: str, prepare: Callable[[], object] | None = None
    ) -> None:
        self.source = source
        self.more = options
        self.before = prepare
        self.sources = tree(source)
        self.whole = place / "whole"
        status, words, _ = self.run(self.whole)
        assert status == 0, words
        self.expected = tree(self.whole)
        self.keys = sorted(_keys(self.whole))

    def argv(self, out: Path, *more_options: str) -> list[str]:
        return arguments(self.source, out, *self.more, *more_options)

    def run(self, out: Path, *extra_options: str) -> tuple[int, str, bytes]:
        return carry_out(self.argv(out, *extra_options), self.before)

    def finish(self, out: Path, *, repeat: bool = True) -> str:
        """Run to the end, then check everything. Return what is wrong; "" for nothing."""
        status, words, _ = self.run(out)
        if status != 0:
            return f"the later run ends with {status}: {words}"
        return self.wrong(out, again=repeat)

    def half(self, out: Path) -> str:
        """Return which files have a final name and wrong content, directly after a kill; "" for none."""
        result = tree(out) if out.exists() else {}
        return _difference({name: self.expected[name] for name in result if name in self.expected}, result)

    def wrong(self, out: Path, *, again: bool = True) -> str:
        """Return the differences from an undisturbed run; "" for none. `again`: also check that one more run writes
        nothing.
        """
        if fault := _difference(self.expected, tree(out)):
            return f"outputs: {fault}"
        if self.sources != tree(self.source):
            return "a source changed"
        if remaining := _left(out):
            return f"left over: {remaining}"
        if (keys := _keys(out)) != self.keys:
            return f"manifest: {Counter(keys) - Counter(self.keys) or Counter(self.keys) - Counter(keys)}"
        return self._writes(out) if again else ""

    def _writes(self, out: Path) -> str:
        """Return what one more run writes or reports although nothing is left to do; "" for nothing."""
        state_before = _stats(out)
        status, words, lines = self.run(out)
        did = {line["outcome"] for line in map(json.loads, lines.splitlines()) if line["type"] == "media"}
        if status != 0 or did != {"unchanged"}:
            return f"a further run ends with {status} and does {did}: {words}"
        return "a further run touches outputs" if _stats(out) != state_before else ""


def _difference(expected: Tree, actual: Tree) -> str:
    names = [name for name in expected.keys() | actual.keys() if expected.get(name) != actual.get(name)]
    return ", ".join(
        f"{name!r}: {expected.get(name)} became {actual.get(name)}" for name in sorted(names)[:5]
    )


def _left(out: Path) -> list[str]:
    own_value = out / ".pef-tui"
    staged = (
        [path.name for path in (own_value / "staging").iterdir()] if (own_value / "staging").is_dir() else []
    )
    return staged + [path.name for path in own_value.iterdir() if path.name.endswith(".new")]


def _keys(out: Path) -> list[bytes]:
    """Return the key of every file in the manifest. Check that all recorded batches are complete."""
    ledger = Manifest.open(str(out), read_only=True)
    try:
        keys = sorted(entry.key for entry in ledger.entries())
        return (
            keys
            + [b"unfinished: " + key for key in ledger.unfinished]
            + list(map(os.fsencode, ledger.problems))
        )
    finally:
        ledger.release()


def _stats(out: Path) -> dict[str, tuple[int, int, int]]:
    return {
        str(path): (path.lstat().st_ino, path.lstat().st_mtime_ns, path.lstat().st_ctime_ns)
        for path in out.rglob("*")
        if path.is_file() and ".pef-tui" not in path.relative_to(out).parts
    }
