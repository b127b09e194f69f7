"""What a person decided on conflicts, read from a file (`--decisions`, docs/usage.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec
import orjson
import xxhash
from msgspec import Struct

from pef_tui.display import safe, utf8
from pef_tui.errors import UsageError
from pef_tui.model import Choice, Conflict, Match

LARGEST = 256 << 20
"""Bytes of a decisions file that is still read."""


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """One decision; every field but `choice` and `sidecar` narrows what it is about."""

    choice: Choice = ""
    file: str = ""
    """Path as `source` has it in the JSON lines, or below the Google Photos folder."""
    folder: str = ""
    """A Google Photos folder (an album), its path as in `source`, or the album's title."""
    unit: str = ""
    """`date`, `place`, `description`, or a tag."""
    kind: str = ""
    """As in the JSON lines: `differs by 1 h`."""
    sidecar: str = ""
    """The JSON file of the same Google Photos folder that belongs to `file`: its name, or its path as in `source`."""

    def fits(self, conflict: Conflict) -> bool:
        """Is it about this conflict, as far as unit and kind go?"""
        kinds = ("", conflict.kind, conflict.differs)
        return self.unit in ("", conflict.unit, conflict.tag) and self.kind in kinds


class Document(Struct, frozen=True, forbid_unknown_fields=True):
    """A decisions file."""

    decisions: tuple[Rule, ...]
    v: Literal[1] = 1


class Decisions:
    """Rules, found by file, then by folder, then those about everything; of several that fit the last counts."""

    def __init__(self, rules: tuple[Rule, ...] = (), content: bytes = b"") -> None:
        self.content = content
        """Hash of the file they were read from; empty without one."""
        self.rules = rules
        """All of them, in their order."""
        self.sidecars = {rule.file: rule.sidecar for rule in rules if rule.sidecar}
        """Sidecars given by hand, by the `file` they are for."""
        self._files: dict[str, list[Rule]] = {}
        self._folders: dict[str, list[Rule]] = {}
        self._all: list[Rule] = []
        for rule in rules:
            if not rule.choice:
                continue
            if rule.file:
                self._files.setdefault(rule.file, []).append(rule)
            elif rule.folder:
                self._folders.setdefault(rule.folder.strip("/"), []).append(rule)
            else:
                self._all.append(rule)

    def __bool__(self) -> bool:
        return bool(self._files or self._folders or self._all)

    def choose(self, match: Match, conflict: Conflict) -> Choice:
        """What was decided on this conflict, whose kind is known; "" for nothing."""
        path, folder = match.media.path, match.folder
        places = (
            (self._files, (path, f"{folder}/{match.media.name}".lstrip("/"))),
            (self._folders, (folder, path.rpartition("/")[0], *_title(match))),
        )
        for table, keys in places:
            for key in keys if table else ():
                for rule in reversed(table.get(key) or table.get(utf8(key)) or ()):
                    if rule.fits(conflict) and rule.folder.strip("/") in ("", *places[1][1]):
                        return rule.choice
        return next((rule.choice for rule in reversed(self._all) if rule.fits(conflict)), "")


def _title(match: Match) -> tuple[str, ...]:
    """Of the album, whose folder may be called otherwise: cut, numbered, cleaned."""
    title = match.album.title.strip("/") if match.album is not None else ""
    return (title,) if title else ()


def _toml(data: bytes) -> object:
    import tomllib

    return tomllib.loads(data.decode())


def load(path: str) -> Decisions:
    """The decisions in a file, TOML by its ending, else JSON. Raises UsageError with one line."""
    if not path:
        return Decisions()
    shown = f"--decisions {safe(path, 200)}"
    try:
        with Path(path).open("rb") as stream:
            data = stream.read(LARGEST)
        raw = _toml(data) if path.lower().endswith(".toml") else orjson.loads(data)
        document = msgspec.convert(raw, Document)
    except OSError as error:
        raise UsageError(f"{shown}: cannot be read: {error.strerror or error}") from None
    except msgspec.ValidationError as error:
        raise UsageError(f"{shown}: {safe(str(error), 200)}") from None
    except (ValueError, RecursionError) as error:
        form = "TOML" if path.lower().endswith(".toml") else "JSON"
        raise UsageError(f"{shown}: is not {form}: {safe(str(error), 200)}") from None
    for number, rule in enumerate(document.decisions, 1):
        if not rule.choice and not (rule.sidecar and rule.file):
            raise UsageError(
                f"{shown}: decision {number}: choice is keep or google (or file and sidecar say what belongs together)"
            )
    return Decisions(document.decisions, xxhash.xxh3_64_digest(data))
