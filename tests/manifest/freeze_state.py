"""Write a fixture: an export, and everything that the current program stores for it.

    python tests/manifest/freeze_state.py FILE.tar.xz

The archive holds, with their times:

- `export`: the export itself (`Takeout/Google Photos/…`) and `decisions.json`
- `plain`, `decided`: a DEST made without and with the decisions, its manifest sealed
- `killed`: a DEST whose run was killed after its outputs had their names and before they were recorded
- `in-place`: a copy of the export, written in place, with the record that undoes it

Such a file is made once a manifest format, by the release that is to be read later; `test_frozen_state.py` reads it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pef_tui.cli.main import main
from pef_tui.testing import Exif, Item, film, jpeg, sidecar, takeout

OPTIONS = ("--writer", "native", "--albums", "tag", "--timezone", "Europe/Berlin")
IN_PLACE_OPTIONS = ("--writer", "native", "--timezone", "Europe/Berlin")
TAKEN = 1_561_977_296


def export(root: Path) -> Path:
    """Make pictures for every outcome: written, with XMP file, copied, linked to an album, in conflict, without a
    sidecar.
    """
    shared = jpeg(5)
    other_date = jpeg(6, exif=Exif(date="2015:03:02 10:11:12", offset="+01:00"))
    other_text = jpeg(7, exif=Exif(description="what the file says"))
    files: dict[str, Any] = {
        "Photos from 2019/written.jpg": sidecar("written.jpg", people=["Ana"], description="a picture"),
        "Photos from 2019/place.png": sidecar("place.png", place=(48.85, 2.35)),
        "Photos from 2019/film.mp4": Item(sidecar("film.mp4", description="a film"), film("mp4", 3)),
        "Photos from 2019/beside.bmp": sidecar("beside.bmp", people=["Bo"]),
        "Photos from 2019/album.jpg": Item(sidecar("album.jpg"), shared),
        "Photos from 2019/alone.gif": None,
        "Photos from 2019/date.jpg": Item(sidecar("date.jpg"), other_date),
        "Photos from 2019/text.jpg": Item(sidecar("text.jpg", description="what Google says"), other_text),
        "Trip/metadata.json": {"title": "Trip to Rome"},
        "Trip/album.jpg": Item(sidecar("album.jpg"), shared),
        "Trip/broken.json": b"{",
    }
    return takeout(root, files)


DECISIONS = {
    "decisions": [
        {"file": "Google Photos/Photos from 2019/date.jpg", "unit": "date", "choice": "google"},
        {"file": "Google Photos/Photos from 2019/text.jpg", "unit": "description", "choice": "keep"},
    ]
}


def forked(argv: list[str], prepare: Callable[[], object] = lambda: None) -> int:
    """Run the command in a process of its own. Return its exit status as in a shell."""
    sys.stdout.flush()
    pid = os.fork()
    if not pid:
        prepare()
        os._exit(main(["--batch", "--no-config", "-q", *argv]))
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return status if status >= 0 else 128 - status


def die_before_recording() -> None:
    """Change this process: it kills itself when the outputs of the first batch have their final names."""
    from pef_tui.manifest import Manifest

    def done(self: Manifest, batch: int, entries: object) -> None:
        if batch:
            os.kill(os.getpid(), signal.SIGKILL)

    Manifest.record_batch = done  # type: ignore[method-assign]


def freeze(root: Path) -> None:
    """Make all folders of the archive below `root`."""
    source = export(root / "export")
    decisions = root / "export" / "decisions.json"
    decisions.write_text(json.dumps(DECISIONS))
    shutil.copytree(source, root / "in-place" / "Takeout")
    for name, options in (("plain", ()), ("decided", ("--decisions", str(decisions)))):
        assert forked([str(source), "-o", str(root / name), *OPTIONS, *options]) == 0
    assert forked([str(source), "-o", str(root / "killed"), *OPTIONS], die_before_recording) == 137
    assert forked(["--in-place", str(root / "in-place" / "Takeout"), *IN_PLACE_OPTIONS]) == 0


def _smaller(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Leave out the report pages, and the owners of the files."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return None if member.name.endswith("report.html") else member


def main_here(target: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        freeze(Path(place))
        with tarfile.open(target, "w:xz", format=tarfile.PAX_FORMAT) as archive:
            for name in sorted(os.listdir(place)):
                archive.add(Path(place, name), name, filter=_smaller)


if __name__ == "__main__":
    main_here(sys.argv[1])
