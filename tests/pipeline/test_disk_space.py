from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from pef_tui.cli.main import main
from pef_tui.errors import DiskFull
from pef_tui.hooks import Scanner
from pef_tui.manifest import Entry, Manifest
from pef_tui.model import Source
from pef_tui.pipeline import disk_space as space
from pef_tui.settings import Settings
from pef_tui.sources.directory import DirectoryReader
from pef_tui.testing.export import sidecar, takeout

MB = 1 << 20


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Make four pictures of 1, 2, 3 and 4 MB, two of them with sidecars. The largest is in an album too."""
    files = {f"Photos from 2019/{size}.jpg": bytes(size * MB) for size in (1, 2, 3, 4)}
    files |= {"Trip/4.jpg": bytes(4 * MB)}
    root = takeout(tmp_path / "export", dict(files))
    for size in (3, 4):
        takeout(tmp_path / "export", {f"Photos from 2019/{size}.jpg.json": sidecar(f"{size}.jpg")})
    return root


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Free space in DEST, which the test sets, and whether copies share blocks."""
    fields = {"bytes": 0, "shared": 0}
    monkeypatch.setattr(space, "_free", lambda path: fields["bytes"])
    monkeypatch.setattr(space, "_most", lambda sources, known: sum(known.values()) or 1 << 60)
    monkeypatch.setattr(space, "_reflinks", lambda output: bool(fields["shared"]))
    return fields


def check(export: Path, out: Path, known_values: dict[int, int] | None = None, **options: Any) -> None:
    out.mkdir(exist_ok=True)
    ledger = Manifest.open(str(out), read_only=False)
    scanner = Scanner("directory", os.path.isdir, DirectoryReader)
    try:
        sources = (Source(0, str(export)),)
        space.check_space(
            Settings(**options), str(out), sources, {"directory": scanner}, ledger, known_values
        )
    finally:
        ledger.release()


@pytest.mark.parametrize(
    ("needed", "options"),
    [
        (14, {}),
        (10, {"albums": "none"}),
        (10, {"albums": "link"}),
    ],
)
def test_a_run_is_refused_by_what_it_needs_at_least(
    export: Path, tmp_path: Path, free: dict[str, int], needed: int, options: dict[str, Any]
) -> None:
    free["bytes"] = needed * MB
    check(export, tmp_path / "out", **options)
    free["bytes"] -= 1
    message = rf"needs about {needed * MB / 1e6:.1f} MB, and .* are free .* make room for 0.0 MB"
    with pytest.raises(DiskFull, match=message):
        check(export, tmp_path / "out", **options)


def test_what_an_earlier_run_put_there_needs_nothing(
    export: Path, tmp_path: Path, free: dict[str, int]
) -> None:
    ledger = Manifest.open(str(tmp_path / "out"), read_only=False)
    keys = [b"Photos from 2019/4.jpg", b"Trip/4.jpg"]
    ledger.record_batch(
        ledger.record_intent([]),
        [Entry(key, 4 * MB, 1, b"", b"", b"", "written", output=key) for key in keys],
    )
    ledger.release()
    free["bytes"] = 6 * MB
    check(export, tmp_path / "out")
    free["bytes"] -= 1
    with pytest.raises(DiskFull):
        check(export, tmp_path / "out")


def test_what_shares_its_blocks_with_the_source_is_not_refused(
    export: Path, tmp_path: Path, free: dict[str, int]
) -> None:
    free.update(bytes=0, shared=True)
    check(export, tmp_path / "out")


def test_what_comes_out_of_an_archive_shares_nothing(
    export: Path, tmp_path: Path, free: dict[str, int], capfd: pytest.CaptureFixture[str]
) -> None:
    packed = takeout(tmp_path / "other", {"Photos from 2020/5.jpg": bytes(5 * MB)})
    part = shutil.make_archive(str(tmp_path / "part"), "zip", packed.parent, packed.name)
    command = ["--batch", "--no-config", str(export), part, "-o", str(tmp_path / "out")]
    free.update(bytes=5 * MB - 1, shared=True)
    assert main(command) == 1
    assert "the run needs about 5.2 MB" in capfd.readouterr().err
    free["bytes"] += 1
    assert main(command) != 1


@pytest.mark.parametrize(
    "options",
    [
        {"exclude": ("*.jpg",)},
        {"since": "2020-01-01"},
        {"unmatched": "skip"},
        {"retry_failed": True},
        {"in_place": True},
    ],
)
def test_what_may_need_little_is_not_refused(
    export: Path, tmp_path: Path, free: dict[str, int], options: dict[str, Any]
) -> None:
    check(export, tmp_path / "out", **options)


def test_sources_are_not_listed_where_there_is_plenty(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(space, "_free", lambda path: 1 << 60)
    monkeypatch.setattr(space, "folders", None)
    check(export, tmp_path / "out")
    reader = DirectoryReader(Source(0, str(export)))
    reader.current_state()
    assert reader.bytes is not None and 14 * MB < reader.bytes < 15 * MB
    monkeypatch.setattr(space, "_free", lambda path: 15 * MB)
    check(export, tmp_path / "out", known_values={0: reader.bytes})


def test_the_command_ends_with_one_line_and_nothing_in_dest(
    export: Path, tmp_path: Path, free: dict[str, int], capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["--batch", "--no-config", str(export), "-o", str(out)]) == 1
    assert "the run needs about 14.7 MB" in capfd.readouterr().err
    assert [path.name for path in out.iterdir()] == [".pef-tui"]
    assert main(["--batch", "--no-config", "-n", str(export), "-o", str(out)]) != 1


def test_trying_reflinks_leaves_nothing(tmp_path: Path) -> None:
    space._reflinks(str(tmp_path))
    assert list(tmp_path.iterdir()) == []
