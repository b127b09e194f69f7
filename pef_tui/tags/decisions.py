"""Read a person's decisions on conflicts from a file (`--decisions`, docs/usage.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import orjson
import xxhash
from msgspec import Struct

from pef_tui.errors import UsageError
from pef_tui.model import Choice, Conflict, Match
from pef_tui.sanitize import safe, utf8

LARGEST = 256 << 20
"""Largest decisions file that is read, in bytes."""


class DecisionRule(Struct, frozen=True, forbid_unknown_fields=True):
    """One decision of a person. `choice` decides conflicts; `sidecar` assigns a sidecar to `file`.

    The other fields select the conflicts to which `choice` applies. An empty field selects all.
    """

    choice: Choice = ""
    file: str = ""
    """Path of a media file: as `source` in the JSON lines, or relative to the Google Photos folder."""
    folder: str = ""
    """A folder, usually an album: its path in the Google Photos folder, its path as in `source`, or the album's
    title.
    """
    unit: str = ""
    """Unit of the conflict (`date`, `place` or `description`), or name of its tag."""
    kind: str = ""
    """Kind of the conflict, as in the JSON lines: `differs by 1 h`."""
    sidecar: str = ""
    """The JSON file that belongs to `file`: its name, or its path as in `source`.

    Both files are in one Google Photos folder.
    """

    def fits(self, conflict: Conflict) -> bool:
        """Return whether the decision applies to `conflict`, by unit and kind. File and folder are not compared
        here.
        """
        kinds = ("", conflict.kind, conflict.differs)
        return self.unit in ("", conflict.unit, conflict.tag) and self.kind in kinds


class Document(Struct, frozen=True, forbid_unknown_fields=True):
    """The content of a decisions file."""

    decisions: tuple[DecisionRule, ...]
    v: Literal[1] = 1


Scope = Literal["everything", "title", "directory", "folder", "path", "source"]
"""What the `file` or `folder` of a decision names.

- `title`: an album, by its title
- `directory`: a directory of a source
- `folder`: a Google Photos folder
- `path`: a file, by its path in that folder
- `source`: a file, by its path in the source
- `everything`: both fields are empty
"""
FOLDER_SCOPES: tuple[Scope, ...] = ("title", "directory", "folder")
FILE_SCOPES: tuple[Scope, ...] = ("path", "source")
SCOPES: tuple[Scope, ...] = ("everything", *FOLDER_SCOPES, *FILE_SCOPES)
"""All scopes. A decision has priority over decisions of earlier scopes. Within one scope, the last decision counts."""


def possible_scopes(rule: DecisionRule) -> tuple[Scope, ...]:
    """Return the scopes that a decision may have, judged by the fields that are set.

    The names in the export show which one it is.
    """
    if rule.file:
        return FILE_SCOPES
    return FOLDER_SCOPES if rule.folder else ("everything",)


def in_ascending_order(rules: Sequence[DecisionRule]) -> Iterator[tuple[Scope, DecisionRule]]:
    """Yield each decision on conflicts with its scope. A later one has priority over the earlier ones.

    A decision is yielded for each scope that it may have (see `possible_scopes`).
    """
    for scope in SCOPES:
        for rule in rules:
            if rule.choice and scope in possible_scopes(rule):
                yield scope, rule


def scope_names(match: Match) -> dict[Scope, str]:
    """Return, for each scope, the name or path with which decisions can name the file or its folder."""
    names: dict[Scope, str] = {
        "source": match.media.path,
        "path": f"{match.folder}/{match.media.name}".lstrip("/"),
        "folder": match.folder,
        "directory": match.media.path.rpartition("/")[0],
    }
    if title := album_title(match):
        names["title"] = title
    return names


def album_title(match: Match) -> str:
    """Return the title of the album of a file, as decisions name it; "" if the file is in no album.

    The name of the album's folder may be different: shortened, numbered, without some characters.
    """
    return match.album.title.strip("/") if match.album is not None else ""


class Decisions:
    """The decisions of a decisions file, found by the file or folder that they name.

    If several apply to a conflict, the order of `SCOPES` selects one.
    """

    def __init__(self, rules: tuple[DecisionRule, ...] = (), content: bytes = b"") -> None:
        self.content = content
        """Hash of the decisions file; empty without a file."""
        self.rules = rules
        """All decisions, in the order of the decisions file."""
        self.sidecars = {rule.file: rule.sidecar for rule in rules if rule.sidecar}
        """Sidecars that decisions assign, by the `file` of the decision."""
        self._files: dict[str, list[DecisionRule]] = {}
        self._folders: dict[str, list[DecisionRule]] = {}
        self._unscoped: list[DecisionRule] = []
        for rule in rules:
            if not rule.choice:
                continue
            if rule.file:
                self._files.setdefault(rule.file, []).append(rule)
            elif rule.folder:
                self._folders.setdefault(rule.folder.strip("/"), []).append(rule)
            else:
                self._unscoped.append(rule)

    def __bool__(self) -> bool:
        return bool(self._files or self._folders or self._unscoped)

    def choose(self, match: Match, conflict: Conflict) -> Choice:
        """Return the choice of the decision that applies to `conflict`; "" if there is none.

        `conflict` must have its kind (see `conflict_kinds.with_kind`).
        """
        names = scope_names(match)
        folders = {"", *(names[scope] for scope in FOLDER_SCOPES if scope in names)}
        for scope in reversed(SCOPES):
            for rule in reversed(self._rules_for(scope, names.get(scope))):
                if rule.fits(conflict) and rule.folder.strip("/") in folders:
                    return rule.choice
        return ""

    def _rules_for(self, scope: Scope, name: str | None) -> Sequence[DecisionRule]:
        """Return the decisions of `scope` that name the file or folder `name`, in the order of the file; empty if
        none.
        """
        if scope == "everything":
            return self._unscoped
        table = self._files if scope in FILE_SCOPES else self._folders
        if not table or name is None:
            return ()
        return table.get(name) or table.get(utf8(name)) or ()


def _toml(data: bytes) -> object:
    import tomllib

    return tomllib.loads(data.decode())


def load(path: str) -> Decisions:
    """Load the decisions from the file `path`: TOML if its name ends in `.toml`, else JSON.

    If `path` is "", there are no decisions. Raises UsageError, with a message of one line, if the file cannot be read
    or is not valid.
    """
    if not path:
        return Decisions()
    option = f"--decisions {safe(path, 200)}"
    try:
        with Path(path).open("rb") as stream:
            data = stream.read(LARGEST)
        raw = _toml(data) if path.lower().endswith(".toml") else orjson.loads(data)
        document = msgspec.convert(raw, Document)
    except OSError as error:
        raise UsageError(f"{option}: cannot be read: {error.strerror or error}") from None
    except msgspec.ValidationError as error:
        raise UsageError(f"{option}: {safe(str(error), 200)}") from None
    except (ValueError, RecursionError) as error:
        form = "TOML" if path.lower().endswith(".toml") else "JSON"
        raise UsageError(f"{option}: is not {form}: {safe(str(error), 200)}") from None
    for number, rule in enumerate(document.decisions, 1):
        if not rule.choice and not (rule.sidecar and rule.file):
            raise UsageError(
                f"{option}: decision {number}: choice is keep or google (or file and sidecar say what belongs together)"
            )
    return Decisions(document.decisions, xxhash.xxh3_64_digest(data))
