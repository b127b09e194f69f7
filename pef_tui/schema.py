"""JSON Schema of the JSON lines and of `config.toml`, made from the Structs: `python -m pef_tui.schema FOLDER`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pef_tui.config import options
from pef_tui.model import JsonOutcome, MediaOutcome
from pef_tui.report import JsonLine, MediaLine, OtherLine
from pef_tui.settings import Settings

DRAFT = "https://json-schema.org/draft/2020-12/schema"


class StartLine(Struct):
    """What a run begins with."""

    v: int
    type: str
    version: str
    sources: tuple[str, ...]
    output: str
    dry_run: bool
    exiftool: str | None


class Verified(Struct):
    """Files that were read back."""

    checked: int
    failed: int


class SummaryLine(Struct):
    """What a run ends with; the counts add up to `found`."""

    v: int
    type: str
    media: dict[MediaOutcome, int]
    json: dict[JsonOutcome, int]
    other: int
    found: int
    seconds: float
    exit: int
    verify: Verified | UnsetType = UNSET
    """What `--verify` read back; left out where it read nothing."""
    notes: tuple[str, ...] | UnsetType = UNSET
    """What is to be told of the run as a whole."""
    problems: tuple[str, ...] | UnsetType = UNSET
    """What could not be read of the sources or was left out there."""
    trace: tuple[str, ...] | UnsetType = UNSET
    """With `--trace-plugins`: each hook called, and what each registration did."""
    error: str | UnsetType = UNSET
    """Why it failed as a whole."""


class FindingLine(Struct):
    """One finding of `--doctor --json`."""

    v: int
    type: str
    check: str
    level: Literal["ok", "note", "warning", "problem"]
    what: str
    advice: str


class FindingsLine(Struct):
    """What `--doctor --json` ends with: how many findings of each level."""

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
    """What it yields to each hook, with its order."""
    error: str
    """Why it is broken."""
    notes: tuple[str, ...]
    """What is told of it: why it is off, what it uses that is to go, which hook failed, which name was taken."""
    fingerprint: str
    """Where it is another than in the last run, files are planned again."""
    trace: tuple[str, ...] | UnsetType = UNSET
    """With `--trace-plugins`: each hook called, what it gave and how long it took."""


class SettingLine(Struct):
    """One setting of `--show-config --json`."""

    v: int
    type: str
    name: str
    value: Any
    origin: str


class StatusLine(Struct):
    """What the manifest knows of DEST as a whole: the first line of `--status --json`."""

    v: int
    type: str
    output: str
    files: int
    bytes: int
    """Of the outputs."""
    media: dict[MediaOutcome, int]
    conflicts: int
    """Files that say something else than Google does."""
    running: str | None
    """Who is at work there now: host, process and since when."""
    problems: tuple[str, ...]
    """What of the manifest cannot be read."""


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
    """One run of `--status --json`, the last first."""

    v: int
    type: str
    run: str
    started: str
    """ISO 8601, UTC."""
    version: str
    """Of the program."""
    options: dict[str, str]
    """Settings other than their defaults."""
    seconds: float | None
    """null: it did not come to its end, or has not yet."""
    counts: dict[str, int]


class UndoneLine(Struct):
    """One file of `--undo --json`."""

    v: int
    type: str
    source: str
    outcome: Literal["restored", "left"]
    reason: str


class UndoLine(Struct):
    """What `--undo --json` ends with."""

    v: int
    type: str
    run: str
    restored: int
    left: int
    damaged: int = 0
    """Of those left: how many cannot be restored because the undo record is damaged."""


LINES: tuple[tuple[str, type[Struct]], ...] = (
    ("start", StartLine),
    ("media", MediaLine),
    ("json", JsonLine),
    ("other", OtherLine),
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
    """The schema of one JSON line. Fields may be added; what is there keeps its meaning."""
    structs = [struct for _, struct in LINES]
    found, parts = msgspec.json.schema_components(structs, ref_template="#/$defs/{name}")
    for word, struct in LINES:
        properties = parts[struct.__name__]["properties"]
        properties["v"] = {"const": 1}
        properties["type"] = {"const": word}
    for kind, outcomes in ((MediaLine, MediaOutcome), (JsonLine, JsonOutcome)):
        parts[kind.__name__]["properties"]["outcome"] = msgspec.json.schema(outcomes)
    return {"$schema": DRAFT, "title": "A line of pef-tui --json", "oneOf": list(found), "$defs": parts}


def config() -> dict[str, Any]:
    """The schema of `config.toml`."""
    own = {"description": "as the plugin documents it"}
    schema = msgspec.json.schema(Settings, ref_template="#/$defs/{name}", schema_hook=lambda kind: own)
    part = schema["$defs"]["Settings"]
    for name, option in options().items():
        if option.text:
            part["properties"][name]["description"] = option.text
    return {"$schema": DRAFT, "title": "config.toml of pef-tui", **schema}


def written(schema: dict[str, Any]) -> str:
    """As it is kept in docs/schema."""
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lines.json").write_text(written(lines()), encoding="utf-8")
    (folder / "config.json").write_text(written(config()), encoding="utf-8")
