"""Records as JSON lines and as words. The lines are a contract with scripts: fields are only ever added."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pef_tui import __version__
from pef_tui.display import json_safe, safe, utf8
from pef_tui.model import Conflict, JsonRecord, Outcome, Record, TagEdit, Taken, Value
from pef_tui.progress import Progress


class MediaLine(Struct):
    """One picture or video. In a dry run the same words, meaning "would be"."""

    v: int
    type: str
    source: str
    """Path below the SOURCE argument number `root`, with `/`; bytes that are no UTF-8 shown as `\\xff`."""
    root: int
    sidecar: str | None
    sidecar_root: int | None
    rule: str | None
    """How the sidecar was found; null without one."""
    outcome: str
    output: str | None
    """Relative to DEST; null when nothing was put there."""
    writer: str
    taken: str | None
    """ISO 8601 with the offset of the wall clock there (+00:00 where no zone is known)."""
    zone: str
    tags: dict[str, Value | None]
    """What is written: into the file, or into the XMP file of a `sidecar`; null removes the tag."""
    conflicts: tuple[Conflict, ...]
    warnings: tuple[str, ...]
    reason: str
    taken_from: str = ""
    """What told `taken`: `sidecar`, `file` (its own tags), `name`; empty where nothing did."""
    xmp_tags: dict[str, Value | None] = {}
    """Of a `written` file, the tags that only its XMP file has, as the file could not be made to hold them."""
    source_bytes: str | UnsetType = UNSET
    """Base64 of the exact name, where it is not UTF-8; the same for the other two."""
    sidecar_bytes: str | UnsetType = UNSET
    output_bytes: str | UnsetType = UNSET


class JsonLine(Struct):
    """One JSON file."""

    v: int
    type: str
    source: str
    root: int
    outcome: str
    reason: str
    source_bytes: str | UnsetType = UNSET
    outputs: tuple[str, ...] | UnsetType = UNSET
    """Relative to DEST: the copies or links in an album whose folder has this sidecar and not the picture."""


class OtherLine(Struct):
    """One file that is neither media nor JSON."""

    v: int
    type: str
    source: str
    root: int
    source_bytes: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    """Why it is not looked into: a file of the system, an archive; absent for all else."""


_encode = msgspec.json.Encoder().encode
TAGS_WRITTEN = frozenset({"written", "sidecar"})


def record_line(record: Record) -> bytes:
    """One record as one line of JSON."""
    if isinstance(record, Outcome):
        line: MediaLine | JsonLine | OtherLine = _media(record)
    elif isinstance(record, JsonRecord):
        facts = record.file.path, record.file.root, record.outcome, record.reason
        line = JsonLine(1, "json", *facts, outputs=record.outputs or UNSET)
    else:
        line = OtherLine(1, "other", record.file.path, record.file.root, reason=record.reason or UNSET)
    return encoded(line)


def start_line(progress: Progress, dry_run: bool) -> bytes:
    """What a run begins with."""
    return encoded(
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
    """What a run ends with; `error` where it failed as a whole, `trace` what plugins did where that is asked for."""
    summary: dict[str, object] = {
        "v": 1,
        "type": "summary",
        "media": {word: count for word, count in progress.media.items() if count},
        "json": {word: count for word, count in progress.json.items() if count},
        "other": progress.other,
        "found": progress.found,
        "seconds": round(progress.seconds, 3),
        "exit": status,
    }
    if progress.verified:
        summary["verify"] = {"checked": progress.verified, "failed": progress.verified_wrong}
    if progress.notes:
        summary["notes"] = list(progress.notes)
    if progress.unread:
        summary["problems"] = list(progress.unread)
    if trace:
        summary["trace"] = list(trace)
    if error:
        summary["error"] = error
    return encoded(summary)


def encoded(line: Struct | dict[str, Any]) -> bytes:
    """One object as one line of UTF-8, with nothing in it that acts on a terminal."""
    try:
        text = _encode(line)
    except UnicodeEncodeError:
        text = _encode(_with_exact_bytes(line))
    if not text.isascii() or b"\x7f" in text:
        text = json_safe(text.decode()).encode()
    return text + b"\n"


def _media(outcome: Outcome) -> MediaLine:
    plan, match = outcome.plan, outcome.plan.match
    return MediaLine(
        1,
        "media",
        match.media.path,
        match.media.root,
        match.json.path if match.json else None,
        match.json.root if match.json else None,
        match.rule if match.json or match.sidecar else None,
        outcome.word,
        outcome.output,
        outcome.writer,
        iso(match.taken) if match.taken else None,
        match.taken.zone if match.taken else "",
        {edit.tag: edit.value for edit in said(outcome)},
        plan.conflicts,
        warnings(outcome),
        reason(outcome),
        match.taken.told if match.taken else "",
        {edit.tag: edit.value for edit in said_beside(outcome)},
    )


def said_beside(outcome: Outcome) -> tuple[TagEdit, ...]:
    """What only the XMP file of a `written` file says."""
    if not outcome.beside or outcome.word != "written":
        return ()
    from pef_tui.xmp import can_write, to_xmp

    return tuple(edit for edit in to_xmp(outcome.beside) if can_write(edit.tag))


def said(outcome: Outcome) -> tuple[TagEdit, ...]:
    """What was put into the file or, where it has all its tags beside it, into its XMP file."""
    if outcome.word not in TAGS_WRITTEN:
        return ()
    edits = outcome.plan.edits if outcome.edits is None else outcome.edits
    if outcome.word == "written":
        return edits
    from pef_tui.xmp import can_write, to_xmp  # a parser comes with it

    return tuple(edit for edit in to_xmp(edits) if can_write(edit.tag))


def warnings(outcome: Outcome) -> tuple[str, ...]:
    """Everything doubtful about one file, each once."""
    if not outcome.warnings:
        return outcome.plan.warnings
    return tuple(dict.fromkeys((*outcome.plan.warnings, *outcome.warnings)))


def reason(outcome: Outcome) -> str:
    """Why it is what it is."""
    plan = outcome.plan
    return outcome.reason or plan.reason or plan.match.reason or plan.match.excluded


def iso(taken: Taken) -> str:
    """The moment as ISO 8601 with offset; thousandths only where there are any."""
    local = taken.local
    return local.isoformat(timespec="milliseconds" if local.microsecond >= 1000 else "seconds")


def _with_exact_bytes(line: Struct | dict[str, Any]) -> dict[str, Any]:
    """Names that are not UTF-8: shown escaped, and exactly in base64 beside."""
    fields = line if isinstance(line, dict) else msgspec.structs.asdict(line)
    exact = {}
    if not isinstance(line, dict):
        for name in ("source", "sidecar", "output"):
            path = fields.get(name)
            if path is not None and utf8(path) != path:
                exact[name + "_bytes"] = base64.b64encode(os.fsencode(path)).decode()
    return {name: _utf8(value) for name, value in (fields | exact).items() if value is not UNSET}


def _utf8(value: Any) -> Any:
    if isinstance(value, str):
        return utf8(value)
    if isinstance(value, (tuple, list)):
        return [_utf8(each) for each in value]
    if isinstance(value, dict):
        return {utf8(key): _utf8(each) for key, each in value.items()}
    if isinstance(value, Struct):
        fields = msgspec.structs.asdict(value)
        return _utf8({name: each for name, each in fields.items() if each is not UNSET})
    return value


MEDIA_WORDS = {
    "written": "written",
    "sidecar": "with an XMP file beside",
    "copied": "needed nothing",
    "unmatched": "without a sidecar",
    "duplicate": "already there",
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


def counts(progress: Progress) -> str:
    """How far the run is, in one line of bounded length."""
    seconds = max(progress.seconds, 0.001)
    media = progress.media_count
    failed = f", {progress.failed:,} failed" if progress.failed else ""
    rate = f"{media / seconds:,.0f}/s, {progress.bytes / seconds / 1e6:,.1f} MB/s, {clock(seconds)}"
    return f"{media:,} pictures and videos{failed} | {rate} | {safe(progress.folder)}"


def clock(seconds: float) -> str:
    """A duration for people."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{seconds:.1f} s"


def summary(progress: Progress, dry_run: bool) -> Iterator[str]:
    """The closing words, line by line; the counts add up to what was found."""
    if dry_run:
        yield "Dry run: nothing was written. What a run would do:"
    yield _row("pictures and videos", progress.media_count, progress.media, MEDIA_WORDS)
    yield _row("JSON files", progress.json_count, progress.json, JSON_WORDS)
    yield f"{progress.other:>9,} other files"
    yield f"{progress.found:>9,} files found, {clock(progress.seconds)}"
    if progress.verified:
        wrong = f"{progress.verified_wrong:,} of them wrong" if progress.verified_wrong else "all right"
        yield f"{progress.verified:>9,} read back, {wrong}"
    if progress.dated_by_name:
        yield f"{progress.dated_by_name:>9,} without a sidecar were dated by their names"
    if progress.only_named:
        yield f"{progress.only_named:>9,} have no date but the one in their names; --dates-from-names writes it"
    if progress.conflicts:
        yield f"{progress.conflicts:>9,} say something else than Google does; --json tells both values"
    if progress.warnings:
        yield f"{progress.warnings:>9,} have warnings; -v tells them"
    if progress.unread:
        yield f"{len(progress.unread):>9,} times something in the sources was left out or not readable, as told above"
    problems = list(progress.problems)
    if problems:
        yield f"Failed{f' (the last {len(problems)})' if progress.failed > len(problems) else ''}:"
        for path, why in problems:
            yield f"  {safe(path, 200)}: {safe(why, 300)}"


def _row(what: str, total: int, counter: Any, words: dict[str, str]) -> str:
    parts = (f"{counter[word]:,} {text}" for word, text in words.items() if counter[word])
    detail = ", ".join(parts)
    return f"{total:>9,} {what}" + (f": {detail}" if detail else "")


def outcome_words(outcome: Outcome) -> str:
    """One picture or video in one line, for `-v` and the log."""
    parts = [f"{outcome.word}: {safe(outcome.plan.match.media.path)}"]
    if outcome.output and outcome.output != outcome.plan.match.media.path:
        parts.append(f"-> {safe(outcome.output)}")
    if why := reason(outcome):
        parts.append(f"({safe(why, 300)})")
    parts += [f"[{safe(warning, 300)}]" for warning in warnings(outcome)]
    return " ".join(parts)
