"""Files that `--retry-failed` or a filter leaves out, and files that are tried again."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from commands import media, outcomes, run_here, tree
from folder_cache_cases import YEAR, changed, export_in, folder

from pef_tui.cli.main import main


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return export_in(tmp_path / "export")


@pytest.fixture(autouse=True)
def no_exiftool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


def test_retry_failed_tries_only_what_failed(export: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    bad = folder(export) / "a1.jpg"
    good = bad.read_bytes()
    bad.write_bytes(b"this is no picture at all")
    moment = time.time() - 1000
    os.utime(bad, (moment, moment))
    assert changed(run_here(export, out, status=3)) >= {"a1.jpg"}
    second_run = media(run_here(export, out))
    line = next(line for name, line in second_run.items() if name.endswith("a1.jpg"))
    assert line["outcome"] == "unchanged" and "--retry-failed" in line["reason"]
    assert changed(run_here(export, out, "--retry-failed", status=3)) == {"a1.jpg"}
    shutil.copy(bad, folder(export) / "new.jpg")
    bad.write_bytes(good)
    lines = media(run_here(export, out, "--retry-failed"))
    words = {name.rpartition("/")[2]: line["outcome"] for name, line in lines.items()}
    assert words.pop("a1.jpg") in ("written", "sidecar")
    assert words.pop("new.jpg") == "excluded"
    assert set(words.values()) == {"unchanged"}
    assert changed(run_here(export, out, status=3)) == {"new.jpg"}


def test_retry_failed_calls_nothing_done_that_is_not_there(export: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_here(export, out)
    (out / YEAR / "a1.jpg").unlink()
    (folder(export) / "a2.jpg").write_bytes((folder(export) / "a3.jpg").read_bytes() + b"other")
    words = outcomes(run_here(export, out, "--retry-failed"))
    remaining = {name.rpartition("/")[2] for name, word in words.items() if word == "excluded"}
    assert remaining == {"a1.jpg", "a2.jpg"}
    assert not (out / YEAR / "a1.jpg").exists()
    assert changed(run_here(export, out)) >= {"a1.jpg", "a2.jpg"}
    assert (out / YEAR / "a1.jpg").exists()


@pytest.fixture
def remember_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Record files that `--retry-failed` left out as done, as earlier releases did."""
    import pef_tui.pipeline.context as opening

    real: Any = getattr(opening, "FolderCache")  # noqa: B009
    monkeypatch.setattr(opening, "FolderCache", lambda *args, **how: real(*args, **(how | {"record": True})))


LATER: list[tuple[str, ...]] = [(), ("--force",), ("-n",), ("--until", "2050-01-01")]


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize("fresh", [True, False])
def test_what_retry_failed_leaves_out_is_done_by_the_next_run(
    export: Path, tmp_path: Path, later: tuple[str, ...], fresh: bool
) -> None:
    out = tmp_path / "out"
    all_items = outcomes(run_here(export, tmp_path / "other"))
    if not fresh:
        hidden = export / "Google Photos" / "Trip"
        hidden.rename(tmp_path / "Trip")
        run_here(export, out)
        (tmp_path / "Trip").rename(hidden)
    remaining = outcomes(run_here(export, out, "--retry-failed"))
    assert "excluded" in remaining.values()
    words = outcomes(run_here(export, out, *later))
    assert {path for path, word in words.items() if word == "excluded"} == set()
    if "-n" in later:
        words = outcomes(run_here(export, out))
    assert words.keys() == all_items.keys()
    assert tree(out) == tree(tmp_path / "other")


@pytest.mark.usefixtures("remember_everything")
def test_a_manifest_that_remembers_what_was_left_out_heals(export: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert set(outcomes(run_here(export, out, "--retry-failed")).values()) >= {"excluded"}
    assert outcomes(run_here(export, out)) == outcomes(run_here(export, tmp_path / "other"))
    assert tree(out) == tree(tmp_path / "other")


FILTERS: list[tuple[str, ...]] = [
    ("--only", "video"), ("--album", "Trip"), ("--include", "*/a1.jpg"), ("--exclude", "*/a*"),
    ("--since", "2017-07-14"), ("--until", "2017-07-14"), ("--skip", "archive"), ("--max-errors", "1"),
    ("--only", "video", "--retry-failed"), ("--include", "*/a1.jpg", "--force"),
]  # fmt: skip


@pytest.mark.parametrize("options", FILTERS)
def test_what_a_filter_left_out_is_done_without_it(
    export: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    out = tmp_path / "out"
    for _ in range(2):
        run_here(export, out, *options)
    by_count(export, out, *options)
    by_count(export, out)
    words = outcomes(run_here(export, out))
    assert "excluded" not in words.values()
    assert {path: words[path] for path in words if path.endswith(".json")} == {
        path: word
        for path, word in outcomes(run_here(export, tmp_path / "other")).items()
        if path.endswith(".json")
    }
    assert tree(out) == tree(tmp_path / "other")


def by_count(export: Path, out: Path, *options: str) -> None:
    """Run. The run may report from the snapshot of the last run."""
    line = ["--batch", "--no-config", str(export), "-o", str(out), *options]
    assert main(line) == 0


def test_a_failure_is_tried_again_with_another_exiftool(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    bad = folder(export) / "a1.jpg"
    bad.write_bytes(b"this is no picture at all")
    os.utime(bad, (1.6e9, 1.6e9))
    assert "a1.jpg" in changed(run_here(export, out, status=3))
    for _ in range(2):
        assert "a1.jpg" not in changed(run_here(export, out))
    by_count(export, out)
    monkeypatch.setenv("PATH", os.defpath)
    if shutil.which("exiftool") is None:
        pytest.skip("no ExifTool")
    assert "a1.jpg" in changed(run_here(export, out, status=3))
    assert "a1.jpg" not in changed(run_here(export, out))
    second_run = tmp_path / "bin"
    second_run.mkdir()
    (second_run / "exiftool").symlink_to(shutil.which("exiftool") or "")
    assert "a1.jpg" in changed(run_here(export, out, "--exiftool", str(second_run / "exiftool"), status=3))
