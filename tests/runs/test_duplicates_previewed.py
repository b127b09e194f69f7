"""A preview reports the same as the run for a copy in an album, whatever happened to the output of its original."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands import media, run_here

from pef_tui.output import links
from pef_tui.testing.export import Item, sidecar, takeout
from pef_tui.testing.jpeg import jpeg

YEAR, ALBUM = "Photos from 2019/a.jpg", "Trip/a.jpg"


def touched(path: Path) -> None:
    os.utime(path, (1_700_000_000, 1_700_000_000))


def edited(path: Path) -> None:
    """Edit as editors do, by a new file: links to the old one stay."""
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data + b"edited")


def edited_unseen(path: Path) -> None:
    """Change bytes, and keep size and time."""
    data, times = path.read_bytes(), path.stat()
    path.unlink()
    path.write_bytes(data[:-6] + b"edited")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def deleted(path: Path) -> None:
    path.unlink()


CHANGES = [touched, edited, edited_unseen, deleted]


def export(root: Path) -> Path:
    item = Item(sidecar("a.jpg", url="https://photos.google.com/photo/a"), jpeg(1))
    return takeout(root, {YEAR: item, "Trip/metadata.json": {"title": "Trip"}, ALBUM: item})


def foretold_and_done(source: Path, out: Path, *flags: str) -> dict[str, str]:
    """Return the lines of a run, after checking that a preview reports the same."""
    reports = []
    for options in (("--dry-run",), ()):
        lines = media(run_here(source, out, *flags, *options))
        reports.append(
            {name: (line["outcome"], line["output"], line["tags"]) for name, line in lines.items()}
        )
    assert reports[0] == reports[1]
    return {name.removeprefix("Google Photos/"): outcome for name, (outcome, _, _) in reports[1].items()}


@pytest.mark.parametrize("force", [(), ("--force",)])
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("mode", ["none", "tag", "link"])
@pytest.mark.parametrize("state_before", ["none", "tag"])
def test_a_preview_says_duplicate_where_the_run_does(
    tmp_path: Path, state_before: str, mode: str, change: Callable[[Path], None], force: tuple[str, ...]
) -> None:
    source, out = export(tmp_path / "in"), tmp_path / "out"
    assert foretold_and_done(source, out, "--albums", state_before)[ALBUM] == "duplicate"
    change(out / YEAR)
    foretold_and_done(source, out, "--albums", mode, *force)
    foretold_and_done(source, out, "--albums", mode)


def test_a_copy_is_put_into_its_album_where_the_original_was_edited(tmp_path: Path) -> None:
    source, out = export(tmp_path / "in"), tmp_path / "out"
    foretold_and_done(source, out, "--albums", "none")
    edited(out / YEAR)
    retained = (out / YEAR).read_bytes()
    answer = foretold_and_done(source, out, "--albums", "none", "--force")
    assert answer == {YEAR: "unchanged", ALBUM: "written"}
    assert (out / YEAR).read_bytes() == retained and (out / ALBUM).exists()


@pytest.mark.parametrize("xmp", ["auto", "always"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_preview_says_link_where_the_run_makes_one(
    tmp_path: Path, change: Callable[[Path], None], xmp: str
) -> None:
    source, out = export(tmp_path / "in"), tmp_path / "out"
    assert foretold_and_done(source, out, "--albums", "link", "--xmp", xmp)[ALBUM] == "duplicate"
    change(out / YEAR)
    answer = foretold_and_done(source, out, "--albums", "link", "--xmp", xmp, "--force")
    assert answer[ALBUM] == ("written" if change in (edited, edited_unseen) else answer[ALBUM])


def test_a_copy_that_is_put_after_all_takes_no_name_of_another_picture(tmp_path: Path) -> None:
    source, out = export(tmp_path / "one"), tmp_path / "out"
    other_file = Item(sidecar("a.jpg", url="https://photos.google.com/photo/b"), jpeg(2))
    second = takeout(tmp_path / "two", {ALBUM: other_file})
    run_here(source, out, "--albums", "none")
    edited(out / YEAR)
    reports = []
    for options in (("--dry-run",), ()):
        lines = run_here(source, out, str(second), "--albums", "none", *options)
        reports.append(
            {(line["root"], line["source"]): line["output"] for line in lines if line["type"] == "media"}
        )
    assert reports[0] == reports[1] and len(set(reports[1].values())) == 3


@pytest.mark.parametrize("mode", ["none", "tag"])
def test_a_copy_for_a_sidecar_of_an_album_stays_where_the_picture_was_edited(
    tmp_path: Path, mode: str
) -> None:
    words = sidecar("a.jpg", url="https://photos.google.com/photo/a")
    spec: dict[str, Any] = {
        YEAR: Item(words, jpeg(1)),
        "Trip/metadata.json": {"title": "Trip"},
        "Trip/a.jpg.json": words,
    }
    source, out = takeout(tmp_path / "in", spec), tmp_path / "out"
    run_here(source, out, "--albums", "folder")
    edited(out / YEAR)
    copy = (out / ALBUM).read_bytes()
    for options in (("--dry-run",), (), ()):
        lines = [
            line for line in run_here(source, out, "--albums", mode, *options) if line["type"] == "media"
        ]
        assert [line["output"] for line in lines] == [YEAR]
        assert [path.read_bytes() for path in out.rglob("Trip/*.jpg")] == [copy]


@pytest.mark.parametrize("force", [(), ("--force",)])
@pytest.mark.parametrize("change", [*CHANGES, None])
@pytest.mark.parametrize("mode", ["none", "tag"])
def test_a_copy_is_a_duplicate_although_the_sidecar_of_its_original_is_not_given_again(
    tmp_path: Path, mode: str, change: Callable[[Path], None] | None, force: tuple[str, ...]
) -> None:
    pictures = takeout(
        tmp_path / "pictures", {YEAR: None, "Trip/metadata.json": {"title": "Trip"}, ALBUM: None}
    )
    json = takeout(tmp_path / "json", {f"{YEAR}.json": sidecar("a.jpg")})
    out, albums = tmp_path / "out", ("--albums", mode)
    foretold_and_done(pictures, out, str(json), *albums)
    if change is not None:
        change(out / YEAR)
    for _ in range(2):
        foretold_and_done(pictures, out, *albums, *force)
        assert (out / ALBUM).exists() == (change is edited)
    answer = foretold_and_done(pictures, out, str(json), *albums)
    assert (answer[ALBUM] in ("duplicate", "unchanged")) == (change is not edited)


PHOTO = "https://photos.google.com/photo/a"
LATER: dict[str, tuple[Item, str]] = {
    # the original in a later run, and the outcome of its copy, which is unchanged
    "other bytes": (Item(sidecar("a.jpg", url=PHOTO), jpeg(2)), "written"),
    "other bytes of another size": (Item(sidecar("a.jpg", url=PHOTO), jpeg(2) + b"more"), "written"),
    "another picture": (Item(sidecar("a.jpg", url=PHOTO + "b"), jpeg(2)), "unchanged"),
    "another sidecar": (Item(sidecar("a.jpg", url=PHOTO, people=["Ann"]), jpeg(1)), "duplicate"),
    "nothing else": (Item(sidecar("a.jpg", url=PHOTO), jpeg(1)), "unchanged"),
}


@pytest.mark.parametrize(
    "options", [(), ("--force",), ("--unmatched", "skip"), ("--layout", "{name}")], ids=str
)
@pytest.mark.parametrize("mode", ["none", "tag"])
@pytest.mark.parametrize("case", LATER)
def test_the_bytes_of_a_copy_stay_in_the_output_folder_when_its_original_changes(
    tmp_path: Path, case: str, mode: str, options: tuple[str, ...]
) -> None:
    source, out = export(tmp_path / "in"), tmp_path / "out"
    foretold_and_done(source, out, "--albums", mode)
    later, outcome = LATER[case]
    takeout(tmp_path / "in", {YEAR: later})
    answer = foretold_and_done(source, out, "--albums", mode, *options)
    assert answer[ALBUM] == outcome or options
    for _ in range(2):
        data = [path.read_bytes() for path in out.rglob("*.jpg")]
        assert all(any(scan in file for file in data) for scan in map(_scan, (jpeg(1), later.media or b"")))
        answer = foretold_and_done(
            source, out, "--albums", mode, *(options if "--force" not in options else ())
        )
        assert set(answer.values()) <= {"unchanged", "duplicate"}


@pytest.mark.parametrize("change", [touched, edited, deleted, None])
@pytest.mark.parametrize("case", LATER)
def test_a_symbolic_link_never_leads_to_other_bytes(
    tmp_path: Path, case: str, change: Callable[[Path], None] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **more: object) -> None:
        raise OSError(errno.EPERM, "no")

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(links, "clone", refuse)
    source, out = export(tmp_path / "in"), tmp_path / "out"
    foretold_and_done(source, out, "--albums", "link")
    assert (out / ALBUM).is_symlink()
    if change is not None:
        change(out / YEAR)
    later, _ = LATER[case]
    takeout(tmp_path / "in", {YEAR: later})
    for _ in range(2):
        answer = foretold_and_done(source, out, "--albums", "link")
        assert _scan(jpeg(1)) in (out / ALBUM).read_bytes()
        if change in (edited, deleted) or case.startswith("other bytes"):
            assert (out / ALBUM).is_symlink() == (
                change is deleted and not case.startswith(("other", "another p"))
            )
    assert set(answer.values()) <= {"unchanged", "duplicate"}


@pytest.mark.parametrize("in_dest", [True, False])
@pytest.mark.parametrize("mode", ["none", "tag"])
def test_a_copy_whose_original_is_not_in_the_sources_any_more(
    tmp_path: Path, mode: str, in_dest: bool
) -> None:
    source, out = export(tmp_path / "in"), tmp_path / "out"
    foretold_and_done(source, out, "--albums", mode)
    for path in source.rglob("Photos from 2019/a.jpg*"):
        path.unlink()
    if not in_dest:
        (out / YEAR).unlink()
    for expected in ("written", "unchanged"):
        assert foretold_and_done(source, out, "--albums", mode) == {ALBUM: expected}
        assert (out / ALBUM).exists() and (out / YEAR).exists() == in_dest


def _scan(data: bytes) -> bytes:
    """Return the image data of a JPEG."""
    return data[data.index(b"\xff\xdb") :]
