"""Folders with companions: videos of live and motion photos, and edited copies."""

from __future__ import annotations

from match_cases import Case, card

NAMES = (
    ("IMG_1.JP2", True),
    ("IMG_1.PSD", True),
    ("IMG_1.X3F", True),
    ("IMG_1.QQQ", False),
    ("IMG_1", False),
)
"""Names of pictures, and whether their extension is that of a picture or video."""


def _two_spellings(first: str, is_media: bool) -> Case:
    sidecar = f"{first}.supplemental-metadata.json"
    return (
        f"a picture whose name has other letters in upper case is no motion video: {first}",
        [first, first.lower()],
        [sidecar],
        {first: (sidecar, "exact", "")} | (dict.fromkeys((first.lower(),)) if is_media else {}),
    )


COMPANION_CASES: list[Case] = [
    *(_two_spellings(first, is_media) for first, is_media in NAMES),
    (
        "a picture of any format is no motion video of a still with its name and another extension",
        ["I.jp2", "I.jp2.jpg", "I.psd", "I.psd.jpg"],
        ["I.jp2.jpg.json", "I.psd.jpg.json"],
        {
            "I.jp2": None,
            "I.jp2.jpg": ("I.jp2.jpg.json", "exact", ""),
            "I.psd": None,
            "I.psd.jpg": ("I.psd.jpg.json", "exact", ""),
        },
    ),
    (
        "live photos, counted; a film without a still stays without",
        ["I.HEIC", "I.mp4", "I(1).HEIC", "I(1).mp4", "I(2).mp4"],
        ["I.HEIC.json", card("I.HEIC(1).json", "I.HEIC")],
        {
            "I.HEIC": ("I.HEIC.json", "exact", ""),
            "I.mp4": ("I.HEIC.json", "live", "I.HEIC"),
            "I(1).HEIC": ("I.HEIC(1).json", "exact", ""),
            "I(1).mp4": ("I.HEIC(1).json", "live", "I(1).HEIC"),
            "I(2).mp4": None,
        },
    ),
    (
        "two stills of one stem: the HEIC is the live one",
        ["I.HEIC", "I.JPG", "I.MOV"],
        ["I.HEIC.json", "I.JPG.json"],
        {
            "I.HEIC": ("I.HEIC.json", "exact", ""),
            "I.JPG": ("I.JPG.json", "exact", ""),
            "I.MOV": ("I.HEIC.json", "live", "I.HEIC"),
        },
    ),
    (
        "two films for the one sidecar of a still that is not there",
        ["I.MP4", "I.MOV"],
        ["I.HEIC.json"],
        {"I.MP4": None, "I.MOV": None},
    ),
    (
        "a film with a sidecar of its own keeps it, and is told its still",
        ["I.HEIC", "I.MP4", "D.JPG", "D.MOV", "E.JPG", "E.MOV"],
        [
            "I.HEIC.json",
            "I.MP4.json",
            card("D.JPG.json", taken=100),
            card("D.MOV.json", taken=102),
            card("E.JPG.json", taken=100),
            card("E.MOV.json", taken=200),
        ],
        {
            "I.HEIC": ("I.HEIC.json", "exact", ""),
            "I.MP4": ("I.MP4.json", "exact", "I.HEIC"),
            "D.JPG": ("D.JPG.json", "exact", ""),
            "D.MOV": ("D.MOV.json", "exact", "D.JPG"),
            "E.JPG": ("E.JPG.json", "exact", ""),
            "E.MOV": ("E.MOV.json", "exact", ""),
        },
    ),
    (
        "a live film cut at another length than its still",
        ["x" * 46 + ".HEIC", "x" * 47 + ".MOV"],
        [card("x" * 46 + ".json", "x" * 50 + ".HEIC")],
        {
            "x" * 46 + ".HEIC": ("x" * 46 + ".json", "exact", ""),
            "x" * 47 + ".MOV": ("x" * 46 + ".json", "live", "x" * 46 + ".HEIC"),
        },
    ),
    (
        "motion films under names that are no media names",
        [
            "P.MP.jpg",
            "P.MP",
            "P.MP(1).jpg",
            "P(1).MP",
            "Q.MP~2.jpg",
            "Q.MP~2",
            "MVIMG_1.jpg",
            "MVIMG_1",
            "R.MP",
        ],
        [
            "P.MP.jpg.json",
            card("P.MP.jpg(1).json", "P.MP.jpg"),
            "Q.MP~2.jpg.json",
            "MVIMG_1.jpg.json",
            "R.MP.jpg.json",
        ],
        {
            "P.MP.jpg": ("P.MP.jpg.json", "exact", ""),
            "P.MP": ("P.MP.jpg.json", "motion", "P.MP.jpg"),
            "P.MP(1).jpg": ("P.MP.jpg(1).json", "exact", ""),
            "P(1).MP": ("P.MP.jpg(1).json", "motion", "P.MP(1).jpg"),
            "Q.MP~2.jpg": ("Q.MP~2.jpg.json", "exact", ""),
            "Q.MP~2": ("Q.MP~2.jpg.json", "motion", "Q.MP~2.jpg"),
            "MVIMG_1.jpg": ("MVIMG_1.jpg.json", "exact", ""),
            "MVIMG_1": ("MVIMG_1.jpg.json", "motion", "MVIMG_1.jpg"),
            "R.MP": ("R.MP.jpg.json", "motion", ""),
        },
    ),
    (
        "copies made in the phone are pictures of their own",
        ["X.jpg", "X~2.jpg", "X~3.jpg"],
        ["X.jpg.json", card("X~2.json", "X~2.jpg")],
        {
            "X.jpg": ("X.jpg.json", "exact", ""),
            "X~2.jpg": ("X~2.json", "title", ""),
            "X~3.jpg": None,
        },
    ),
    (
        "edited copies: counted, localized, of a HEIC, without the picture",
        [
            "a.jpg",
            "a(1).jpg",
            "a-edited.jpg",
            "a-bearbeitet(1).jpg",
            "h.HEIC",
            "h-edited.jpg",
            "n-ha editado(5).jpg",
        ],
        ["a.jpg.json", card("a.jpg(1).json", "a.jpg"), "h.HEIC.json", "n.jpg.json"],
        {
            "a.jpg": ("a.jpg.json", "exact", ""),
            "a(1).jpg": ("a.jpg(1).json", "exact", ""),
            "a-edited.jpg": ("a.jpg.json", "edited", "a.jpg"),
            "a-bearbeitet(1).jpg": ("a.jpg(1).json", "edited", "a(1).jpg"),
            "h.HEIC": ("h.HEIC.json", "exact", ""),
            "h-edited.jpg": ("h.HEIC.json", "edited", "h.HEIC"),
            "n-ha editado(5).jpg": ("n.jpg.json", "edited", ""),
        },
    ),
    (
        "a copy of a copy has its extension",
        ["a.jpg", "a.png", "a-edited.png", "a-edited-edited.jpg", "a-edited-edited.png"],
        ["a.jpg.json", "a.png.json"],
        {
            "a.jpg": ("a.jpg.json", "exact", ""),
            "a.png": ("a.png.json", "exact", ""),
            "a-edited.png": ("a.png.json", "edited", "a.png"),
            "a-edited-edited.jpg": None,
            "a-edited-edited.png": ("a.png.json", "edited", "a.png"),
        },
    ),
    (
        "an edited copy of a counted picture without sidecar gets nothing",
        ["a.jpg", "a(1).jpg", "a-edited(1).jpg"],
        ["a.jpg.json"],
        {"a.jpg": ("a.jpg.json", "exact", ""), "a(1).jpg": None, "a-edited(1).jpg": None},
    ),
]
