"""Pictures that are both in their year folder and in albums, with the command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from commands import Line, arguments, media, run_apart, run_here, tree

from pef_tui.testing.export import Item, sidecar, takeout
from pef_tui.testing.jpeg import jpeg

JULY = 1_561_977_296  # 2019-07-01 10:34:56 UTC
Y19, Y20 = "Photos from 2019", "Photos from 2020"
MODES = ("link", "tag", "none")


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("TZ", "UTC")


def shared(title: str, seed: int, taken: float = JULY, **fields: Any) -> Item:
    return Item(sidecar(title, taken=taken, **fields), jpeg(seed))


def export(root: Path) -> Path:
    """Make `Alps` (sorted before the year folders), `Zoo` (after them), and the album `Summer 2019`, whose name has a
    year.
    """
    spec: dict[str, Any] = {
        f"{Y19}/a.jpg": shared("a.jpg", 1),
        f"{Y19}/b.jpg": shared("b.jpg", 2),
        f"{Y19}/b(1).jpg": shared("b.jpg", 3),
        f"{Y19}/only.jpg": shared("only.jpg", 4),
        "Alps/metadata.json": {"title": "Alps, in snow", "description": "d"},
        "Alps/a.jpg": shared("a.jpg", 1),
        "Alps/b.jpg": shared("b.jpg", 3),
        "Alps/mine.jpg": shared("mine.jpg", 5),
        "Summer 2019/metadata.json": {"title": "Summer 2019"},
        "Summer 2019/a.jpg": shared("a.jpg", 1),
        "Summer 2019/only.jpg": shared("only.jpg", 6),
        "Zoo/metadata.json": {"title": "Zoo"},
        "Zoo/mine.jpg": shared("mine.jpg", 5),
    }
    return takeout(root, spec)


COPIES = {
    "Alps/a.jpg": f"{Y19}/a.jpg",
    "Alps/b.jpg": f"{Y19}/b(1).jpg",
    "Summer 2019/a.jpg": f"{Y19}/a.jpg",
    "Zoo/mine.jpg": "Alps/mine.jpg",
}
"""Pictures that exist twice, and which one is the original."""


def lines_of(lines: list[Line]) -> dict[str, Line]:
    return {name.removeprefix("Google Photos/"): line for name, line in media(lines).items()}


def test_by_default_every_folder_has_its_copy(tmp_path: Path) -> None:
    source, out = export(tmp_path / "export"), tmp_path / "out"
    lines = lines_of(run_here(source, out))
    assert {line["outcome"] for line in lines.values()} == {"written"}
    assert sorted(tree(out)) == sorted(lines)


def test_links_lead_to_the_originals(tmp_path: Path) -> None:
    source, out = export(tmp_path / "export"), tmp_path / "out"
    lines = lines_of(run_here(source, out, "--albums", "link"))
    assert {name for name, line in lines.items() if line["outcome"] == "duplicate"} == set(COPIES)
    for name, original in COPIES.items():
        link, target = out / name, out / original
        assert lines[name]["output"] == name
        assert lines[name]["reason"].endswith(f" with {original}")
        assert link.read_bytes() == target.read_bytes()
        assert lines[name]["reason"].startswith("hard link") == (link.stat().st_ino == target.stat().st_ino)
    run_here(source, tmp_path / "plain")
    assert tree(out) == tree(tmp_path / "plain")


@pytest.mark.parametrize("mode", ["tag", "none"])
def test_one_copy(tmp_path: Path, mode: str) -> None:
    source, out = export(tmp_path / "export"), tmp_path / "out"
    lines = lines_of(run_here(source, out, "--albums", mode))
    for name, original in COPIES.items():
        assert (lines[name]["outcome"], lines[name]["output"]) == ("duplicate", None)
        assert lines[name]["reason"] == f"the same bytes are at {original}"
    assert sorted(tree(out)) == sorted(lines.keys() - COPIES.keys())
    subjects = {name: line["tags"].get("XMP-dc:Subject") for name, line in lines.items()}
    if mode == "none":
        assert not any(subjects.values())
    else:
        assert subjects[f"{Y19}/a.jpg"] == ["Alps, in snow", "Summer 2019"]
        assert subjects[f"{Y19}/b(1).jpg"] == ["Alps, in snow"]
        assert subjects[f"{Y19}/b.jpg"] is None
        assert subjects["Alps/mine.jpg"] == ["Alps, in snow", "Zoo"]
        assert lines[f"{Y19}/a.jpg"]["tags"]["XMP-lr:HierarchicalSubject"] == [
            "Albums|Alps, in snow",
            "Albums|Summer 2019",
        ]
        assert b"Albums/Zoo" in (out / "Alps/mine.jpg").read_bytes()


@pytest.mark.parametrize("mode", MODES)
def test_a_second_run_does_nothing_and_reads_no_picture(
    tmp_path: Path, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = export(tmp_path / "export"), tmp_path / "out"
    first = run_here(source, out, "--albums", mode)
    assert first[-1]["found"] == sum(1 for path in source.rglob("*") if path.is_file())
    tree_before = tree(out)
    monkeypatch.setattr("pef_tui.cross_folder.album_copies.content_digest", None)
    second_run = run_here(source, out, "--albums", mode)
    assert set(second_run[-1]["media"]) == {"unchanged"}
    assert tree(out) == tree_before
    report = {name: line["output"] for name, line in lines_of(second_run).items()}
    assert report == {name: line["output"] for name, line in lines_of(first).items()}


@pytest.mark.parametrize("mode", MODES)
def test_a_preview_says_the_same(tmp_path: Path, mode: str) -> None:
    source, out = export(tmp_path / "export"), tmp_path / "out"
    keys = ("outcome", "output", "tags", "sidecar")
    answer = lines_of(run_here(source, out, "--albums", mode, "--dry-run"))
    did = lines_of(run_here(source, out, "--albums", mode))
    assert [[line[key] for key in keys] for _, line in sorted(answer.items())] == [
        [line[key] for key in keys] for _, line in sorted(did.items())
    ]


def test_changing_the_way_leaves_what_a_fresh_run_would(tmp_path: Path) -> None:
    source, out = export(tmp_path / "export"), tmp_path / "out"
    for number, mode in enumerate(("folder", "link", "none", "folder", "none", "tag", "link", "folder")):
        run_here(source, out, "--albums", mode)
        fresh = tmp_path / str(number)
        run_here(source, fresh, "--albums", mode)
        assert tree(out).keys() == tree(fresh).keys(), mode
        if mode != "folder" or number == 0:  # a run with `tag` wrote tags into a file; these stay
            assert tree(out) == tree(fresh), mode


def test_an_album_that_comes_later(tmp_path: Path) -> None:
    spec: dict[str, Any] = {f"{Y19}/a.jpg": shared("a.jpg", 1), f"{Y20}/z.jpg": shared("z.jpg", 9)}
    source, out = takeout(tmp_path / "export", spec), tmp_path / "out"
    run_here(source, out, "--albums", "tag")
    fields: dict[str, Any] = {"Zoo/metadata.json": {"title": "Zoo"}, "Zoo/a.jpg": shared("a.jpg", 1)}
    takeout(tmp_path / "export", fields)
    lines = lines_of(run_here(source, out, "--albums", "tag"))
    assert {name: line["outcome"] for name, line in lines.items()} == {
        f"{Y19}/a.jpg": "written",
        f"{Y20}/z.jpg": "unchanged",
        "Zoo/a.jpg": "duplicate",
    }
    assert b"Zoo" in (out / Y19 / "a.jpg").read_bytes()
    assert set(run_here(source, out, "--albums", "tag")[-1]["media"]) == {"unchanged"}


@pytest.mark.parametrize("location", ["year", "album"])
@pytest.mark.parametrize("mode", MODES)
def test_only_one_of_both_has_a_sidecar(tmp_path: Path, mode: str, location: str) -> None:
    with_sidecar, bare = (Y19, "Alps") if location == "year" else ("Alps", Y19)
    spec: dict[str, Any] = {f"{with_sidecar}/a.jpg": shared("a.jpg", 1), f"{bare}/a.jpg": jpeg(1)}
    spec["Alps/metadata.json"] = {"title": "Alps"}
    source, out = takeout(tmp_path / "export", spec), tmp_path / "out"
    lines = lines_of(run_here(source, out, "--albums", mode))
    assert lines[f"{Y19}/a.jpg"]["outcome"] == "written"
    assert lines["Alps/a.jpg"]["outcome"] == "duplicate"
    assert lines[f"{bare}/a.jpg"]["rule"] == "elsewhere"
    assert set(tree(out)) == {f"{Y19}/a.jpg"} | ({"Alps/a.jpg"} if mode == "link" else set())
    assert set(run_here(source, out, "--albums", mode)[-1]["media"]) == {"unchanged"}


@pytest.mark.parametrize("mode", MODES)
def test_neither_has_a_sidecar(tmp_path: Path, mode: str) -> None:
    source = takeout(tmp_path / "export", {f"{Y19}/a.jpg": jpeg(1), "Alps/a.jpg": jpeg(1)})
    lines = lines_of(run_here(source, tmp_path / "out", "--albums", mode))
    assert {name: line["outcome"] for name, line in lines.items()} == {
        f"{Y19}/a.jpg": "unmatched",
        "Alps/a.jpg": "duplicate",
    }
    assert set(run_here(source, tmp_path / "out", "--albums", mode)[-1]["media"]) == {"unchanged"}


@pytest.mark.parametrize("mode", MODES)
def test_what_a_filter_leaves_out_is_no_original(tmp_path: Path, mode: str) -> None:
    source, out = export(tmp_path / "export"), tmp_path / "out"
    lines = lines_of(run_here(source, out, "--albums", mode, "--album", "Alps*"))
    assert {name for name, line in lines.items() if line["outcome"] == "written"} == {
        "Alps/a.jpg",
        "Alps/b.jpg",
        "Alps/mine.jpg",
    }


@pytest.mark.parametrize("mode", MODES)
def test_with_a_layout(tmp_path: Path, mode: str) -> None:
    source, out = export(tmp_path / "export"), tmp_path / "out"
    layout = ("--albums", mode, "--layout", "{album}/{year}/{name}")
    lines = lines_of(run_here(source, out, *layout))
    assert {name for name, line in lines.items() if line["outcome"] == "duplicate"} == set(COPIES)
    assert lines["Alps/a.jpg"]["output"] == ("Alps, in snow/2019/a.jpg" if mode == "link" else None)
    assert set(run_here(source, out, *layout)[-1]["media"]) == {"unchanged"}


@pytest.mark.parametrize("way", ["symbolic link", "a copy"])
def test_disks_without_hard_links(tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    source, out = export(tmp_path / "export"), tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr("pef_tui.output.links._reflink", refuse)
        patch.setattr("os.link", refuse)
        if way == "a copy":
            patch.setattr("os.symlink", refuse)
        lines = lines_of(run_here(source, out, "--albums", "link"))
    for name, original in COPIES.items():
        assert lines[name]["reason"].startswith(way)
        assert (out / name).is_symlink() == (way == "symbolic link")
        assert (out / name).read_bytes() == (out / original).read_bytes()
        if way == "symbolic link":
            assert not os.path.isabs(os.readlink(out / name))
    assert set(run_here(source, out, "--albums", "link")[-1]["media"]) == {"unchanged"}
    run_here(source, out, "--albums", "none")
    assert sorted(tree(out)) == sorted(lines.keys() - COPIES.keys())


def test_what_a_user_changed_is_no_target_of_links(tmp_path: Path) -> None:
    source, out = export(tmp_path / "export"), tmp_path / "out"
    run_here(source, out, "--include", f"{Y19}/*")
    (out / Y19 / "a.jpg").write_bytes(b"changed by hand")
    lines = lines_of(run_here(source, out, "--albums", "link"))
    assert (out / "Alps" / "a.jpg").read_bytes() != b"changed by hand"
    assert lines["Alps/a.jpg"]["reason"].startswith("a copy")


def test_links_keep_their_xmp_files(tmp_path: Path) -> None:
    source, out = export(tmp_path / "export"), tmp_path / "out"
    run_here(source, out, "--albums", "link", "--xmp", "always")
    for name, original in COPIES.items():
        assert (out / f"{name}.xmp").read_bytes() == (out / f"{original}.xmp").read_bytes()
    assert set(run_here(source, out, "--albums", "link", "--xmp", "always")[-1]["media"]) == {"unchanged"}


def test_split_over_sources_in_any_order_changes_nothing(tmp_path: Path) -> None:
    source = export(tmp_path / "export")
    parts = [tmp_path / f"part{number}" / "Takeout" for number in range(2)]
    for number, path in enumerate(sorted(path for path in source.rglob("*") if path.is_file())):
        target = parts[number % 2] / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
        os.utime(target, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    for mode in MODES:
        complete, first, second = (tmp_path / f"{mode}{name}" for name in ("whole", "one", "two"))
        run_here(source, complete, "--albums", mode)
        run_here(parts[0], first, str(parts[1]), "--albums", mode)
        run_here(parts[1], second, str(parts[0]), "--albums", mode)
        assert tree(complete) == tree(first) == tree(second)


@pytest.mark.parametrize("mode", ["link", "none"])
def test_killed_runs_continue(tmp_path: Path, mode: str) -> None:
    spec: dict[str, Any] = {"Alps/metadata.json": {"title": "Alps"}, "Zoo/metadata.json": {"title": "Zoo"}}
    for number in range(60):
        spec[f"{Y19}/p{number:02}.jpg"] = shared(f"p{number:02}.jpg", number, taken=JULY + number)
        if number % 3:
            spec[f"{('Alps', 'Zoo')[number % 2]}/p{number:02}.jpg"] = spec[f"{Y19}/p{number:02}.jpg"]
    source, out = takeout(tmp_path / "export", spec), tmp_path / "out"
    run_here(source, tmp_path / "whole", "--albums", mode)
    for moment in (0.25, 0.35, 0.45):
        command = [sys.executable, "-m", "pef_tui", *arguments(source, out, "--albums", mode)]
        killed = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moment)
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
    assert run_apart(source, out, "--albums", mode).returncode == 0
    assert tree(out) == tree(tmp_path / "whole")
    assert set(run_here(source, out, "--albums", mode)[-1]["media"]) == {"unchanged"}
    assert list((out / ".pef-tui" / "staging").iterdir()) == []


YEARS = [
    "Снимки от 2019 г.",
    "Фото за 2019 год",
    "来自2019年的照片",
    "תמונות מ-2019",
    "صور من ٢٠١٩",
    "2019 yılındaki fotoğraflar",
    "Photos from 2019(1)",
    "Photos from 2019 2",
]


@pytest.mark.parametrize("year", YEARS)
def test_a_year_folder_is_known_by_its_pictures_in_any_language(tmp_path: Path, year: str) -> None:
    spec: dict[str, Any] = {
        f"{year}/a.jpg": shared("a.jpg", 1),
        f"{year}/b.jpg": shared("b.jpg", 2, 1_577_840_400.0),  # 2020 in UTC, 2019 in America
        "1 trip/metadata.json": {"title": "1 trip"},
        "1 trip/a.jpg": shared("a.jpg", 1),
    }
    lines = lines_of(run_here(takeout(tmp_path / "export", spec), tmp_path / "out", "--albums", "none"))
    assert {name for name, line in lines.items() if line["outcome"] == "duplicate"} == {"1 trip/a.jpg"}


@pytest.mark.parametrize("fields", [{"Rome, 2018 and so on/metadata.json": {"title": "Rome"}}, {}])
def test_a_year_in_a_name_alone_makes_no_year_folder(tmp_path: Path, fields: dict[str, Any]) -> None:
    """The folder has an album's JSON, or pictures of another year."""
    spec: dict[str, Any] = {
        "Rome, 2018 and so on/a.jpg": shared("a.jpg", 1),
        "Zoo 2018/a.jpg": shared("a.jpg", 1),
        **fields,
    }
    lines = lines_of(run_here(takeout(tmp_path / "export", spec), tmp_path / "out", "--albums", "none"))
    assert [name for name, line in lines.items() if line["outcome"] == "duplicate"] == [
        "Rome, 2018 and so on/a.jpg"
    ]
