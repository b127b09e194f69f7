"""Generate the JSON Schemas of the JSON lines and of `config.toml`: `python -m tools.schema DIRECTORY`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pef_tui.config import options
from pef_tui.model import JsonOutcome, MediaOutcome
from pef_tui.reporting.json_lines import JsonLine, OtherLine, ProgressLine
from pef_tui.reporting.media_line import MediaLine
from pef_tui.settings import Settings

DRAFT = "https://json-schema.org/draft/2020-12/schema"


class StartLine(Struct):
    """The first line of a run."""

    v: int
    type: str
    version: str
    sources: tuple[str, ...]
    output: str
    dry_run: bool
    exiftool: str | None


class Verified(Struct):
    """Number of files that `--verify` read back, and of those that differed."""

    checked: int
    failed: int


class SummaryLine(Struct):
    """The last line of a run. The counts add up to `found`."""

    v: int
    type: str
    media: dict[MediaOutcome, int]
    json: dict[JsonOutcome, int]
    other: int
    found: int
    seconds: float
    exit: int
    conflicts: int = 0
    """Number of pictures and videos with a value that differs from Google's."""
    warnings: int = 0
    """Number of pictures and videos with a warning."""
    bytes: int = 0
    """Size of the outputs that the run wrote; 0 in a dry run."""
    assumed_zones: int = 0
    """Number of pictures and videos whose time zone is unknown and was assumed to be that of this machine."""
    not_reached: int | UnsetType = UNSET
    """Number of files without an outcome because a source or DEST was gone, which `found` includes; absent if 0."""
    verify: Verified | UnsetType = UNSET
    """Result of `--verify`; absent if no file was read back."""
    notes: tuple[str, ...] | UnsetType = UNSET
    """Notes on the run as a whole."""
    problems: tuple[str, ...] | UnsetType = UNSET
    """Parts of the sources that were not readable or were left out."""
    trace: tuple[str, ...] | UnsetType = UNSET
    """With `--trace-plugins`: each hook call, and the calls, errors and duration of each registration."""
    error: str | UnsetType = UNSET
    """Why the run as a whole failed; absent if it did not."""


class FindingLine(Struct):
    """One finding of `--doctor --json`."""

    v: int
    type: str
    check: str
    level: Literal["ok", "note", "warning", "problem"]
    what: str
    advice: str


class FindingsLine(Struct):
    """The last line of `--doctor --json`: the number of findings of each level."""

    v: int
    type: str
    ok: int
    note: int
    warning: int
    problem: int
    exit: int


class PluginLine(Struct):
    """One plugin of `--plugins --json`."""

    v: int
    type: str
    name: str
    origin: str
    distribution: str
    version: str
    state: str
    hooks: tuple[str, ...]
    registered: tuple[str, ...]
    """Registrations per hook, each with its order."""
    error: str
    """Why the plugin could not be loaded; "" if it is not broken."""
    notes: tuple[str, ...]
    """Why it is off, deprecated names that it uses, hooks that failed, names that were already in use."""
    fingerprint: str
    """If it differs from that of the last run, files are planned again."""
    trace: tuple[str, ...] | UnsetType = UNSET
    """With `--trace-plugins`: each hook call, its registrations and its duration."""


class SettingLine(Struct):
    """One setting of `--show-config --json`."""

    v: int
    type: str
    name: str
    value: Any
    origin: str


class StatusLine(Struct):
    """The first line of `--status --json`: totals of the manifest of DEST."""

    v: int
    type: str
    output: str
    files: int
    bytes: int
    """Total size of the outputs."""
    media: dict[MediaOutcome, int]
    conflicts: int
    """Number of files with a value that differs from Google's."""
    running: str | None
    """The run that is using DEST now: host, process and start time; null if none is."""
    problems: tuple[str, ...]
    """Parts of the manifest that are not readable."""


class FolderLine(Struct):
    """One Folder of `--status --json`."""

    v: int
    type: str
    path: str
    files: int
    failed: int
    conflicts: int
    bytes: int


class FailedLine(Struct):
    """One failed file of `--status --json`."""

    v: int
    type: str
    path: str
    reason: str


class RunLine(Struct):
    """One run of `--status --json`; the most recent is first."""

    v: int
    type: str
    run: str
    started: str
    """ISO 8601, UTC."""
    version: str
    """Version of the program."""
    options: dict[str, Any]
    """Settings that differ from their defaults, with their values as in `--show-config`."""
    seconds: float | None
    """Duration; null if the run was interrupted or is not finished."""
    counts: dict[str, int]
    exit: int | None = None
    """Exit code; null if the run did not end, or is of an old version."""
    stopped: str | None = None
    """Why the run was stopped before its end: the name of a signal (`SIGTERM`), `user` (in the app), `max-errors` or
    `output-closed` (the reader of the JSON lines); null if it was not stopped."""


class UndoneLine(Struct):
    """One file of `--undo --json`."""

    v: int
    type: str
    source: str
    outcome: Literal["restored", "left"]
    reason: str


class UndoLine(Struct):
    """The last line of `--undo --json`."""

    v: int
    type: str
    run: str
    restored: int
    left: int
    damaged: int = 0
    """Number of files, among those left, that cannot be restored because the undo record is damaged."""


LINES: tuple[tuple[str, type[Struct]], ...] = (
    ("start", StartLine),
    ("media", MediaLine),
    ("json", JsonLine),
    ("other", OtherLine),
    ("progress", ProgressLine),
    ("summary", SummaryLine),
    ("finding", FindingLine),
    ("summary", FindingsLine),
    ("plugin", PluginLine),
    ("setting", SettingLine),
    ("status", StatusLine),
    ("folder", FolderLine),
    ("failed", FailedLine),
    ("run", RunLine),
    ("undone", UndoneLine),
    ("undo", UndoLine),
)
"""Each `type` of line and its Struct."""


def lines() -> dict[str, Any]:
    """Return the schema of one JSON line. Fields may be added; existing fields keep their meaning."""
    structs = [struct for _, struct in LINES]
    references, parts = msgspec.json.schema_components(structs, ref_template="#/$defs/{name}")
    for word, struct in LINES:
        properties = parts[struct.__name__]["properties"]
        properties["v"] = {"const": 1}
        properties["type"] = {"const": word}
    for kind, outcomes in ((MediaLine, MediaOutcome), (JsonLine, JsonOutcome)):
        parts[kind.__name__]["properties"]["outcome"] = msgspec.json.schema(outcomes)
    return {"$schema": DRAFT, "title": "A line of pef-tui --json", "oneOf": list(references), "$defs": parts}


def config() -> dict[str, Any]:
    """Return the schema of `config.toml`."""
    plugin_table = {"description": "as the plugin documents it"}
    schema = msgspec.json.schema(
        Settings, ref_template="#/$defs/{name}", schema_hook=lambda kind: plugin_table
    )
    part = schema["$defs"]["Settings"]
    for name, option in options().items():
        if option.text:
            part["properties"][name]["description"] = option.text
    return {"$schema": DRAFT, "title": "config.toml of pef-tui", **schema}


def encoded(schema: dict[str, Any]) -> str:
    """Return the text of the file in docs/schema."""
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    directory = Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "lines.json").write_text(encoded(lines()), encoding="utf-8")
    (directory / "config.json").write_text(encoded(config()), encoding="utf-8")
