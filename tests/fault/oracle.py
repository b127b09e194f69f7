"""What must hold after any fault and a later run: nothing lost, nothing half, nothing twice, nothing temporary."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from pathlib import Path

from running import arguments, carry_out

from pef_tui.manifest import Ledger

Tree = dict[bytes, tuple[str, int]]


def tree(root: Path) -> Tree:
    """Names, bytes and times of all outputs, or of a single file."""
    found: Tree = {}
    if root.is_file():
        found[b""] = hashlib.sha256(root.read_bytes()).hexdigest(), root.stat().st_mtime_ns
    for folder, _, names in os.walk(os.fsencode(root)):
        if b".pef-tui" in os.path.relpath(folder, os.fsencode(root)).split(b"/"):
            continue
        for name in names:
            path = os.path.join(folder, name)
            content = hashlib.sha256(Path(os.fsdecode(path)).read_bytes()).hexdigest()
            found[os.path.relpath(path, os.fsencode(root))] = content, os.lstat(path).st_mtime_ns
    return found


class Oracle:
    """An export, and what an uninterrupted run makes of it."""

    def __init__(self, source: Path, place: Path, *more: str, before: object = None) -> None:
        self.source = source
        self.more = more
        self.before = before
        self.sources = tree(source)
        self.whole = place / "whole"
        status, words, _ = self.run(self.whole)
        assert status == 0, words
        self.expected = tree(self.whole)
        self.keys = sorted(_keys(self.whole))

    def argv(self, out: Path, *more: str) -> list[str]:
        return arguments(self.source, out, *self.more, *more)

    def run(self, out: Path, *more: str) -> tuple[int, str, bytes]:
        return carry_out(self.argv(out, *more), self.before)  # type: ignore[arg-type]

    def finish(self, out: Path, *, again: bool = True) -> str:
        """Run to the end, then see whether all is as it should be: what is wrong, "" for nothing."""
        status, words, _ = self.run(out)
        if status != 0:
            return f"the later run ends with {status}: {words}"
        return self.wrong(out, again=again)

    def half(self, out: Path) -> str:
        """What lies under a final name and is not what belongs there, in the moment after a kill; "" for nothing."""
        found = tree(out) if out.exists() else {}
        return _difference({name: self.expected[name] for name in found if name in self.expected}, found)

    def wrong(self, out: Path, *, again: bool = True) -> str:
        """What is not as after an uninterrupted run; with `again`, a further run is made that must write nothing."""
        if fault := _difference(self.expected, tree(out)):
            return f"outputs: {fault}"
        if self.sources != tree(self.source):
            return "a source changed"
        if left := _left(out):
            return f"left over: {left}"
        if (keys := _keys(out)) != self.keys:
            return f"manifest: {Counter(keys) - Counter(self.keys) or Counter(self.keys) - Counter(keys)}"
        return self._writes(out) if again else ""

    def _writes(self, out: Path) -> str:
        """What a further run does that it should not."""
        before = _stats(out)
        status, words, lines = self.run(out)
        did = {line["outcome"] for line in map(json.loads, lines.splitlines()) if line["type"] == "media"}
        if status != 0 or did != {"unchanged"}:
            return f"a further run ends with {status} and does {did}: {words}"
        return "a further run touches outputs" if _stats(out) != before else ""


def _difference(wanted: Tree, found: Tree) -> str:
    names = [name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name)]
    return ", ".join(f"{name!r}: {wanted.get(name)} became {found.get(name)}" for name in sorted(names)[:5])


def _left(out: Path) -> list[str]:
    own = out / ".pef-tui"
    staged = [path.name for path in (own / "staging").iterdir()] if (own / "staging").is_dir() else []
    return staged + [path.name for path in own.iterdir() if path.name.endswith(".new")]


def _keys(out: Path) -> list[bytes]:
    """The key of every file that the manifest names, and nothing that is not finished."""
    ledger = Ledger.open(str(out), read_only=True)
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
