"""Flags with which a run would succeed and do nothing: each is an error or a warning."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import run_here, run_with
from export_layouts import lay, picture

FILES = picture("a.jpg", 1) | picture("b.jpg", 2)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--album", "nosuch"), "(--album nosuch)"),
        (("--include", "*.nef", "--include", "x"), "(--include *.nef, x)"),
        (("--only", "video"), "(--only video)"),
        (("--since", "2030-01-01", "--until", "2030-01-02"), "(--since 2030-01-01, --until 2030-01-02)"),
    ],
)
@pytest.mark.parametrize("flags", [(), ("--dry-run",)])
def test_filters_that_leave_out_everything_are_told(
    options: tuple[str, ...], words: str, flags: tuple[str, ...], tmp_path: Path
) -> None:
    source, out = lay(tmp_path / "source", FILES), tmp_path / "out"
    for _ in range(2):
        summary = run_here(source, out, *options, *flags)[-1]
        assert summary["media"] == {"excluded": 2}
        assert f"all 2 pictures and videos were left out by filters {words}" in summary["notes"]


def test_a_filter_that_leaves_out_a_part_is_no_problem(tmp_path: Path) -> None:
    summary = run_here(lay(tmp_path / "source", FILES), tmp_path / "out", "--exclude", "a.jpg")[-1]
    assert summary["media"] == {"excluded": 1, "written": 1}
    assert not any("left out" in note for note in summary.get("notes", ()))


def test_a_filter_is_told_if_nothing_changed_since_the_last_run(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source, out = lay(tmp_path / "source", FILES), tmp_path / "out"
    for _ in range(3):
        run_with(["--batch", "-q", "--no-config", str(source), "-o", str(out), "--album", "nosuch"])
        assert "all 2 pictures and videos were left out by filters (--album nosuch)" in capfd.readouterr().err


def test_since_after_until_is_a_usage_error(tmp_path: Path) -> None:
    options = ("--since", "2020-01-02", "--until", "2020-01-01")
    summary = run_here(lay(tmp_path / "source", FILES), tmp_path / "out", *options, status=2)[-1]
    assert "--since 2020-01-02 is after --until 2020-01-01" in summary["error"]
    assert not (tmp_path / "out").exists()
    run_here(tmp_path / "source", tmp_path / "out", "--since", "2020-01-01", "--until", "2020-01-01")


def test_a_preview_of_several_sources_needs_no_output_folder(tmp_path: Path) -> None:
    first = lay(tmp_path / "one", picture("a.jpg", 1))
    second = lay(tmp_path / "two", picture("b.jpg", 2))
    (tmp_path / "one-fixed").mkdir()
    arguments = ["--batch", "--json", "--no-config", str(first), str(second)]
    start, *_, summary = run_with([*arguments, "--dry-run"])
    assert summary["media"] == {"written": 2}
    assert start["output"] == f"{first}-fixed (2)"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "one-fixed", "two"]
    assert "name the output folder with -o DEST" in run_with(arguments, status=2)[-1]["error"]
