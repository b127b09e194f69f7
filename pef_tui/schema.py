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
    notes: tuple[str, ...] | UnsetType = UNSET
    """What is to be told of the run as a whole."""
    problems: tuple[str, ...] | UnsetType = UNSET
    """What could not be read of the sources or was left out there."""
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


class SettingLine(Struct):
    """One setting of `--show-config --json`."""

    v: int
    type: str
    name: str
    value: Any
    origin: str


LINES: dict[str, type[Struct]] = {
    "start": StartLine,
    "media": MediaLine,
    "json": JsonLine,
    "other": OtherLine,
    "summary": SummaryLine,
    "finding": FindingLine,
    "plugin": PluginLine,
    "setting": SettingLine,
}
"""The Struct of each `type` of line."""


def lines() -> dict[str, Any]:
    """The schema of one JSON line. Fields may be added; what is there keeps its meaning."""
    found, parts = msgspec.json.schema_components(LINES.values(), ref_template="#/$defs/{name}")
    for (word, struct), _ in zip(LINES.items(), found, strict=True):
        part = parts[struct.__name__]
        part["properties"]["v"] = {"const": 1}
        part["properties"]["type"] = {"const": word}
    for word, outcomes in (("media", MediaOutcome), ("json", JsonOutcome)):
        part = parts[LINES[word].__name__]
        part["properties"]["outcome"] = msgspec.json.schema(outcomes)
    # what `--doctor` and `--status` end with has no counts of files
    summary = parts["SummaryLine"]
    summary["required"] = ["v", "type", "exit"]
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
