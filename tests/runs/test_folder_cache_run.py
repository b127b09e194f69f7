"""Later runs over the same export: what they skip, what they read again, and what they leave unchanged."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from commands import media, outcomes, run_here, tree
from folder_cache_cases import YEAR, changed, export_in, folder

from pef_tui.manifest import Manifest
from pef_tui.pipeline.run import run
from pef_tui.plugins.host import PluginHost
from pef_tui.progress import Progress
from pef_tui.reporting.stats import RunStats
from pef_tui.settings import Settings
from pef_tui.testing.export import sidecar, takeout


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return export_in(tmp_path / "export")


@pytest.fixture(autouse=True)
def no_exiftool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


@pytest.fixture
def opened_paths(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of paths of the source files that a run opens."""
    from pef_tui.sources.directory import DirectoryReader

    paths: list[str] = []
    real = DirectoryReader.open

    def recording_open(self: DirectoryReader, path: str) -> Any:
        paths.append(path.rpartition("/")[2])
        return real(self, path)

    monkeypatch.setattr(DirectoryReader, "open", recording_open)
    return paths


def test_an_unchanged_folder_is_reported_without_opening_a_file(
    export: Path, tmp_path: Path, opened_paths: list[str]
) -> None:
    out = tmp_path / "out"
    first = run_here(export, out)
    tree_before = tree(out)
    opened_paths.clear()
    second = run_here(export, out)
    assert opened_paths == [] and tree(out) == tree_before
    assert changed(second) == set()
    assert _json(first) == _json(second)
    keys = ("sidecar", "sidecar_root", "rule", "output")
    assert [_only(media(first), keys)] == [_only(media(second), keys)]
    assert [line for line in first if line["type"] == "other"] == [
        line for line in second if line["type"] == "other"
    ]
    assert first[-1]["found"] == second[-1]["found"]


def _json(lines: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return sorted(
        (line["source"], line["outcome"], line["reason"]) for line in lines if line["type"] == "json"
    )


def _only(lines: dict[str, dict[str, Any]], keys: tuple[str, ...]) -> dict[str, list[Any]]:
    return {name: [line[key] for key in keys] for name, line in sorted(lines.items())}


def test_a_skipped_folder_is_reported_as_one_that_was_read(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    options = ("--exclude", "*a2*", "--unmatched", "skip")
    run_here(export, out, *options)
    skipped = run_here(export, out, *options)
    monkeypatch.setattr("pef_tui.resume.folder_cache.FolderCache.cached_records", lambda self, folder: None)
    content = run_here(export, out, *options)
    assert _sorted(skipped) == _sorted(content)


def _sorted(lines: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(line) for line in lines if line["type"] in ("media", "json", "other"))


def test_a_preview_skips_too_and_writes_nothing(
    export: Path, tmp_path: Path, opened_paths: list[str]
) -> None:
    out = tmp_path / "out"
    run_here(export, out)
    manifest = (out / ".pef-tui" / "manifest").read_bytes()
    opened_paths.clear()
    assert changed(run_here(export, out, "--dry-run")) == set()
    assert opened_paths == [] and (out / ".pef-tui" / "manifest").read_bytes() == manifest


def test_a_sidecar_that_arrives_later_opens_again_exactly_what_it_touches(
    export: Path, tmp_path: Path, opened_paths: list[str]
) -> None:
    out = tmp_path / "out"
    run_here(export, out)
    tree_before = tree(out)
    part = takeout(tmp_path / "part2", {f"{YEAR}/alone.jpg.json": sidecar("alone.jpg", taken=1.4e9)})
    opened_paths.clear()
    lines = run_here(export, out, str(part))
    assert changed(lines) == {"alone.jpg"}
    assert "b.jpg.supplemental-metadata.json" not in opened_paths  # the other folder is not opened
    tree_after = tree(out)
    touched = {name for name in tree_after if tree_after[name] != tree_before.get(name)}
    assert {name.removesuffix(".xmp") for name in touched} == {f"{YEAR}/alone.jpg"}
    opened_paths.clear()
    assert changed(run_here(export, out, str(part))) == set() and opened_paths == []


def test_what_is_deleted_is_done_again_what_is_changed_is_left_alone(export: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_here(export, out)
    tree_before = tree(out)
    (out / YEAR / "a1.jpg").unlink()
    assert changed(run_here(export, out)) == {"a1.jpg"} and tree(out) == tree_before
    (out / YEAR / "a2.jpg").write_bytes(b"mine")
    lines = media(run_here(export, out))
    line = next(line for name, line in lines.items() if name.endswith("a2.jpg"))
    assert line["outcome"] == "unchanged" and "changed since" in line["warnings"][0]
    for options in ((), ("--force",), ("--existing", "never")):
        run_here(export, out, *options)
        assert (out / YEAR / "a2.jpg").read_bytes() == b"mine"


def test_times_of_a_disk_with_steps_of_two_seconds_are_the_same(export: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_here(export, out)
    for path in out.rglob("*.jpg*"):
        rounded = path.stat().st_mtime_ns // 2_000_000_000 * 2_000_000_000
        os.utime(path, ns=(rounded, rounded))
    lines = run_here(export, out)
    assert changed(lines) == set()
    assert not any(line["warnings"] for line in media(lines).values())


def test_a_changed_source_is_done_again_and_nothing_else(export: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_here(export, out)
    path = next(folder(export, "Trip").glob("b.jpg.*json"))
    path.write_text(json.dumps(sidecar("b.jpg", people=["Ana", "Ben"])))
    assert changed(run_here(export, out)) == {"b.jpg"}


@pytest.mark.parametrize("seconds_ahead", [0, 86_400])
def test_young_and_future_times_are_compared_by_content_and_not_done_for_ever(
    export: Path, tmp_path: Path, seconds_ahead: int
) -> None:
    out = tmp_path / "out"
    young = folder(export) / "a1.jpg"
    moment = time.time_ns() + seconds_ahead * 10**9
    os.utime(young, ns=(moment, moment))
    run_here(export, out)
    assert changed(run_here(export, out)) == set()
    content = bytearray(young.read_bytes())
    content[-3] ^= 1  # the same size and time
    young.write_bytes(content)
    os.utime(young, ns=(moment, moment))
    assert changed(run_here(export, out)) == {"a1.jpg"}
    assert changed(run_here(export, out)) == set()


def test_what_was_young_once_is_trusted_later(
    export: Path, tmp_path: Path, opened_paths: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    current = time.time_ns()
    os.utime(folder(export) / "a1.jpg", ns=(current, current))
    run_here(export, out)
    monkeypatch.setattr("time.time_ns", lambda: current + 10**10)
    opened_paths.clear()
    run_here(export, out)
    assert "a1.jpg" in opened_paths
    opened_paths.clear()
    assert changed(run_here(export, out)) == set() and opened_paths == []


def test_options_do_only_those_again_whose_plan_changes(
    export: Path, tmp_path: Path, opened_paths: list[str]
) -> None:
    out = tmp_path / "out"
    run_here(export, out)
    tree_before = tree(out)
    assert changed(run_here(export, out, "--xmp", "auto", "--until", "2050-01-01")) == set()
    assert tree(out) == tree_before
    opened_paths.clear()
    assert changed(run_here(export, out, "--until", "2050-01-01")) == set() and opened_paths == []
    lines = run_here(export, out, "--existing", "never")
    second_run = {name for name, (_, moment) in tree(out).items() if tree_before.get(name) is None}
    result = {line["output"] for line in media(lines).values() if line["outcome"] != "unchanged"}
    assert second_run <= {name + ".xmp" for name in result}
    assert changed(run_here(export, out, "--existing", "never")) == set()


PLUGIN = """
from pef_tui import TagEdit, TagMapper, hookimpl

@hookimpl
def pef_tag_mappers():
    def only(match):
        if match.media.name == "a3.jpg":
            yield TagEdit("XMP-dc:Source", "scanner", when="always")
    yield TagMapper("only", only)
"""


def test_a_plugin_does_only_those_again_whose_plan_it_changes(export: Path, tmp_path: Path) -> None:
    out, plugin = tmp_path / "out", tmp_path / "only.py"
    plugin.write_text(PLUGIN)
    run_here(export, out)
    lines = run_here(export, out, "-p", str(plugin))
    assert changed(lines) == {"a3.jpg"}
    assert changed(run_here(export, out, "-p", str(plugin))) == set()
    assert changed(run_here(export, out)) == {"a3.jpg"}


def test_force_does_everything_again_under_the_same_names(export: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = outcomes(run_here(export, out))
    tree_before = tree(out)
    assert outcomes(run_here(export, out, "--force")) == first
    assert tree(out) == tree_before
    assert changed(run_here(export, out)) == set()


def test_many_renewed_entries_take_few_records(tmp_path: Path) -> None:
    spec: dict[str, Any] = {f"{YEAR}/p{number:03}.jpg": sidecar(f"p{number:03}.jpg") for number in range(90)}
    export, out = takeout(tmp_path / "export", spec), tmp_path / "out"
    run_here(export, out)
    size = (out / ".pef-tui" / "manifest").stat().st_size
    assert changed(run_here(export, out, "--until", "2050-01-01")) == set()
    larger = (out / ".pef-tui" / "manifest").stat().st_size - size
    assert larger < 90 * 140 + 2500
    ledger = Manifest.open(str(out), read_only=True)
    assert len({entry.shape for entry in ledger.entries()}) == 1
    ledger.release()


def test_two_folders_that_differ_in_case_keep_their_places(tmp_path: Path) -> None:
    spec: dict[str, Any] = {f"{name}/a.jpg": sidecar("a.jpg", taken=1e9) for name in ("Trip", "trip")}
    export, out = takeout(tmp_path / "export", spec), tmp_path / "out"
    run_here(export, out)
    tree_before = tree(out)
    later = takeout(tmp_path / "more", {"trip/b.jpg": sidecar("b.jpg")})
    assert changed(run_here(export, out, str(later))) == {"b.jpg"}
    assert tree_before.items() <= tree(out).items()
    assert any(name.startswith("trip (2)/b.jpg") for name in tree(out))


def test_files_done_before_still_tell_when_they_were_taken(tmp_path: Path) -> None:
    """Test this in a Folder that is skipped, and in one that is read because of another file."""
    export = takeout(
        tmp_path / "e",
        {"A/a.jpg": sidecar("a.jpg", taken=1.5e9), "B/b.jpg": sidecar("b.jpg", taken=1.4e9), "B/c.jpg": None},
    )
    settings = Settings(sources=(str(export),), output=str(tmp_path / "out"))

    def months() -> Counter[int]:
        figures = RunStats()
        for record in run(settings, PluginHost(settings), Progress()):
            figures.add(record)
        return figures.capture_months

    first = months()
    assert first == {2017 * 12 + 6: 1, 2014 * 12 + 4: 1}
    (export / "Google Photos" / "B" / "d.gif").write_bytes(b"GIF89a")
    assert months() == first
