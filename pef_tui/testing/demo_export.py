"""The export of the demo. It is small, and has most features of real exports."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from pef_tui.testing.exif import Exif
from pef_tui.testing.export import Item, Json, sidecar, takeout
from pef_tui.testing.films import film
from pef_tui.testing.jpeg import jpeg, motion_photo
from pef_tui.testing.media import make

PARIS, RIO, SYDNEY, CUSCO = (
    (48.8606, 2.3376),
    (-22.9519, -43.2105),
    (-33.8568, 151.2153),
    (-13.5167, -71.9788),
)
LONG = "The whole family on the beach at Copacabana, last summer.jpg"
"""A file name of 60 characters, which Google shortens to 51 characters."""

Files = dict[str, Json | Item | bytes | None]


MARK = ".made-by-the-pef-tui-demo"
"""Name of the file that marks a folder as made by the demo, so that its content may be deleted."""


def make_demo(folder: Path) -> Path:
    """Make the export in `folder`, and return the path of its `Takeout`. Keep an export that was made before.

    Raises FileExistsError if the folder has files and was not made by the demo, and OSError.
    """
    source = folder / "Takeout"
    mark = folder / MARK
    if not mark.exists():
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise FileExistsError(folder)
        folder.mkdir(parents=True, exist_ok=True)
        mark.touch()
    return source if source.exists() else takeout(folder, demo_files())


def demo_files() -> Files:
    """Return the files of the export, by path below "Google Photos", as argument `files` of `takeout`."""
    return {
        **{f"Photos from 2019/{name}": content for name, content in _of_2019().items()},
        **{f"Photos from 2020/{name}": content for name, content in _of_2020().items()},
        **{f"Rio 🏖/{name}": content for name, content in _album().items()},
        "print-subscriptions.json": {"subscriptions": []},
    }


def _at(text: str) -> float:
    """Return a date and time in UTC (ISO 8601) in seconds since 1970."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def _of_2019() -> Files:
    louvre = sidecar(
        "IMG_20190701_123456.jpg",
        taken=_at("2019-07-01T10:34:56"),
        place=PARIS,
        people=["Ann", "Bob"],
        description="At last! 🎉",
        favorited=True,
    )
    live = sidecar("IMG_0001.HEIC", taken=_at("2019-08-02T15:00:00"), place=CUSCO, people=["Ann"])
    motion = sidecar("PXL_20190815_081530123.MP.jpg", taken=_at("2019-08-15T06:15:30"), place=PARIS)
    return {
        "IMG_20190701_123456.jpg": louvre,
        "IMG_20190701_123456-edited.jpg": None,
        "IMG_0001.HEIC": live,
        "IMG_0001.MOV": None,
        "PXL_20190815_081530123.MP.jpg": Item(motion, motion_photo(film(seed=7), 7)),
        "PXL_20190815_081530123.MP": film(seed=7),
        "opera.mp4": sidecar(
            "opera.mp4", taken=_at("2019-09-10T08:20:00"), place=SYDNEY, description="Sydney harbour"
        ),
        "camera.jpg": Item(
            sidecar("camera.jpg", taken=_at("2019-10-05T12:00:00"), place=PARIS),
            jpeg(9, exif=Exif("2019:10:05 14:00:00", make="Made up", model="Demo")),
        ),
        "Screenshot.png": sidecar("Screenshot.png", taken=_at("2019-11-11T11:11:11")),
        "drawing.gif": sidecar("drawing.gif", taken=_at("2019-11-12T08:00:00"), description="drawn by Zoë"),
        "clip.avi": sidecar("clip.avi", taken=_at("2019-12-24T18:30:00"), place=RIO, people=["Bob"]),
        "nobody knows.webp": None,
    }


def _of_2020() -> Files:
    old = {
        "scan.tif": sidecar("scan.tif", taken=_at("1962-05-06T10:00:00"), place=PARIS, people=["祖母"]),
        "raw.dng": sidecar("raw.dng", taken=_at("2020-02-02T09:00:00")),
        "phone.3gp": sidecar("phone.3gp", taken=_at("2020-03-03T10:00:00"), place=RIO),
        "web.webm": sidecar("web.webm", taken=_at("2020-03-04T10:00:00")),
        "small.bmp": sidecar("small.bmp", taken=_at("2020-03-05T10:00:00")),
        "IMG_0007.jpg": sidecar("IMG_0007.jpg", taken=_at("2020-04-04T12:00:00"), place=CUSCO),
        "IMG_0007(1).jpg": sidecar("IMG_0007.jpg", taken=_at("2020-05-05T12:00:00"), place=SYDNEY),
    }
    return {
        **{name: Item(fields, naming="old") for name, fields in old.items()},
        LONG: sidecar(LONG, taken=_at("2020-01-05T18:00:00"), place=RIO),
        "shared.heic": Item(sidecar("shared.heic", taken=_at("2020-06-06T12:00:00")), make("jpeg", 66)),
        "tiny.avif": sidecar("tiny.avif", taken=_at("2020-07-07T12:00:00"), place=PARIS),
        "damaged.jpg": Item(sidecar("damaged.jpg", taken=_at("2020-08-08T12:00:00")), make("jpeg", 8)[:120]),
    }


def _album() -> Files:
    fields = sidecar(LONG, taken=_at("2020-01-05T18:00:00"), place=RIO)
    return {
        "metadata.json": {"title": "Rio 🏖", "description": "Two weeks", "access": "protected"},
        LONG: Item(fields, make("jpeg", 60)),
        "sugarloaf.jpg": sidecar(
            "sugarloaf.jpg", taken=_at("2020-01-06T18:00:00"), place=RIO, people=["Zoë"], favorited=True
        ),
    }
