"""Several runs in succession on disks with the rules of FAT, exFAT, Windows shares and macOS (`ruled_disk`)."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import arguments, media, run_here, run_with
from disk_histories import file_stats, media_lines, settle
from disk_rules import DISKS, Rules
from ruled_disk import mounted

from pef_tui.cli.main import main
from pef_tui.output import final_names
from pef_tui.testing.export import Item, sidecar, takeout
from pef_tui.testing.jpeg import jpeg

YEAR = "Photos from 2019"
NFC, NFD = (unicodedata.normalize(form, "Café") for form in ("NFC", "NFD"))
SILENT = ("fat", "share", "hfs")
"""Disks whose rules a preview cannot detect before the first run into the folder."""
ODD = [
    *("a:b.jpg", "a_b.jpg", "what?.jpg", "CON.jpg", "trailing.jpg ", "point.jpg.", "new\nline.jpg"),
    *("IMG.JPG", "img.jpg", f"{NFC}.jpg", f"{NFD}.jpg", "❤️.jpg", "❤.jpg", "byte\udcff.jpg", "byte_.jpg"),
    *("ß.jpg", "SS.jpg", "İ.jpg", "i̇.jpg", "\u0390.jpg", "\u1fd3.jpg", "ᾳ.jpg", "ᾼ.jpg", "x" * 247 + ".jpg"),
]
FOLDERS = ["Trip: Rome?", "Trip_ Rome_", "Ends.", "Ends", "TRIP", "Trip", ".PEF-TUI"]
LATER = [
    ("C1/IMG.JPG", "C1/img.jpg"),
    ("TRIP/b.jpg", "Trip/b.jpg"),
    ("Walk/b.jpg", "WALK/b.jpg"),
    (f"C2/{NFC}.jpg", f"C2/{NFD}.jpg"),
    ("C3/❤️.jpg", "C3/❤.jpg"),
    ("C4/a_b.jpg", "C4/a:b.jpg"),
    ("C4/c:d.jpg", "C4/c_d.jpg"),
    ("C5_/a.jpg", "C5?/a.jpg"),
    ("C6?/a.jpg", "C6_/a.jpg"),
    ("C7./a.jpg", "C7/a.jpg"),
    ("C8/a.jpg", "C8./a.jpg"),
]
"""Names of a first part, and names of a later part that a disk may treat as the same."""


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("TZ", "UTC")


@pytest.fixture(scope="module", params=DISKS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def disk(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with mounted(tmp_path_factory.mktemp(kind), DISKS[kind]) as mount:
        yield mount


@pytest.fixture
def dest(disk: Path, tmp_path: Path) -> Path:
    return disk / tmp_path.name / "out"


def pictures(names: Iterable[str], first: int = 0) -> dict[str, bytes]:
    return {name: jpeg(number) for number, name in enumerate(names, first)}


def test_names_of_one_export(tmp_path: Path, kind: str, dest: Path) -> None:
    names = [f"{YEAR}/{name}" for name in ODD] + [f"{folder}/a.jpg" for folder in FOLDERS]
    source = takeout(tmp_path / "in", pictures(names))
    sample = settle(source, dest, preview=kind not in SILENT)
    assert len({line["output"] for line in sample.values()}) == len(names)
    second_run = media_lines(run_here(source, dest, "--force"))
    assert {key: line["output"] for key, line in second_run.items()} == {
        key: line["output"] for key, line in sample.items()
    }


@pytest.mark.parametrize("turned", [False, True])
def test_names_of_a_later_part(tmp_path: Path, kind: str, dest: Path, turned: bool) -> None:
    first, second = ([pair[place] for pair in LATER] for place in ((1, 0) if turned else (0, 1)))
    source = takeout(tmp_path / "in", pictures(first))
    state_before = settle(source, dest, preview=kind not in SILENT)
    takeout(tmp_path / "in", pictures(second, 100))
    state_after = settle(source, dest)
    assert {key: state_after[key]["output"] for key in state_before} == {
        key: line["output"] for key, line in state_before.items()
    }
    forced = media_lines(run_here(source, dest, "--force"))
    assert {key: line["output"] for key, line in forced.items()} == {
        key: line["output"] for key, line in state_after.items()
    }


def test_a_later_part_instead_of_the_first(tmp_path: Path, kind: str, dest: Path) -> None:
    parts = [
        takeout(tmp_path / str(place), pictures((pair[place] for pair in LATER), 100 * place))
        for place in (0, 1)
    ]
    settle(parts[0], dest, preview=kind not in SILENT)
    settle(parts[1], dest)
    settle(parts[0], dest)
    assert len(file_stats(dest)) == 2 * len(LATER)


def test_equal_bytes_under_names_that_are_one(tmp_path: Path, dest: Path) -> None:
    source = takeout(tmp_path / "in", {f"Trip/{NFC}.jpg": jpeg(1), "Trip/IMG.JPG": jpeg(1)})
    settle(source, dest)
    takeout(tmp_path / "in", {f"Trip/{NFD}.jpg": jpeg(1), "Trip/img.jpg": jpeg(1)})
    settle(source, dest)
    assert len(file_stats(dest)) == 4


def test_outputs_that_were_deleted_keep_their_names(tmp_path: Path, dest: Path) -> None:
    source = takeout(tmp_path / "in", {f"Trip/{NFC}.jpg": jpeg(1), "Trip/IMG.JPG": jpeg(2)})
    settle(source, dest)
    shutil.rmtree(dest / "Trip")
    takeout(tmp_path / "in", {f"Trip/{NFD}.jpg": jpeg(11), "Trip/img.jpg": jpeg(12)})
    settle(source, dest)
    assert len(file_stats(dest)) == 4


def test_files_of_others(tmp_path: Path, kind: str, dest: Path) -> None:
    (dest / "Trip").mkdir(parents=True)
    for name in ("img.jpg", f"{NFD}.jpg", "x_.jpg"):
        (dest / "Trip" / name).write_bytes(b"mine")
    source = takeout(
        tmp_path / "in", {f"Trip/{NFC}.jpg": jpeg(1), "Trip/IMG.JPG": jpeg(2), "Trip/x?.jpg": jpeg(3)}
    )
    settle(source, dest, preview=kind not in SILENT)
    assert sum(content == b"mine" for _, _, content in file_stats(dest).values()) == 3


@pytest.mark.parametrize("albums", ["folder", "link", "tag"])
def test_albums(tmp_path: Path, kind: str, dest: Path, albums: str) -> None:
    files = {
        f"{YEAR}/{name}": Item(sidecar(name), jpeg(number)) for number, name in enumerate(("a.jpg", "b.jpg"))
    }
    own_value = {"Trip/a.jpg": files[f"{YEAR}/a.jpg"], "Trip: x?/b.jpg": files[f"{YEAR}/b.jpg"]}
    titles: dict[str, Any] = {f"{folder}/metadata.json": {"title": folder} for folder in ("Trip", "Trip: x?")}
    source = takeout(tmp_path / "in", {**files, **own_value, **titles})
    known_values = DISKS[kind].links if albums == "link" else kind not in SILENT
    sample = settle(source, dest, "--albums", albums, preview=known_values)
    if albums == "link" and not DISKS[kind].links:
        copies = [line for line in sample.values() if "no link" in line["reason"]]
        assert [line["outcome"] for line in copies] == ["written"] * 2


@pytest.mark.parametrize("template", ["{name}", "{year}/{title}", "{album}/{name}"])
def test_layouts(tmp_path: Path, dest: Path, template: str) -> None:
    names = ("IMG.JPG", "img.jpg", f"{NFC}.jpg", f"{NFD}.jpg", "w?.jpg", "w_.jpg")
    files = [f"{folder}/{name}" for folder in (YEAR, "Ends.") for name in names]

    def spec(paths: Iterable[str], first: int) -> dict[str, Item]:
        return {
            path: Item(sidecar(path.rpartition("/")[2], people=["Ada"]), jpeg(number))
            for number, path in enumerate(paths, first)
        }

    source = takeout(tmp_path / "in", spec(files, 0))
    settle(source, dest, "--layout", template, preview=False)
    takeout(tmp_path / "in", spec((f"Ends/{name}" for name in names), 100))
    settle(source, dest, "--layout", template)


def test_another_layout_moves_outputs(tmp_path: Path, dest: Path) -> None:
    names = ("IMG.JPG", f"{NFC}.jpg", f"x{NFD}.jpg", "w.jpg")
    source = takeout(tmp_path / "in", {f"Trip/{name}": sidecar(name, people=["Ada"]) for name in names})
    for template in ("{name}", "{year}/{name}", "{year}/{title}", "{album}/{title}"):
        settle(source, dest, "--layout", template, "--albums", "link", preview=False)
        assert len(file_stats(dest)) == len(names)


def test_xmp_files(tmp_path: Path, dest: Path) -> None:
    names = ("IMG.JPG", "img.jpg", f"{NFC}.jpg", f"{NFD}.jpg", "w?.jpg", "w_.jpg")
    source = takeout(tmp_path / "in", {f"Trip/{name}": sidecar(name, people=["Ada"]) for name in names})
    sample = settle(source, dest, "--xmp", "always", preview=False)
    assert len(file_stats(dest)) == 2 * len(sample)


def test_an_output_folder_that_was_copied_there(tmp_path: Path, dest: Path) -> None:
    names = ("a.jpg", "b.jpg", "c:d.jpg", f"{NFC}.jpg")
    source = takeout(
        tmp_path / "in", pictures([f"Trip/{name}" for name in names] + ["Ends./a.jpg", "W?/a.jpg"])
    )
    settle(source, tmp_path / "out")
    state_before = file_stats(tmp_path / "out")
    dest.parent.mkdir()
    copy = ["/bin/cp", "-r", "--preserve=timestamps", str(tmp_path / "out"), str(dest)]
    subprocess.run(copy, check=False, capture_output=True)  # leave out names that the disk refuses
    settle(source, dest, preview=False)
    assert len(file_stats(dest)) == len(state_before)
    takeout(
        tmp_path / "in",
        pictures(["Trip/A.jpg", "Trip/c_d.jpg", f"Trip/{NFD}.jpg", "Ends/a.jpg", "W_/a.jpg"], 50),
    )
    settle(source, dest)
    assert len(file_stats(dest)) == len(state_before) + 5


@pytest.mark.parametrize("options", [(), ("--xmp", "always")])
def test_in_place(tmp_path: Path, disk: Path, options: tuple[str, ...]) -> None:
    names = ("IMG.JPG", f"{NFC}.jpg", "w_.jpg")
    source = takeout(disk / tmp_path.name, {f"Trip/{name}": sidecar(name, people=["Ada"]) for name in names})
    state_before, argv = (
        file_stats(source),
        ["--batch", "--json", "--no-config", "--in-place", str(source), *options],
    )
    foreseen, sample = media(run_with([*argv, "-n"])), media(run_with(argv))
    assert {name: line["outcome"] for name, line in sample.items()} == {
        name: line["outcome"] for name, line in foreseen.items()
    }
    assert {line["outcome"] for line in sample.values()} == {"written"}
    remaining = file_stats(source)
    assert {line["outcome"] for line in media(run_with(argv)).values()} == {"unchanged"}
    assert file_stats(source) == remaining
    run_with(["--undo", "last", str(source), "--no-config"])
    assert {name: retained[1:] for name, retained in file_stats(source).items()} == {
        name: retained[1:] for name, retained in state_before.items()
    }


@pytest.mark.parametrize("at", [1, 4, 8])
def test_a_killed_run(tmp_path: Path, dest: Path, at: int) -> None:
    names = [
        f"Trip/{name}" for name in ("IMG.JPG", "img.jpg", f"{NFC}.jpg", f"{NFD}.jpg", "w?.jpg", "w_.jpg")
    ]
    source = takeout(tmp_path / "in", pictures([*names, "TRIP/a.jpg", "Trip./a.jpg", f"{NFD}/a.jpg"]))
    kill_at(at, arguments(source, dest))
    sample = settle(source, dest)
    assert len(file_stats(dest)) == len(sample)
    complete = media_lines(run_here(source, tmp_path / "whole"))
    assert {key: line["output"] for key, line in sample.items()} == {
        key: line["output"] for key, line in complete.items()
    } or any("_" in line["output"] for line in sample.values())


def test_a_killed_run_that_continues_with_names_in_another_case(tmp_path: Path, dest: Path) -> None:
    files = {f"{YEAR}/IMG{number}.JPG": Item(sidecar(f"img{number}.jpg"), jpeg(number)) for number in (1, 2)}
    source = takeout(tmp_path / "in", {})
    for name, item in files.items():
        takeout(tmp_path / "in", {name: item.media or b"", f"{name}.json": item.sidecar or {}})
    kill_at(2, arguments(source, dest, "--layout", "{name}"))
    assert len(file_stats(dest)) == 1
    sample = settle(source, dest, "--layout", "{title}")
    assert len(file_stats(dest)) == len(sample) == 2


def kill_at(number: int, argv: list[str]) -> None:
    """Start a run, and kill it before it gives the n-th output its name."""
    child = os.fork()
    if not child:
        real, calls = final_names._put, iter(range(1, 1_000))

        def put(*args: Any) -> os.stat_result:
            if next(calls) == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args)

        final_names._put = put  # type: ignore[assignment]
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        os._exit(main(argv))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def test_the_rules_are_those_of_the_disk(kind: str, disk: Path, tmp_path: Path) -> None:
    rules: Rules = DISKS[kind]
    folder = disk / tmp_path.name
    folder.mkdir()
    (folder / "A.jpg").write_bytes(b"1")
    assert (folder / "a.jpg").exists() == rules.case_blind
    (folder / f"{NFC}.jpg").write_bytes(b"1")
    assert (folder / f"{NFD}.jpg").exists() == (rules.form_blind or rules.stores_nfd)
    assert f"{NFD if rules.stores_nfd else NFC}.jpg" in os.listdir(folder)
    if rules.windows_refused:
        with pytest.raises(OSError, match="Invalid argument"):
            (folder / "a?b").write_bytes(b"")
    os.utime(folder / "A.jpg", ns=(10**18 + 1_500_000_001,) * 2)
    assert (folder / "A.jpg").stat().st_mtime_ns == 10**18 + 1_500_000_001 // rules.step_ns * rules.step_ns
    if not rules.links:
        with pytest.raises(PermissionError):
            os.link(folder / "A.jpg", folder / "link")
    fd = os.open(folder, os.O_RDONLY)
    try:
        if not rules.syncs_folders:
            with pytest.raises(OSError, match="Invalid argument"):
                os.fsync(fd)
    finally:
        os.close(fd)
