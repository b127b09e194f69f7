"""Records as JSON lines and as text. Fields are only added to the lines, never changed, because scripts read them."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pef_tui import __version__
from pef_tui.model import JsonRecord, Outcome, Record
from pef_tui.progress import Progress
from pef_tui.reporting.album_files import ALBUMS_JSON
from pef_tui.reporting.media_line import MediaLine, all_warnings, media_line, outcome_reason
from pef_tui.sanitize import json_safe, safe, utf8


class ProgressLine(Struct):
    """A line of `--json` with `--progress SECONDS`: how far the run is."""

    v: int
    type: str
    stage: Literal["plan", "write"]
    """`plan` in a dry run, else `write`: the run plans files and writes them at the same time."""
    done: int
    """Number of files with an outcome: pictures, videos, JSON files and others."""
    total: int | None
    """Number of files in all sources; null if it is not known yet."""
    bytes: int
    """Size of the outputs so far."""
    seconds: float
    """Duration of the run so far."""
    left: float | None
    """Estimated seconds until the end; null if there is no estimate."""


class JsonLine(Struct):
    """The line of one JSON file."""

    v: int
    type: str
    source: str
    root: int
    outcome: str
    reason: str
    source_bytes: str | UnsetType = UNSET
    outputs: tuple[str, ...] | UnsetType = UNSET
    """Paths, relative to DEST, of copies or links that were made for this sidecar, because the album folder that
        contains the sidecar does not contain its picture; absent if there are none."""


class OtherLine(Struct):
    """The line of one file of any other kind (not media, not JSON)."""

    v: int
    type: str
    source: str
    root: int
    source_bytes: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    """Reason why the file is not processed (it is a system file or an archive); absent for all other files."""


_encode = msgspec.json.Encoder().encode


def record_line(record: Record) -> bytes:
    """Return a record as a line of JSON that ends with a newline."""
    if isinstance(record, Outcome):
        line: MediaLine | JsonLine | OtherLine = media_line(record)
    elif isinstance(record, JsonRecord):
        facts = record.file.path, record.file.root, record.outcome, record.reason
        line = JsonLine(1, "json", *facts, outputs=record.outputs or UNSET)
    else:
        line = OtherLine(1, "other", record.file.path, record.file.root, reason=record.reason or UNSET)
    return encode_line(line)


def start_line(progress: Progress, dry_run: bool) -> bytes:
    """Return the first JSON line of a run: version, sources and output."""
    return encode_line(
        {
            "v": 1,
            "type": "start",
            "version": __version__,
            "sources": list(progress.sources),
            "output": progress.output,
            "dry_run": dry_run,
            "exiftool": progress.exiftool or None,
        }
    )


def summary_line(progress: Progress, status: int, error: str = "", trace: Sequence[str] = ()) -> bytes:
    """Return the last JSON line of a run: counts, notes and the exit code `status`.

    `error`: why the run as a whole failed; "" if it did not. `trace`: lines of `--trace-plugins`.
    """
    summary: dict[str, object] = {
        "v": 1,
        "type": "summary",
        "media": {word: count for word, count in progress.media.items() if count},
        "json": {word: count for word, count in progress.json.items() if count},
        "other": progress.other_count,
        "found": progress.found_count,
        "seconds": round(progress.seconds, 3),
        "exit": status,
        "conflicts": progress.conflicts,
        "warnings": progress.warnings,
        "bytes": progress.bytes,
        "assumed_zones": progress.assumed_zones,
    }
    if progress.not_reached:
        summary["not_reached"] = progress.not_reached
    if progress.verified:
        summary["verify"] = {"checked": progress.verified, "failed": progress.verify_failures}
    if progress.notes:
        summary["notes"] = list(progress.notes)
    if progress.source_problems:
        summary["problems"] = list(progress.source_problems)
    if trace:
        summary["trace"] = list(trace)
    if error:
        summary["error"] = error
    return encode_line(summary)


def encode_line(line: Struct | dict[str, Any]) -> bytes:
    """Return an object as a line of JSON in UTF-8. Control characters are escaped, so that a terminal can show it."""
    try:
        text = _encode(line)
    except UnicodeEncodeError:
        text = _encode(_with_exact_bytes(line))
    if not text.isascii() or b"\x7f" in text:
        text = json_safe(text.decode()).encode()
    return text + b"\n"


def _with_exact_bytes(line: Struct | dict[str, Any]) -> dict[str, Any]:
    """Return the fields of `line` by name. In all texts, bytes that are not UTF-8 are escaped.

    The exact bytes of a path that is not UTF-8 are added in base64, as `source_bytes`, `sidecar_bytes`, `output_bytes`
    or `xmp_bytes`.
    """
    fields = line if isinstance(line, dict) else msgspec.structs.asdict(line)
    exact = {}
    if not isinstance(line, dict):
        for name in ("source", "sidecar", "output", "xmp"):
            path = fields.get(name)
            if path is not None and utf8(path) != path:
                exact[name + "_bytes"] = base64.b64encode(os.fsencode(path)).decode()
    return {name: _utf8(value) for name, value in (fields | exact).items() if value is not UNSET}


def _utf8(value: Any) -> Any:
    """Return `value`, a text or a container of texts, with bytes that are not UTF-8 escaped in all texts."""
    if isinstance(value, str):
        return utf8(value)
    if isinstance(value, (tuple, list)):
        return [_utf8(item) for item in value]
    if isinstance(value, dict):
        return {utf8(key): _utf8(item) for key, item in value.items()}
    if isinstance(value, Struct):
        fields = msgspec.structs.asdict(value)
        return _utf8({name: item for name, item in fields.items() if item is not UNSET})
    return value


MEDIA_WORDS = {
    "written": "written",
    "sidecar": "with an XMP file",
    "copied": "already complete",
    "unmatched": "without a sidecar",
    "duplicate": "duplicates",
    "unchanged": "done by an earlier run",
    "excluded": "left out by a filter",
    "failed": "failed",
}
JSON_WORDS = {
    "used": "used",
    "orphan": "whose picture is missing",
    "album": "of albums",
    "other": "of other kinds",
    "invalid": "invalid",
}


def duration_text(seconds: float) -> str:
    """Return a duration as text: `2 h 07 min`, `3 min 05 s` or `4.2 s`."""
    minutes, remaining_seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {remaining_seconds:02} s" if minutes else f"{seconds:.1f} s"


def summary_lines(progress: Progress, dry_run: bool) -> Iterator[str]:
    """Yield the lines of the summary after a run.

    The numbers before the line `files found` add up to its number.
    """
    from pef_tui.reporting.charts import size_text  # imported here because JSON lines do not need it

    if dry_run:
        yield "Dry run: nothing was written. A run would have this result:"
    media_count = _counted(progress.media_count, "picture or video", "pictures and videos")
    yield media_count + _details(progress.media, MEDIA_WORDS)
    yield _counted(progress.json_count, "JSON file") + _details(progress.json, JSON_WORDS)
    yield _counted(progress.other_count, "other file")
    if progress.not_reached:
        yield f"{_counted(progress.not_reached, 'file')} not reached; the next run continues with them"
    written = f", {size_text(progress.bytes)} written" if progress.bytes and not dry_run else ""
    yield f"{_counted(progress.found_count, 'file')} found{written}, {duration_text(progress.seconds)}"
    if progress.verified:
        failures = progress.verify_failures
        result = f"{failures:,} not as written" if failures else "all as written"
        yield f"{_counted(progress.verified, 'file')} read back, {result}"
    if progress.dated_by_name:
        yield f"{_counted(progress.dated_by_name, 'file')} without a sidecar got the date in the file name"
    if progress.dated_only_in_name:
        undated = _counted(progress.dated_only_in_name, "file")
        yield f"{undated} with a date in the file name only (--dates-from-names writes it)"
    if progress.assumed_zones:
        assumed = _counted(progress.assumed_zones, "file")
        yield f"{assumed}: {assumed_zone_text()} (--timezone ZONE sets another)"
    if progress.conflicts:
        yield f"{_counted(progress.conflicts, 'file')} with values that differ from Google's (--json lists both)"
    album_count, file_count = progress.albums_listed
    if album_count:
        files = _counted(file_count, "file").lstrip()
        yield f"{_counted(album_count, 'album')} with {files}, listed in {ALBUMS_JSON} and albums.csv"
    if progress.warnings:
        yield f"{_counted(progress.warnings, 'file')} with warnings (-v lists them)"
    if progress.source_problems:
        parts = _counted(len(progress.source_problems), "part")
        yield f"{parts} of the sources left out or not readable (listed above)"
    yield from _failure_lines(progress, "Failed")


def assumed_zone_text() -> str:
    """Return the words for files whose time zone was assumed (`Progress.assumed_zones`), with the assumed zone."""
    return f"time zone unknown, that of this machine assumed ({time.strftime('%Z')})"


def problem_lines(progress: Progress) -> Iterator[str]:
    """Yield the lines of the summary that a run with `--quiet` prints: what went wrong, apart from the notes."""
    if invalid := progress.json["invalid"]:
        yield f"{_counted(invalid, 'JSON file').strip()} invalid, not used (--json lists all files)"
    if progress.warnings:
        yield f"{_counted(progress.warnings, 'file').strip()} with warnings (-v lists them)"
    yield from _failure_lines(progress, f"{_counted(progress.failed, 'file').strip()} failed")


def _failure_lines(progress: Progress, heading: str) -> Iterator[str]:
    """Yield the last failed files with their reasons, below `heading`; nothing if no file failed."""
    failures = list(progress.recent_failures)
    if failures:
        yield f"{heading}{f' (the last {len(failures)})' if progress.failed > len(failures) else ''}:"
        for path, reason in failures:
            yield f"  {safe(path, 200)}: {safe(reason, 300)}"


def _counted(count: int, singular: str, plural: str = "") -> str:
    """Return a right-aligned count with its noun: `1 file`, `20 files`. `plural`: "" for `singular` with an s."""
    return f"{count:>9,} {singular if count == 1 else plural or singular + 's'}"


def _details(counter: Any, words: dict[str, str]) -> str:
    """Return the second half of a line of the summary: `: 28 written, 2 failed`; "" if nothing was counted.

    `counter`: number of files by outcome. `words`: text for each outcome, in the order of the line.
    """
    parts = (f"{counter[outcome]:,} {text}" for outcome, text in words.items() if counter[outcome])
    detail = ", ".join(parts)
    return f": {detail}" if detail else ""


def outcome_text(outcome: Outcome) -> str:
    """Return the outcome of one picture or video as one line, for `-v` and the log."""
    parts = [f"{outcome.outcome}: {safe(outcome.plan.match.media.path)}"]
    if outcome.output and outcome.output != outcome.plan.match.media.path:
        parts.append(f"-> {safe(outcome.output)}")
    if reason := outcome_reason(outcome):
        parts.append(f"({safe(reason, 300)})")
    parts += [f"[{safe(warning, 300)}]" for warning in all_warnings(outcome)]
    return " ".join(parts)
