"""`--metrics`: the result of a run in Prometheus' text format, for the textfile collector of node_exporter."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from pef_tui import __version__
from pef_tui.errors import UsageError
from pef_tui.pipeline.exit_codes import OK
from pef_tui.pipeline.source_args import default_output
from pef_tui.progress import Progress
from pef_tui.reporting.html.report_file import report_problem, write_atomically
from pef_tui.reporting.json_lines import JSON_WORDS, MEDIA_WORDS
from pef_tui.sanitize import safe, utf8
from pef_tui.settings import Settings

MODE = 0o644
"""Permissions of the file, less the umask: node_exporter runs as another user."""
SUCCESS = "pef_tui_last_success_timestamp_seconds"
MAX_PREVIOUS = 1 << 20
"""Maximum number of bytes that are read of the metrics of the previous run."""


class Metric(NamedTuple):
    """A metric, its help text, and its values by the labels of each. All metrics are gauges."""

    name: str
    text: str
    values: Mapping[tuple[tuple[str, str], ...], float]


def check(settings: Settings) -> None:
    """Raise UsageError if the file of `--metrics` cannot be written."""
    if settings.metrics and (problem := report_problem(settings.metrics)):
        raise UsageError(f"--metrics {safe(settings.metrics, 200)}: {problem}")


def write(settings: Settings, progress: Progress, status: int, clock: Callable[[], float] = time.time) -> str:
    """Write the metrics of an ended run to the file of `--metrics`. Return why they could not be written; "" if they
    were.

    `status`: the exit code. `clock`: returns the present time in seconds since 1970. The time of the last success is
    taken from the present file if this run did not succeed.
    """
    label = ("output", utf8(_output(settings, progress)))
    end = clock()
    success = end if status == OK else _previous_success(settings.metrics, label)
    metrics = _metrics(progress, status, label, end, success)
    text = "".join(f"{line}\n" for metric in metrics for line in _lines(metric))
    try:
        write_atomically(settings.metrics, [text.encode()], MODE)
    except OSError as error:
        return f"--metrics {safe(settings.metrics, 200)}: {error.strerror or error}"
    return ""


def _output(settings: Settings, progress: Progress) -> str:
    """Return the real path of DEST (in place: of SOURCE), also if the run failed before it was determined; "" if the
    settings do not determine it.
    """
    path = progress.output
    if not path and len(settings.sources) == 1:
        path = settings.sources[0] if settings.in_place else default_output(settings.sources[0])
    return os.path.realpath(path) if path else ""


def _metrics(
    progress: Progress, status: int, label: tuple[str, str], end: float, success: float | None
) -> Iterator[Metric]:
    def one(name: str, text: str, value: float) -> Metric:
        return Metric(f"pef_tui_{name}", text, {(label,): value})

    yield Metric("pef_tui_build_info", "Version of pef-tui.", {(label, ("version", __version__)): 1})
    yield Metric(
        "pef_tui_media_files",
        "Pictures and videos of the last run by outcome.",
        {(label, ("outcome", word)): count for word, count in _counts(progress.media, MEDIA_WORDS)},
    )
    yield Metric(
        "pef_tui_json_files",
        "JSON files of the last run by outcome.",
        {(label, ("outcome", word)): count for word, count in _counts(progress.json, JSON_WORDS)},
    )
    yield one("other_files", "Files of any other kind in the last run.", progress.other_count)
    yield one("not_reached_files", "Files without an outcome because a disk was gone.", progress.not_reached)
    yield one("conflict_files", "Files with a value that differs from Google's.", progress.conflicts)
    yield one("warning_files", "Files with a warning.", progress.warnings)
    text = "Files whose time zone was assumed to be that of this machine."
    yield one("assumed_zone_files", text, progress.assumed_zones)
    yield one("source_problems", "Parts of the sources that were not read.", len(progress.source_problems))
    yield one("verified_files", "Files that --verify read back.", progress.verified)
    yield one("verify_failure_files", "Files that differ from what was written.", progress.verify_failures)
    yield one("written_bytes", "Size of the outputs that the last run wrote.", progress.bytes)
    yield one("run_duration_seconds", "Duration of the last run.", round(progress.seconds, 3))
    yield one("run_exit_code", "Exit code of the last run.", status)
    yield one("last_run_timestamp_seconds", "Time at which the last run ended.", round(end, 3))
    if success is not None:
        text = "Time at which the last run with exit code 0 ended."
        yield Metric(SUCCESS, text, {(label,): round(success, 3)})


def _counts(counter: Any, words: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """Yield each outcome (a key of `words`) and its number in the Counter. The number may be 0: so no series ends."""
    return ((word, counter[word]) for word in words)


def _lines(metric: Metric) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.text}"
    yield f"# TYPE {metric.name} gauge"
    for labels, value in metric.values.items():
        yield f"{metric.name}{_label_text(labels)} {value!r}"


def _label_text(labels: tuple[tuple[str, str], ...]) -> str:
    """Return labels as the format requires: `{output="/data/Photos",outcome="written"}`."""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _previous_success(path: str, label: tuple[str, str]) -> float | None:
    """Return the time of the last success in the file at `path`, if it is of the same DEST; None if there is none."""
    start = f"{SUCCESS}{_label_text((label,))} ".encode()
    with suppress(OSError, ValueError), Path(path).open("rb") as stream:
        for line in stream.read(MAX_PREVIOUS).splitlines():
            if line.startswith(start):
                return float(line.removeprefix(start))
    return None
