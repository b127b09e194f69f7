"""`--metrics`: the file is valid for Prometheus, has what the summary has, and keeps the time of the last success."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pef_tui import __version__
from pef_tui.cli import metrics
from pef_tui.model import Match, MediaFile, Outcome, Plan
from pef_tui.progress import Progress
from pef_tui.settings import Settings

Command = Callable[..., subprocess.CompletedProcess[bytes]]
Labels = frozenset[tuple[str, str]]
Samples = dict[tuple[str, Labels], float]
_SAMPLE = re.compile(r"([a-z_]+)\{((?:[a-z_]+=\"(?:[^\"\\]|\\[\\n\"])*\",?)+)\} (-?[0-9.]+(?:e[+-]?\d+)?)")
_LABEL = re.compile(r"([a-z_]+)=\"((?:[^\"\\]|\\[\\n\"])*)\"(?:,|$)")
_ESCAPES = {"\\n": "\n", "\\\\": "\\", '\\"': '"'}


def parse(text: str) -> Samples:
    """Return the samples of a text in Prometheus' format. It must have exactly the form that the format allows."""
    assert text.endswith("\n")
    samples: Samples = {}
    described: dict[str, set[str]] = {}
    for line in text.splitlines():
        if line.startswith("#"):
            _, keyword, name, words = line.split(" ", 3)
            assert keyword in ("HELP", "TYPE") and keyword not in described.setdefault(name, set())
            assert words == "gauge" if keyword == "TYPE" else words.endswith(".")
            described[name].add(keyword)
            continue
        found = _SAMPLE.fullmatch(line)
        assert found, line
        name, labels, value = found.groups()
        assert described[name] == {"HELP", "TYPE"} and list(described)[-1] == name  # in one group
        assert "".join(match[0] for match in _LABEL.finditer(labels)) == labels
        pairs = [
            (label[1], re.sub(r"\\.", lambda escape: _ESCAPES[escape[0]], label[2]))
            for label in _LABEL.finditer(labels)
        ]
        assert len({label for label, _ in pairs}) == len(pairs)
        key = name, frozenset(pairs)
        assert key not in samples
        samples[key] = float(value)
    return samples


def value(samples: Samples, name: str, **labels: str) -> float:
    """Return the value of the one sample that has these labels and perhaps others."""
    [found] = [
        number
        for (other, pairs), number in samples.items()
        if other == f"pef_tui_{name}" and set(labels.items()) <= pairs
    ]
    return found


def lines(result: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.parametrize("source", ["plain", "failing", "run", "held", "usage", "crash"])
def test_it_has_what_the_summary_has(command: Command, tmp_path: Path, source: str) -> None:
    file = tmp_path / "pef-tui.prom"
    begin = time.time()
    result = command("--batch", "--json", "--metrics", str(file), "-o", "out", source)
    summary = lines(result)[-1]
    samples = parse(file.read_text())
    for kind in ("media", "json"):
        counted = {
            dict(labels)["outcome"]: number
            for (name, labels), number in samples.items()
            if name == f"pef_tui_{kind}_files" and number
        }
        assert counted == summary[kind]
    assert value(samples, "other_files") == summary["other"]
    assert value(samples, "conflict_files") == summary["conflicts"]
    assert value(samples, "warning_files") == summary["warnings"]
    assert value(samples, "written_bytes") == summary["bytes"]
    assert value(samples, "assumed_zone_files") == summary["assumed_zones"]
    assert value(samples, "run_exit_code") == summary["exit"] == result.returncode
    assert value(samples, "run_duration_seconds") == pytest.approx(summary["seconds"], abs=5)
    assert value(samples, "build_info", version=__version__) == 1
    assert begin <= value(samples, "last_run_timestamp_seconds") + 0.001 <= time.time() + 1
    assert (("pef_tui_last_success_timestamp_seconds") in dict(samples.keys())) == (result.returncode == 0)
    assert len({dict(labels)["output"] for _, labels in samples}) == 1
    assert file.stat().st_mode & 0o777 == 0o644 & ~_umask()
    assert os.listdir(tmp_path).count("pef-tui.prom") == 1 and not list(tmp_path.glob("*.part"))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_failure_keeps_the_time_of_the_last_success_of_the_same_output(
    command: Command, tmp_path: Path
) -> None:
    file = tmp_path / "pef-tui.prom"
    output = str(tmp_path / "out")

    def success_after(source: str, dest: str) -> float | None:
        command("--batch", "--metrics", str(file), "-o", dest, source)
        samples = parse(file.read_text())
        found = [number for (name, _), number in samples.items() if name == metrics.SUCCESS]
        return found[0] if found else None

    # the stand-in for a run that succeeds names its own output
    first = success_after("plain", "/photos-fixed")
    assert first is not None
    assert success_after("failing", "/photos-fixed") == first
    assert success_after("held", "/photos-fixed") == first
    again = success_after("plain", "/photos-fixed")
    assert again is not None and again > first
    assert success_after("failing", output) is None


def progress_of(output: str) -> Progress:
    progress = Progress()
    progress.output = output
    progress.add(Outcome(Plan(Match(MediaFile(0, "a.jpg", 1, 0), ""), "copied"), "copied", size=10**16))
    return progress


@pytest.mark.parametrize("name", ['a"b\\c\nd', "\udcff é"])
def test_any_path_is_a_valid_label(tmp_path: Path, name: str) -> None:
    file = tmp_path / "a.prom"
    settings = Settings(metrics=str(file))
    for status, seconds in ((0, 1000.5), (3, 2000.0)):
        assert metrics.write(settings, progress_of(f"/{name}"), status, lambda now=seconds: now) == ""  # type: ignore[misc]
    samples = parse(file.read_text("utf-8"))
    shown = "/\\xff é" if "\udcff" in name else f"/{name}"
    assert value(samples, "last_success_timestamp_seconds", output=shown) == 1000.5
    assert value(samples, "last_run_timestamp_seconds", output=shown) == 2000
    assert value(samples, "written_bytes") == 10**16


def test_a_damaged_file_of_an_earlier_run_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "a.prom"
    file.write_bytes(b'pef_tui_last_success_timestamp_seconds{output="/o"} soon\n\xff\0')
    assert metrics.write(Settings(metrics=str(file)), progress_of("/o"), 3) == ""
    assert metrics.SUCCESS not in file.read_text()


def test_the_output_is_named_also_if_the_run_did_not_begin(tmp_path: Path) -> None:
    for settings, output in (
        (Settings(sources=("a.zip",)), "a-fixed"),
        (Settings(sources=("a",), in_place=True), "a"),
        (Settings(sources=("a", "b")), None),
    ):
        file = tmp_path / "a.prom"
        metrics.write(
            Settings(sources=settings.sources, in_place=settings.in_place, metrics=str(file)), Progress(), 2
        )
        expected = os.path.realpath(output) if output else ""
        assert value(parse(file.read_text()), "run_exit_code", output=expected) == 2


def test_a_file_that_cannot_be_written_ends_the_run_before_it_begins(
    command: Command, tmp_path: Path
) -> None:
    result = command("--batch", "--json", "--metrics", "missing/a.prom", "plain")
    assert result.returncode == 2 and [line["type"] for line in lines(result)] == ["start", "summary"]
    assert result.stderr.count(b"--metrics missing/a.prom: there is no such folder") == 1


def test_a_file_that_cannot_be_replaced_at_the_end_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.prom").mkdir()
    problem = metrics.write(Settings(metrics=str(tmp_path / "a.prom")), Progress(), 0)
    assert problem.startswith("--metrics ") and problem.endswith(": Is a directory")
    assert os.listdir(tmp_path) == ["a.prom"]


def test_every_metric_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs/headless.md").read_text()
    label = ("output", "/o")
    names = {metric.name for metric in metrics._metrics(Progress(), 0, label, 1.0, 1.0)}
    assert set(re.findall(r"`(pef_tui_[a-z_]+)[`{]", page)) == names


def test_a_dry_run_writes_none(command: Command, tmp_path: Path) -> None:
    result = command("--batch", "--dry-run", "--metrics", str(tmp_path / "a.prom"), "plain")
    assert result.returncode == 0 and not (tmp_path / "a.prom").exists()
    assert b"--metrics: a dry run writes no metrics\n" in result.stderr
