"""Outputs with a layout template, with the command."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from commands import arguments, media, run_apart, run_here, tree

from pef_tui.errors import RunError
from pef_tui.output import commit
from pef_tui.testing.exif import Exif
from pef_tui.testing.export import Item, sidecar, takeout
from pef_tui.testing.jpeg import jpeg

JULY = 1_561_977_296  # 2019-07-01 10:34:56 UTC
Y19, Y20, TRIP = "Photos from 2019", "Photos from 2020", "Trip"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("TZ", "UTC")


def export(root: Path) -> Path:
    spec: dict[str, Any] = {
        f"{Y19}/a.jpg": sidecar("a.jpg", taken=JULY),
        f"{Y19}/a(1).jpg": sidecar("a.jpg", taken=JULY + 5),
        f"{Y19}/a-edited.jpg": None,
        f"{Y19}/l.HEIC": sidecar("l.HEIC", taken=JULY),
        f"{Y19}/l.MP4": None,
        f"{Y19}/plain.jpg": None,
        f"{Y20}/a.jpg": sidecar("a.jpg", taken=JULY + 366 * 86_400),
        f"{Y20}/l.HEIC": Item(sidecar("l.HEIC", taken=JULY + 40), b"\0\0\0\x18ftypheic" + bytes(40)),
        f"{Y20}/l.MP4": jpeg(5),
        f"{TRIP}/c_ d_.jpg": Item(
            sidecar("c: d?.jpg", taken=JULY + 9), jpeg(9, exif=Exif(model="Pixel 3", make="Google"))
        ),
        f"{TRIP}/metadata.json": {"title": "Rom / \u00c4gypten 2019"},
    }
    return takeout(root, spec)


CASES: dict[str, dict[str, str]] = {
    "{year}/{month}/{name}": {
        f"{Y19}/a.jpg": "2019/07/a.jpg",
        f"{Y19}/a(1).jpg": "2019/07/a(1).jpg",
        f"{Y19}/a-edited.jpg": "2019/07/a-edited.jpg",
        f"{Y19}/l.HEIC": "2019/07/l.HEIC",
        f"{Y19}/l.MP4": "2019/07/l.MP4",
        f"{Y19}/plain.jpg": "undated/plain.jpg",
        f"{Y20}/a.jpg": "2020/07/a.jpg",
        f"{Y20}/l.HEIC": "2019/07/l (2).HEIC",
        f"{Y20}/l.MP4": "2019/07/l (2).jpg",
        f"{TRIP}/c_ d_.jpg": "2019/07/c_ d_.jpg",
    },
    "{album}/{date} {title}": {
        f"{Y19}/a(1).jpg": "2019-07-01 a.jpg",
        f"{Y19}/a.jpg": "2019-07-01 a (2).jpg",
        f"{Y19}/a-edited.jpg": "2019-07-01 a (2)-edited.jpg",
        f"{Y19}/l.HEIC": "2019-07-01 l.HEIC",
        f"{Y19}/l.MP4": "2019-07-01 l.MP4",
        f"{Y19}/plain.jpg": "undated plain.jpg",
        f"{TRIP}/c_ d_.jpg": "Rom _ \u00c4gypten 2019/2019-07-01 c_ d_.jpg",
    },
    "{kind}/{camera}/{folder}/{name}": {
        f"{TRIP}/c_ d_.jpg": "photo/Pixel 3/Trip/c_ d_.jpg",
        f"{Y19}/a.jpg": f"photo/{Y19}/a.jpg",
        f"{Y19}/l.MP4": f"photo/{Y19}/l.MP4",
    },
}


def below(name: str) -> str:
    return f"Google Photos/{name}"


@pytest.mark.parametrize("template", CASES)
def test_templates(tmp_path: Path, template: str) -> None:
    source, out = export(tmp_path / "export"), tmp_path / "out"
    lines = media(run_here(source, out, "--layout", template))
    report = {name.removeprefix("Google Photos/"): line["output"] for name, line in lines.items()}
    expected = CASES[template]
    assert {name: report[name] for name in expected} == expected
    assert sorted(path for path in tree(out) if not path.endswith(".xmp")) == sorted(report.values())
    assert set(run_here(source, out, "--layout", template)[-1]["media"]) == {"unchanged"}


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{jear}/{name}", "no such field {jear}"),
        ("{year}/{month}", "must hold {name} or {title}"),
        ("/{name}", "below the output folder"),
        ("../{name}", "below the output folder"),
        ("{year}//{name}", "below the output folder"),
        ("{year/{name}", "brace"),
    ],
)
def test_what_is_no_template_ends_with_2(tmp_path: Path, template: str, words: str) -> None:
    source = export(tmp_path / "export")
    result = run_apart(source, tmp_path / "out", "--layout", template)
    assert result.returncode == 2
    assert words in result.stderr.decode()
    assert len(result.stderr.decode().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_changed_layout_moves_what_is_ours(tmp_path: Path) -> None:
    source, out = export(tmp_path / "export"), tmp_path / "out"
    run_here(source, out)
    modified = out / Y19 / "a.jpg"
    modified.write_bytes(b"edited by hand")
    lines = media(run_here(source, out, "--layout", "{year}/{name}"))
    assert modified.read_bytes() == b"edited by hand"
    warnings = lines[below(f"{Y19}/a.jpg")]["warnings"]
    assert any("changed since and is left there" in warning for warning in warnings)
    fresh = tmp_path / "fresh"
    run_here(source, fresh, "--layout", "{year}/{name}")
    remaining = tree(out)
    assert remaining.pop(f"{Y19}/a.jpg")
    assert remaining == tree(fresh)
    assert not (out / Y20).exists()
    modified.unlink()
    run_here(source, out)
    run_here(source, tmp_path / "plain")
    assert tree(out) == tree(tmp_path / "plain")


def test_an_old_output_that_cannot_be_removed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = takeout(tmp_path, {f"{Y19}/a.jpg": sidecar("a.jpg", taken=JULY)}), tmp_path / "out"
    run_here(source, out)
    real = os.unlink

    def unlink(path: Any, **fields: Any) -> None:
        if path == "a.jpg":  # as for an immutable file
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        real(path, **fields)

    monkeypatch.setattr(os, "unlink", unlink)
    (line,) = media(run_here(source, out, "--layout", "{year}/{name}")).values()
    message = f"what was put at {Y19}/a.jpg before cannot be removed and stays there: Operation not permitted"
    assert (line["outcome"], line["output"], line["warnings"]) == ("written", "2019/a.jpg", [message])
    assert (out / Y19 / "a.jpg").exists()


def test_layouts_that_change_places_with_each_other(tmp_path: Path) -> None:
    """The new path of each file is the old path of another one."""
    spec: dict[str, Any] = {
        "A/x.jpg": sidecar("x.jpg", taken=JULY),
        "A/metadata.json": {"title": "B"},
        "B/x.jpg": sidecar("x.jpg", taken=JULY + 9),
        "B/metadata.json": {"title": "A"},
    }
    source, out = takeout(tmp_path / "export", spec), tmp_path / "out"
    run_here(source, out, "--layout", "{folder}/{name}")
    contents = sorted(digest for digest, _ in tree(out).values())
    for template in ("{album}/{name}", "{folder}/{name}", "{album}/{name}"):
        run_here(source, out, "--layout", template)
        assert sorted(digest for digest, _ in tree(out).values()) == contents


def test_killed_while_the_layout_changes(tmp_path: Path) -> None:
    spec: dict[str, Any] = {
        f"Photos from 20{10 + number % 4}/P{number % 7}{number % 3}.jpg": sidecar(
            "x.jpg", taken=1.3e9 + number * 1e7
        )
        for number in range(60)
    }
    source, out = takeout(tmp_path / "export", spec), tmp_path / "out"
    run_here(source, out)
    for moment in (0.25, 0.35, 0.45, 0.55):
        command = [sys.executable, "-m", "pef_tui", *arguments(source, out, "--layout", "{year}/{name}")]
        killed = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moment)
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
    assert run_apart(source, out, "--layout", "{year}/{name}").returncode == 0
    run_here(source, tmp_path / "fresh", "--layout", "{year}/{name}")
    assert sorted(tree(out).values()) == sorted(tree(tmp_path / "fresh").values())
    assert set(run_here(source, out, "--layout", "{year}/{name}")[-1]["media"]) == {"unchanged"}


def test_names_meet_in_the_order_of_the_sources_and_ignore_case(tmp_path: Path) -> None:
    spec = {
        f"{Y19}/a.jpg": sidecar("a.jpg", taken=JULY),
        f"{Y20}/A.JPG": sidecar("A.JPG", taken=JULY + 1),
        f"{TRIP}/caf\u00e9.jpg": sidecar("caf\u00e9.jpg", taken=JULY),
        f"{TRIP}2/cafe\u0301.jpg": sidecar("cafe\u0301.jpg", taken=JULY + 1),
    }
    source = takeout(tmp_path / "export", spec)
    lines = media(run_here(source, tmp_path / "out", "--layout", "{name}"))
    assert [line["output"] for _, line in sorted(lines.items())] == [
        "a.jpg",
        "A (2).JPG",
        "caf\u00e9.jpg",
        "cafe\u0301 (2).jpg",
    ]


def test_a_file_without_a_sidecar_gets_its_number_in_its_own_folder(tmp_path: Path) -> None:
    source = takeout(
        tmp_path,
        {
            f"{Y19}/a.jpg": Item(None, jpeg(1)),
            f"{Y19}/a (2).jpg": sidecar("a (2).jpg", taken=JULY),
            f"{TRIP}/b.jpg": sidecar("b.jpg", taken=JULY),
        },
    )
    out = tmp_path / "out"
    (out / Y19).mkdir(parents=True)
    (out / Y19 / "a.jpg").write_bytes(b"mine")
    for outcome in ("unmatched", "unchanged"):
        foretold = media(run_here(source, out, "-n"))
        lines = media(run_here(source, out))
        for item in (foretold, lines):
            at = {
                line["source"].rpartition("Photos/")[2]: (line["outcome"], line["output"])
                for line in item.values()
            }
            assert at[f"{Y19}/a.jpg"] == (outcome, f"{Y19}/a (3).jpg")
    assert (out / Y19 / "a.jpg").read_bytes() == b"mine"


def test_a_file_without_a_sidecar_whose_output_became_a_folder_stays_in_its_own(tmp_path: Path) -> None:
    source = takeout(
        tmp_path, {f"{Y19}/a.jpg": Item(None, jpeg(1)), f"{TRIP}/b.jpg": sidecar("b.jpg", taken=JULY)}
    )
    out = tmp_path / "out"
    run_here(source, out)
    (out / Y19 / "a.jpg").unlink()
    (out / Y19 / "a.jpg").mkdir()
    for outcome in ("unmatched", "unchanged"):
        actual = {line["output"]: line["outcome"] for line in media(run_here(source, out)).values()}
        assert actual[f"{Y19}/a (2).jpg"] == outcome


@pytest.mark.parametrize("template", ["{name}", "{year}/{name}", "{folder}/{name}"])
@pytest.mark.parametrize("is_published", [False, True])
def test_a_copy_in_another_folder_after_a_killed_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, template: str, is_published: bool
) -> None:
    """The stopped run intended a path for the first file. The copy is planned before it, and may claim that path."""
    fields, data = sidecar("b.jpg", taken=JULY), jpeg(3)
    source, dest = takeout(tmp_path / "in", {f"{Y19}/b.jpg": Item(fields, data)}), tmp_path / "out"
    options = ("--layout", template)

    def killed(*_: object) -> None:
        raise RunError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(commit, "remove_stale_outputs" if is_published else "publish", killed)
        run_here(source, dest, *options, status=1)
    takeout(tmp_path / "in", {"Album/metadata.json": {"title": "Album"}, "Album/b.jpg": Item(fields, data)})
    for outcome in ("written", "unchanged"):
        previewed = media(run_here(source, dest, *options, "--dry-run"))
        lines = media(run_here(source, dest, *options))
        assert {line["outcome"] for line in lines.values()} == {outcome}
        outputs = {path: line["output"] for path, line in lines.items()}
        assert outputs == {path: line["output"] for path, line in previewed.items()}
        assert sorted(outputs.values()) == sorted(tree(dest)) and len(tree(dest)) == 2
