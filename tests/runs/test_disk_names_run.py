"""Output folders on disks that refuse some names, or that treat names as equal if only the case differs."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import media, outcomes, run_here, tree

from pef_tui.planning import disk_names
from pef_tui.planning.disk_names import DiskNames, predict_disk, probe_disk
from pef_tui.testing.export import sidecar, takeout
from pef_tui.testing.jpeg import jpeg

YEAR = "Photos from 2019"
NAMES = {
    "a:b.jpg": "a_b.jpg",
    "what?.jpg": "what_.jpg",
    "CON.jpg": "_CON.jpg",
    "trailing.jpg ": "trailing.jpg",
    "new\nline.jpg": "new_line.jpg",
    "ok.jpg": "ok.jpg",
}
ADMIN = os.environ["PATH"] + ":/usr/sbin:/sbin"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("TZ", "UTC")


def export(top: Path) -> Path:
    files = {f"{YEAR}/{name}": jpeg(number) for number, name in enumerate(NAMES)}
    return takeout(top, {**files, "Trip: Rome?/x.jpg": jpeg(50), "Ends with dot./y.jpg": jpeg(51)})


EXPECTED = {f"{YEAR}/{name}" for name in NAMES.values()} | {"Trip_ Rome_/x.jpg", "Ends with dot/y.jpg"}


def check(source: Path, dest: Path) -> None:
    previewed = media(run_here(source, dest, "-n"))
    first = media(run_here(source, dest))
    assert {name: line["output"] for name, line in first.items()} == {
        name: line["output"] for name, line in previewed.items()
    }
    assert set(tree(dest)) == EXPECTED
    for name, line in first.items():
        warned = any("refuses its name" in warning for warning in line["warnings"])
        assert warned == (not name.endswith(line["output"])), name
    tree_before = tree(dest)
    assert set(outcomes(run_here(source, dest)).values()) == {"unchanged"}
    assert tree(dest) == tree_before


def test_names_that_the_disk_refuses_are_repaired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, dest = export(tmp_path / "in"), tmp_path / "out"
    with monkeypatch.context() as patched:
        strict = DiskNames(windows_rules=True, utf8_only=True)
        patched.setattr(disk_names, "probe_disk", lambda dest: (strict, strict.encode("odd")))
        patched.setattr(disk_names, "predict_disk", lambda dest, noted: strict)
        check(source, dest)
    retained = tree(dest)
    run_here(source, dest, "--force", "--extensions", "keep")  # moved to a disk that accepts these names
    assert tree(dest) == retained


@pytest.mark.parametrize(("error", "refused"), [(errno.EINVAL, True), (errno.ENOSPC, False)])
def test_a_run_tries_what_the_disk_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int, refused: bool
) -> None:
    assert not any(probe_disk(str(tmp_path))[0])
    real = os.open

    def refusing(path: str, *extra: int) -> int:
        if "?" in path:
            raise OSError(error, os.strerror(error))
        return real(path, *extra)

    monkeypatch.setattr(os, "open", refusing)
    assert probe_disk(str(tmp_path))[0].windows_rules == refused
    assert not list((tmp_path / ".pef-tui" / "staging").iterdir())


def test_a_preview_goes_by_what_a_run_recorded_on_a_disk_of_that_type(tmp_path: Path) -> None:
    _, noted = probe_disk(str(tmp_path))
    kind = noted.rpartition(":")[0]
    assert kind and not any(predict_disk(str(tmp_path), [noted]))
    refuses = DiskNames(windows_rules=True, no_links=True)
    assert predict_disk(str(tmp_path), ["", refuses.encode(kind), noted]) == refuses
    assert not any(predict_disk(str(tmp_path), [refuses.encode("another")]))
    assert not any(predict_disk(str(tmp_path / "not" / "there"), []))


@pytest.fixture
def fat(tmp_path: Path) -> Iterator[Path]:
    maker = shutil.which("mkfs.vfat", path=ADMIN)
    if maker is None:
        pytest.skip("mkfs.vfat is not installed")
    image, folder = tmp_path / "image", tmp_path / "disk"
    with image.open("wb") as file:
        file.truncate(64 << 20)
    subprocess.run([maker, str(image)], check=True, capture_output=True)
    folder.mkdir()
    mount = shutil.which("mount", path=ADMIN) or "mount"
    command = [mount, "-o", "loop,utf8", str(image), str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no FAT disk can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run([shutil.which("umount", path=ADMIN) or "umount", str(folder)], check=True)


def test_a_fat_disk(tmp_path: Path, fat: Path) -> None:
    check(export(tmp_path / "in"), fat / "out")


@pytest.mark.parametrize(
    ("first", "second", "options"),
    [
        (f"{YEAR}/IMG.JPG", "Photos from 2018/img.jpg", ("--layout", "{name}")),
        ("Trip/IMG.JPG", "Trip/img.jpg", ()),
        ("Trip/a.jpg", "TRIP/a.jpg", ()),
    ],
)
def test_names_that_differ_in_case_come_in_later_runs(
    tmp_path: Path, fat: Path, first: str, second: str, options: tuple[str, ...]
) -> None:
    dest = fat / "out"
    spec = {first: jpeg(1), second: jpeg(2)}
    source = takeout(tmp_path / "in", {first: jpeg(1), f"{first}.json": sidecar("x.jpg")})
    run_here(source, dest, *options)
    takeout(tmp_path / "in", spec)
    run_here(source, dest, *options)
    assert len(tree(dest)) == 2
    assert set(outcomes(run_here(source, dest, *options)).values()) <= {"unchanged", "used", "orphan"}
