"""`--anonymise`, and the export that is rebuilt from its listing: both are matched in the same way."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import test_album_list_run as album_list
from commands import run_with
from fault_exports import archived
from test_matching_vectors import CASES, MIXED_CASES, SMALL, build

from pef_tui.anonymise.listing import Anonymiser, ListingCounts, listing_lines
from pef_tui.cli.main import main
from pef_tui.model import JsonRecord, Outcome
from pef_tui.pipeline.run import run
from pef_tui.pipeline.source_args import as_sources, source_list
from pef_tui.progress import Notes, Progress
from pef_tui.testing.demo_export import demo_files
from pef_tui.testing.export import Item, sidecar, takeout
from pef_tui.testing.jpeg import jpeg
from pef_tui.testing.rebuild import rebuild
from pef_tui.testing.running import plugin_host

Result = tuple[object, ...]
INSIDE = ("live-counter-of-the-film", "live-heic-and-jpg-two-films")
"""Cases that depend on times inside of videos, which a listing does not have."""


@pytest.fixture(autouse=True)
def no_exiftool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


def listing(sources: Sequence[Path], anonymiser: Anonymiser) -> list[bytes]:
    host = plugin_host(sources=tuple(map(str, sources)))
    scanners = host.registered("pef_scanners", Notes())
    opened = as_sources(source_list(host.settings).paths, scanners)
    return list(listing_lines(opened, scanners, anonymiser, ListingCounts()))


def results(sources: Sequence[Path], out: Path, name: Any = str) -> set[Result]:
    """Return how each file is matched. `name`: applied to each path."""
    host = plugin_host(sources=tuple(map(str, sources)), output=str(out), dry_run=True, workers=1)
    found: set[Result] = set()
    for record in run(host.settings, host, Progress()):
        if isinstance(record, Outcome):
            match = record.plan.match
            json_path = (match.json.root, name(match.json.path)) if match.json is not None else None
            is_duplicate = record.outcome == "duplicate"
            facts = match.rule, json_path, bool(match.main), bool(match.album), is_duplicate
            found.add((match.media.root, name(match.media.path), *facts))
        elif isinstance(record, JsonRecord):
            found.add((record.file.root, name(record.file.path), record.outcome))
        else:
            found.add((record.file.root, name(record.file.path)))
    return found


def check(tmp_path: Path, *sources: Path) -> None:
    """Compare the original and the rebuilt export."""
    anonymiser = Anonymiser(b"k" * 16)
    rebuilt = rebuild(listing(sources, anonymiser), tmp_path / "rebuilt")
    expected = results(sources, tmp_path / "out", anonymiser.names.path)
    assert results(rebuilt, tmp_path / "out") == expected


def test_the_demo_matches_in_the_same_way(tmp_path: Path) -> None:
    check(tmp_path, takeout(tmp_path / "export", demo_files()))


@pytest.mark.parametrize("kind", ["zip", "tgz"])
def test_an_archive_becomes_a_folder_that_matches_in_the_same_way(tmp_path: Path, kind: Any) -> None:
    check(tmp_path, archived(takeout(tmp_path / "export", demo_files()), kind))


def test_albums_duplicates_and_parts_are_found_again(tmp_path: Path) -> None:
    first = album_list.export(tmp_path / "1")
    second = takeout(
        tmp_path / "2",
        {
            "Alps/a.jpg": album_list.shared("a.jpg", 1),
            "Photos from 2020/own title.jpg": Item(sidecar("own title.jpg"), jpeg(7)),
            "Anna & Tom&#39;s/Übung <1>.jpg": sidecar("Übung <1>.jpg"),
            "Anna & Tom&#39;s/metadata.json": {"title": "Anna & Tom's", "description": "x"},
            "other.json": {"Anna": [1, 2], "note": "Tom"},
            "broken.json": b"{",
            "empty.jpg": b"",
        },
    )
    check(tmp_path, first, second)


@pytest.mark.parametrize("case", SMALL, ids=lambda case: str(case.get("id", case["files"][0])))
def test_small_cases_match_in_the_same_way(tmp_path: Path, case: dict[str, Any]) -> None:
    build(tmp_path / "export", case)
    check(tmp_path, tmp_path / "export")


@pytest.mark.shared
@pytest.mark.skipif(not CASES, reason="no ../shared here")
def test_every_vector_matches_in_the_same_way(tmp_path: Path) -> None:
    for number, case in enumerate((*CASES, *MIXED_CASES)):
        if case["id"] not in INSIDE:
            build(tmp_path / str(number) / "export", case)
            check(tmp_path / str(number), tmp_path / str(number) / "export")


# -- the command


def test_the_command_writes_a_listing_that_only_the_user_can_read(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = takeout(
        tmp_path / "export",
        {
            "Zanzibar honeymoon/Gwendolyn.jpg": sidecar(
                "Gwendolyn.jpg",
                people=["Ferdinand"],
                description="Kilimanjaro",
                place=(47.1, 8.2),
                deviceFolder="Whirlpool",
            ),
            "Zanzibar honeymoon/metadata.json": {"title": "Zanzibar honeymoon", "Whirlpool": 1},
        },
    )
    file = tmp_path / "case.jsonl"
    for _ in range(2):  # an older listing is replaced
        assert main(["--anonymise", "--no-config", str(source), "-o", str(file)]) == 0
    assert "3 files, 2 of them JSON, are listed in" in capfd.readouterr().err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text().casefold()
    for word in ("zanzibar", "honeymoon", "gwendolyn", "ferdinand", "kilimanjaro", "whirlpool", "47.1"):
        assert word not in text
    assert str(tmp_path).rpartition("/")[2].casefold() not in text
    first, *files = map(json.loads, file.read_text().splitlines())
    assert (first["v"], first["type"], len(first["sources"])) == (1, "listing", 1)
    original = {path.stat().st_size for path in source.rglob("*") if path.is_file()}
    assert {fields["size"] for fields in files} == original
    assert sorted(tmp_path.iterdir()) == [file, tmp_path / "export"]

    target = tmp_path / "again"
    command = [sys.executable, "-m", "pef_tui.testing.rebuild", str(file), str(target)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.startswith(f"pef-tui --batch --dry-run -v {target}/0/")
    rebuilt = [path for path in target.rglob("*") if path.is_file()]
    assert {path.stat().st_size for path in rebuilt} == original
    rebuilt_source = result.stdout.strip().removeprefix("pef-tui --batch --dry-run -v ")
    lines = run_with(["--batch", "--json", "-n", "--no-config", rebuilt_source])
    assert [line["rule"] for line in lines if line["type"] == "media"] == ["exact"]


def test_words_differ_in_each_listing(tmp_path: Path) -> None:
    source = takeout(tmp_path / "export", {"Trip/Gwendolyn.jpg": sidecar("Gwendolyn.jpg")})
    texts = []
    for name in ("a", "b"):
        assert main(["--anonymise", "--no-config", "-q", str(source), "-o", str(tmp_path / name)]) == 0
        texts.append((tmp_path / name).read_text())
    assert texts[0] != texts[1]


def test_names_that_are_not_utf8_come_back(tmp_path: Path) -> None:
    source = takeout(tmp_path / "export", {"Trip/a.jpg": sidecar("a.jpg")})
    (source / "Google Photos/Trip" / os.fsdecode(b"b\xff\xfe.jpg")).write_bytes(jpeg(4))
    (rebuilt,) = rebuild(listing([source], Anonymiser()), tmp_path / "rebuilt")
    assert any(os.fsencode(path.name).endswith(b"\xff\xfe.jpg") for path in rebuilt.rglob("*"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{source}"], "--anonymise needs the file to write"),
        (["{source}", "-o", "{source}/case.jsonl"], "is in SOURCE"),
        (["{source}", "-o", "{tmp}"], "is a folder"),
        (["{source}", "-o", "{tmp}/no/case.jsonl"], "there is no such folder"),
        (["{tmp}/nothing", "-o", "{tmp}/case.jsonl"], "No such file"),
        (["-o", "{tmp}/case.jsonl"], "no SOURCE given"),
    ],
)
def test_wrong_arguments_are_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    source = takeout(tmp_path / "export", {"Trip/a.jpg": sidecar("a.jpg")})
    before = sorted(tmp_path.rglob("*"))
    command = [word.format(source=source, tmp=tmp_path) for word in arguments]
    assert main(["--anonymise", "--no-config", *command]) == 2
    error = capfd.readouterr().err
    assert message in error and len(error.splitlines()) == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_parts_that_cannot_be_read_are_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    archive = archived(takeout(tmp_path / "export", demo_files()), "zip")
    archive.write_bytes(archive.read_bytes()[:-3000])
    file = tmp_path / "case.jsonl"
    assert main(["--anonymise", "--no-config", str(archive), "-o", str(file)]) == 3
    assert "files" in capfd.readouterr().err and file.exists()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "is no listing"),
        ([b'{"type":"start","v":1}'], "is no listing"),
        ([b'{"type":"listing","v":2,"sources":[]}'], "is no listing"),
        ([b'{"type":"listing","v":1,"sources":["../x"]}'], "is no path"),
        ([b'{"type":"listing","v":1,"sources":["a"]}', b'{"root":0,"path":"/etc/x","size":1}'], "is no path"),
        (
            [b'{"type":"listing","v":1,"sources":["a"]}', b'{"root":0,"path":"b/../../x","size":1}'],
            "is no path",
        ),
        ([b'{"type":"listing","v":1,"sources":["a"]}', b'{"root":0,"path":"x","size":-1}'], "is no size"),
        ([b'{"type":"listing","v":1,"sources":["a"]}', b'{"root":7,"path":"x","size":1}'], "is no line"),
        ([b'{"type":"listing","v":1,"sources":["a"]}', b"[]"], "is no line"),
        ([b"\xff"], "codec"),
    ],
)
def test_a_damaged_listing_is_refused_and_writes_nothing_elsewhere(
    tmp_path: Path, lines: list[bytes], message: str
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=message):
        rebuild(lines, tmp_path / "empty" / "rebuilt")
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]
