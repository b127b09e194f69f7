"""Every format handled: its name, its extensions, which tags it takes."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Class = Literal["exif", "raw", "quicktime", "xmp", "none"]
"""Which tags ExifTool can put into a file: EXIF and XMP; the same, but the file is an original that is left
alone (`raw`); QuickTime and XMP; XMP only; none."""

Kind = Literal["photo", "video"]


class Format(Struct, frozen=True):
    """One format of pictures or films."""

    name: str
    """Short and lower case, as it appears in `State.format` and in statistics."""
    extensions: tuple[str, ...]
    """Every extension that fits, lower case with its dot, the usual one first; empty where the content does
    not say enough to name the file (raw pictures of makers not known here)."""
    cls: Class
    kind: Kind
    words: str
    """For people: "JPEG picture"."""


_ROWS: dict[tuple[Class, Kind], dict[str, tuple[str, str]]] = {
    ("exif", "photo"): {
        "jpeg": (".jpg .jpeg .jpe .jfif .mpo .jps .insp", "JPEG picture"),
        "tiff": (".tif .tiff", "TIFF picture"),
        "dng": (".dng .gpr", "DNG raw picture"),
        "psd": (".psd .psb", "Photoshop picture"),
        "jp2": (".jp2 .jpx .jpf .jpm", "JPEG 2000 picture"),
        "heic": (".heic .heif .hif .heics .heifs", "HEIC picture"),
        "heif": (".heif .heic .hif .heics .heifs", "HEIF picture"),
        "avif": (".avif .avifs", "AVIF picture"),
        "webp": (".webp", "WebP picture"),
        "png": (".png .apng", "PNG picture"),
        "jxl": (".jxl", "JPEG XL picture"),
        "cr3": (".cr3", "Canon raw picture"),
    },
    ("raw", "photo"): {
        "cr2": (".cr2", "Canon raw picture"),
        "nef": (".nef .nrw", "Nikon raw picture"),
        "arw": (".arw .sr2 .srf", "Sony raw picture"),
        "raf": (".raf", "Fujifilm raw picture"),
        "rw2": (".rw2 .rwl .raw", "Panasonic raw picture"),
        "orf": (".orf .ori", "Olympus raw picture"),
        "pef": (".pef .ptx", "Pentax raw picture"),
        "srw": (".srw", "Samsung raw picture"),
        "3fr": (".3fr .fff", "Hasselblad raw picture"),
        "dcr": (".dcr .kdc .dcs .k25 .drf", "Kodak raw picture"),
        "erf": (".erf", "Epson raw picture"),
        "mrw": (".mrw", "Minolta raw picture"),
        "x3f": (".x3f", "Sigma raw picture"),
        "raw": ("", "raw picture"),
    },
    ("xmp", "photo"): {
        "gif": (".gif", "GIF picture"),
        "crw": (".crw", "Canon raw picture"),
    },
    ("none", "photo"): {
        "bmp": (".bmp .dib", "BMP picture"),
        "ico": (".ico", "icon"),
        "jxl-bare": (".jxl", "JPEG XL picture without container"),
        "j2c": (".j2c .j2k .jpc", "JPEG 2000 picture without container"),
    },
    ("quicktime", "video"): {
        "mp4": (".mp4 .m4v .f4v .insv .lrv .360", "MP4 video"),
        "mov": (".mov .qt .mqv", "QuickTime video"),
        "m4v": (".m4v .mp4", "M4V video"),
        "3gp": (".3gp .3gpp .3g2 .mp4", "3GP video"),
        "3g2": (".3g2 .3gp2 .3gp .mp4", "3G2 video"),
    },
    ("none", "video"): {
        "avi": (".avi .divx", "AVI video"),
        "mkv": (".mkv", "Matroska video"),
        "webm": (".webm .mkv", "WebM video"),
        "mpg": (".mpg .mpeg .mpe .m2p .mod .vob", "MPEG video"),
        "m2ts": (".mts .m2ts .m2t .ts .tod", "MPEG transport stream video"),
        "wmv": (".wmv .asf", "Windows Media video"),
        "flv": (".flv", "Flash video"),
    },
}

FORMATS: dict[str, Format] = {
    name: Format(name, tuple(extensions.split()), cls, kind, words)
    for (cls, kind), rows in _ROWS.items()
    for name, (extensions, words) in rows.items()
}
"""Every format by its name."""

# Films of Pixel motion photos, beside their pictures: PXL_1.MP + PXL_1.MP.jpg, PXL_1.MP~2 + PXL_1.MP~2.jpg.
_MOTION_FILMS = frozenset({".mp", ".mv", *(f".mp~{copy}" for copy in range(2, 10))})

# Raw pictures whose maker `detect` does not tell; their content is "raw", or TIFF.
_OTHER_RAWS = frozenset((".iiq", ".cap", ".eip", ".mos", ".mef", ".bay", ".mdc", ".pxn", ".obm", ".ari"))


def _extensions() -> dict[str, Format]:
    """Each extension with the format it means most often: the one that lists it first."""
    found = {each.extensions[0]: each for each in reversed(FORMATS.values()) if each.extensions}
    for each in FORMATS.values():
        for extension in each.extensions:
            found.setdefault(extension, each)
    return found | dict.fromkeys(_OTHER_RAWS, FORMATS["raw"]) | dict.fromkeys(_MOTION_FILMS, FORMATS["mp4"])


_BY_EXTENSION = _extensions()

MEDIA_EXTENSIONS: frozenset[str] = frozenset(_BY_EXTENSION)
"""Every extension that says "this is a picture or a film", lower case with its dot."""


def by_extension(name: str) -> Format | None:
    """The format that a file's name promises; None where its extension is unknown or missing."""
    return _BY_EXTENSION.get(name[name.rfind(".") :].lower())


def right_name(name: str, format: Format) -> str:
    """The name with an extension that fits the format.

    A name that fits already stays as it is, case included. A wrong media extension is replaced (`a.heic` that
    holds a JPEG becomes `a.jpg`). Anything else behind the last dot is part of the name and stays, as in the
    film of a motion photo: beside `PXL_1.MP.jpg`, `PXL_1.MP` becomes `PXL_1.MP.mp4`. A raw picture built on
    TIFF keeps its name where its content says no more than TIFF (its first directory lies too far back).
    """
    stem, dot, last = name.rpartition(".")
    extension = (dot + last).lower()
    promised = _BY_EXTENSION.get(extension) if dot else None
    if not format.extensions or extension in format.extensions:
        return name
    if format.name == "tiff" and promised and (promised.cls == "raw" or promised.name == "dng"):
        return name
    if stem and promised and extension not in _MOTION_FILMS:
        return stem + format.extensions[0]
    return name + format.extensions[0]
