"""Folders of exports, and the sidecar that belongs to each of their pictures. Companions: `companion_cases.py`."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from pathlib import Path

from pef_tui.formats.table import MEDIA_EXTENSIONS
from pef_tui.model import Album, Folder, JsonFile, Match, MediaFile, Sidecar, Timestamp
from pef_tui.takeout.matcher import match_folder


def media(name: str, root: int = 0) -> MediaFile:
    return MediaFile(root, f"F/{name}", 1, 0)


def card(name: str, title: str | None = None, root: int = 0, taken: int | None = None) -> JsonFile:
    moment = zlib.crc32(name.encode("utf-8", "surrogatepass")) if taken is None else taken
    report = Sidecar(
        title=title if title is not None else _title(name), photo_taken_time=Timestamp(str(moment))
    )
    return JsonFile(root, f"F/{name}", 1, 0, "sidecar", report)


def _title(name: str) -> str:
    return name.removesuffix(".json").removesuffix(".supplemental-metadata")


def album(name: str, title: str) -> JsonFile:
    return JsonFile(0, f"F/{name}", 1, 0, "album", album=Album(title=title))


def folder(files: Iterable[MediaFile], cards: Iterable[JsonFile]) -> Folder:
    listing = sorted(files, key=lambda file: (file.name, file.root, file.path))
    known_values = [file for file in listing if Path(file.name).suffix.lower() in MEDIA_EXTENSIONS]
    return Folder(
        "F",
        tuple(known_values),
        tuple(sorted(cards, key=lambda file: (file.name, file.root, file.path))),
        tuple(file for file in listing if file not in known_values),
    )


def matches(files: Iterable[str], cards: Iterable[JsonFile | str]) -> dict[str, Match]:
    known_values = (file if isinstance(file, JsonFile) else card(file) for file in cards)
    result = list(match_folder(folder(map(media, files), known_values)))
    assert len({match.media for match in result}) == len(result)
    return {match.media.name: match for match in result}


LONG = "Screenshot_2022-10-28-09-31-43-118_com.snapchat_and_more.jpg"
ORIGINAL = "original_1d4caa6f-16c6-4c3d-901b-9387de10e528_"

BURST = "Backyard_ceremony_wedding_photography_location_by_the_lake-0"


def burst(*numbers: int) -> list[JsonFile | str]:
    """Return sidecars whose long titles are equal after cutting."""
    return [
        card(f"{BURST[:46]}{f'({place})' if place else ''}.json", f"{BURST}{number}.jpg")
        for place, number in enumerate(numbers)
    ]


Case = tuple[str, list[str], list[JsonFile | str], dict[str, tuple[str, str, str] | None]]
"""What is tested; media; sidecars; and for each media file (sidecar, rule, main file) or None."""

CASES: list[Case] = [
    (
        "counters are identity",
        ["a.jpg", "a(1).jpg", "a(2).jpg"],
        ["a.jpg.json", card("a.jpg(1).json", "a.jpg")],
        {"a.jpg": ("a.jpg.json", "exact", ""), "a(1).jpg": ("a.jpg(1).json", "exact", ""), "a(2).jpg": None},
    ),
    (
        "old and new naming, both cut",
        ["Screenshot_2022-10-28-09-31-43-118_com.snapchat.jpg", "Screenshot_20231027_123303_Facebook(1).jpg"],
        [
            card("Screenshot_2022-10-28-09-31-43-118_com.snapcha.json", LONG),
            card(
                "Screenshot_20231027_123303_Facebook.jpg.supple(1).json",
                "Screenshot_20231027_123303_Facebook.jpg",
            ),
        ],
        {
            "Screenshot_2022-10-28-09-31-43-118_com.snapchat.jpg": (
                "Screenshot_2022-10-28-09-31-43-118_com.snapcha.json",
                "exact",
                "",
            ),
            "Screenshot_20231027_123303_Facebook(1).jpg": (
                "Screenshot_20231027_123303_Facebook.jpg.supple(1).json",
                "exact",
                "",
            ),
        },
    ),
    (
        "a file whose name is no media name",
        ["README", "notes.txt"],
        ["README.json"],
        {"README": ("README.json", "exact", "")},
    ),
    (
        "the title differs: the JSON's file name wins over the title",
        ["PXL_1.jpg", "TST_1.jpg"],
        [card("PXL_1.jpg.json", "TST_1.jpg"), card("TST_1.jpg.json", "TST_1.jpg")],
        {"PXL_1.jpg": ("PXL_1.jpg.json", "json-name", ""), "TST_1.jpg": ("TST_1.jpg.json", "exact", "")},
    ),
    (
        "a cut JSON name, another title",
        ["x" * 47 + ".jpg"],
        [card("x" * 46 + ".json", "another.jpg")],
        {"x" * 47 + ".jpg": ("x" * 46 + ".json", "json-name", "")},
    ),
    (
        "the title where the JSON's name leads nowhere",
        ["img.jpg"],
        [card("some other name.json", "img.jpg")],
        {"img.jpg": ("some other name.json", "title", "")},
    ),
    (
        "decomposed on disk, composed in the JSON",
        ["Cafe\u0301.jpg", "Cafe\u0301-edited.jpg"],
        ["Caf\xe9.jpg.json"],
        {
            "Cafe\u0301.jpg": ("Caf\xe9.jpg.json", "unicode", ""),
            "Cafe\u0301-edited.jpg": ("Caf\xe9.jpg.json", "edited", "Cafe\u0301.jpg"),
        },
    ),
    (
        "capital letters",
        ["IMG_4081(1).jpg"],
        [card("IMG_4081.JPG(1).json", "IMG_4081.JPG")],
        {"IMG_4081(1).jpg": ("IMG_4081.JPG(1).json", "case", "")},
    ),
    (
        "capital letters, two candidates",
        ["img.jpg", "Img.jpg"],
        ["IMG.jpg.json"],
        {"img.jpg": None, "Img.jpg": None},
    ),
    (
        "characters replaced",
        ["Tom _ Jerry_s.jpg"],
        [card("Tom & Jerry's.jpg.json", "Tom &amp; Jerry&#39;s.jpg")],
        {"Tom _ Jerry_s.jpg": ("Tom & Jerry's.jpg.json", "characters", "")},
    ),
    (
        "a title without extension, counted, with its film",
        ["2013-12-23(1).heic", "2013-12-23(1).mp4"],
        [card("2013-12-23.supplemental-metadata(1).json", "2013-12-23")],
        {
            "2013-12-23(1).heic": ("2013-12-23.supplemental-metadata(1).json", "extension-added", ""),
            "2013-12-23(1).mp4": ("2013-12-23.supplemental-metadata(1).json", "live", "2013-12-23(1).heic"),
        },
    ),
    (
        "an extension repaired, its live film",
        ["IMG_2.HEIC.jpg", "IMG_2.MP4"],
        ["IMG_2.HEIC.json"],
        {
            "IMG_2.HEIC.jpg": ("IMG_2.HEIC.json", "extension-added", ""),
            "IMG_2.MP4": ("IMG_2.HEIC.json", "live", "IMG_2.HEIC.jpg"),
        },
    ),
    (
        "another extension",
        ["LIVE_PHOTO.MP4"],
        [card("LIVE_PHOTO.jpeg.json")],
        {"LIVE_PHOTO.MP4": ("LIVE_PHOTO.jpeg.json", "live", "")},
    ),
    (
        "another extension of a still",
        ["b.png"],
        ["b.jpg.json"],
        {"b.png": ("b.jpg.json", "extension-other", "")},
    ),
    (
        "the sidecar of a film is not for the still of its number",
        ["D.JPG", "E.gif"],
        ["D.MOV.json", "E.mp4.json"],
        {"D.JPG": None, "E.gif": ("E.mp4.json", "extension-other", "")},
    ),
    (
        "an edited copy alone, of a title without extension",
        ["Balls-edited.jpg"],
        ["Balls.json"],
        {"Balls-edited.jpg": ("Balls.json", "edited", "")},
    ),
    (
        "a cut suffix counts at the limit only",
        ["y" * 43 + "-edi.jpg", "y" * 43 + ".jpg", "z-edi1.jpg", "z.jpg"],
        [card("y" * 43 + ".jp.json", "y" * 43 + ".jpg"), "z.jpg.json"],
        {
            "y" * 43 + ".jpg": ("y" * 43 + ".jp.json", "exact", ""),
            "y" * 43 + "-edi.jpg": ("y" * 43 + ".jp.json", "edited-cut", "y" * 43 + ".jpg"),
            "z.jpg": ("z.jpg.json", "exact", ""),
            "z-edi1.jpg": None,
        },
    ),
    (
        "edited in a language nobody listed",
        ["a.jpg", "a-szerkesztett.jpg", "a-2nd.jpg", "a-two of them.jpg"],
        ["a.jpg.json"],
        {
            "a.jpg": ("a.jpg.json", "exact", ""),
            "a-szerkesztett.jpg": ("a.jpg.json", "edited-word", "a.jpg"),
            "a-2nd.jpg": None,
            "a-two of them.jpg": None,
        },
    ),
    (
        "a cut name whose counter only the picture has",
        [f"{ORIGINAL}P(1).jpg"],
        [card(f"{ORIGINAL}.json", f"{ORIGINAL}PXL_20220516_164814158.jpg")],
        {f"{ORIGINAL}P(1).jpg": (f"{ORIGINAL}.json", "counter", "")},
    ),
    (
        "an edited copy at the limit of 51 that lost its whole suffix",
        [f"{ORIGINAL}P.jpg", f"{ORIGINAL}P(1).jpg"],
        [card(f"{ORIGINAL}.json", f"{ORIGINAL}PXL_20220516_164814158.jpg")],
        {
            f"{ORIGINAL}P.jpg": (f"{ORIGINAL}.json", "exact", ""),
            f"{ORIGINAL}P(1).jpg": (f"{ORIGINAL}.json", "edited-cut", f"{ORIGINAL}P.jpg"),
        },
    ),
    (
        "where a counted sidecar exists, the counted file is another picture",
        [f"{ORIGINAL}P.jpg", f"{ORIGINAL}P(1).jpg"],
        [
            card(f"{ORIGINAL}.json", f"{ORIGINAL}PXL_20220516_164814158.jpg"),
            card(f"{ORIGINAL}(2).json", f"{ORIGINAL}PXL_20220516_164814158.jpg"),
        ],
        {f"{ORIGINAL}P.jpg": (f"{ORIGINAL}.json", "exact", ""), f"{ORIGINAL}P(1).jpg": None},
    ),
    (
        "of two counted files at the limit it is not known which is the copy",
        [f"{ORIGINAL}P.jpg", f"{ORIGINAL}P(1).jpg", f"{ORIGINAL}P(2).jpg"],
        [card(f"{ORIGINAL}.json", f"{ORIGINAL}PXL_20220516_164814158.jpg")],
        {
            f"{ORIGINAL}P.jpg": (f"{ORIGINAL}.json", "exact", ""),
            f"{ORIGINAL}P(1).jpg": None,
            f"{ORIGINAL}P(2).jpg": None,
        },
    ),
    (
        "names that are not cut, sidecars cut and counted",
        [f"{BURST}1.jpg", f"{BURST}2.jpg", f"{BURST}3.jpg"],
        burst(1, 2, 3),
        {
            f"{BURST}1.jpg": (f"{BURST[:46]}.json", "exact", ""),
            f"{BURST}2.jpg": (f"{BURST[:46]}(1).json", "counter", ""),
            f"{BURST}3.jpg": (f"{BURST[:46]}(2).json", "counter", ""),
        },
    ),
    (
        "the same, two of one title: in the order of their counters",
        [f"{BURST}1.jpg", f"{BURST}2.jpg", f"{BURST}2(1).jpg"],
        burst(1, 2, 2),
        {
            f"{BURST}1.jpg": (f"{BURST[:46]}.json", "exact", ""),
            f"{BURST}2.jpg": (f"{BURST[:46]}(1).json", "counter", ""),
            f"{BURST}2(1).jpg": (f"{BURST[:46]}(2).json", "counter", ""),
        },
    ),
    (
        "the same, a picture is missing",
        [f"{BURST}2.jpg", f"{BURST}3.jpg"],
        burst(1, 2, 3),
        {
            f"{BURST}2.jpg": (f"{BURST[:46]}(1).json", "counter", ""),
            f"{BURST}3.jpg": (f"{BURST[:46]}(2).json", "counter", ""),
        },
    ),
    (
        "the same, sidecars are missing: which of two pictures it is cannot be known",
        [f"{BURST}2.jpg", f"{BURST}2(1).jpg"],
        burst(1, 2)[1:],
        {f"{BURST}2.jpg": None, f"{BURST}2(1).jpg": None},
    ),
    (
        "the films of .MV motion photos",
        ["P.MV.jpg", "P.MV", "Q.MV.jpg", "Q.mp4", "R.MV(1).jpg", "R(1).MV"],
        ["P.MV.jpg.json", "Q.MV.jpg.json", card("R.MV.jpg(1).json", "R.MV.jpg")],
        {
            "P.MV.jpg": ("P.MV.jpg.json", "exact", ""),
            "P.MV": ("P.MV.jpg.json", "motion", "P.MV.jpg"),
            "Q.MV.jpg": ("Q.MV.jpg.json", "exact", ""),
            "Q.mp4": ("Q.MV.jpg.json", "motion", "Q.MV.jpg"),
            "R.MV(1).jpg": ("R.MV.jpg(1).json", "exact", ""),
            "R(1).MV": ("R.MV.jpg(1).json", "motion", "R.MV(1).jpg"),
        },
    ),
    (
        "of two stills of one name and two films the second film is of the still that is left",
        ["I.HEIC", "I.JPG", "I.MP4", "I(1).MP4"],
        ["I.HEIC.json", "I.JPG.json"],
        {
            "I.HEIC": ("I.HEIC.json", "exact", ""),
            "I.JPG": ("I.JPG.json", "exact", ""),
            "I.MP4": ("I.HEIC.json", "live", "I.HEIC"),
            "I(1).MP4": ("I.JPG.json", "live", "I.JPG"),
        },
    ),
    (
        "a sidecar counted because another title begins with the same 46 units",
        ["w" * 46 + "a.jpg", "w" * 46 + "b.jpg"],
        [card("w" * 46 + ".json", "w" * 46 + "a.jpg"), card("w" * 46 + "(1).json", "w" * 46 + "b.jpg")],
        {
            "w" * 46 + "a.jpg": ("w" * 46 + ".json", "exact", ""),
            "w" * 46 + "b.jpg": ("w" * 46 + "(1).json", "counter", ""),
        },
    ),
    (
        "cut by another tool, at another length; its edited copy",
        ["v" * 42 + ".jpg", "v" * 42 + "-edited.jpg"],
        [card("v" * 46 + ".json", "v" * 60 + ".jpg")],
        {
            "v" * 42 + ".jpg": ("v" * 46 + ".json", "prefix", ""),
            "v" * 42 + "-edited.jpg": ("v" * 46 + ".json", "edited", "v" * 42 + ".jpg"),
        },
    ),
    (
        "an album's JSON is nobody's sidecar",
        ["metadata.jpg"],
        [album("metadata.json", "metadata.jpg")],
        {"metadata.jpg": None},
    ),
    (
        "old and new naming of one picture from two exports",
        ["a.jpg"],
        [
            card("a.jpg.json", taken=5),
            card("a.jpg.supplemental-metadata.json", taken=5),
        ],
        {"a.jpg": ("a.jpg.json", "exact", "")},
    ),
    (
        "two sidecars of other moments for one picture",
        ["a.jpg"],
        [card("a.jpg.json", taken=5), card("a.jpg.supplemental-metadata.json", taken=6)],
        {"a.jpg": None},
    ),
]
