"""All supported formats: name, extensions, and which tags ExifTool can write."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Class = Literal["exif", "raw", "quicktime", "xmp", "none"]
"""Tags that ExifTool can write into files of a format.

- `exif`: EXIF and XMP
- `raw`: EXIF and XMP; but the file is an original, so it is not changed
- `quicktime`: QuickTime tags and XMP
- `xmp`: only XMP
- `none`: no tags
"""

Kind = Literal["photo", "video"]


class Format(Struct, frozen=True):
    """A format of pictures or videos."""

    name: str
    """Short name in lower case, such as `jpeg`. Used in `FileMetadata.format` and in statistics."""
    extensions: tuple[str, ...]
    """Every extension of the format in lower case with its dot, such as `.jpg`, the usual one first.

    Empty if the content does not show the format well enough to rename the file (raw pictures of unknown makers).
    """
    cls: Class
    kind: Kind
    words: str
    """Name for messages, such as "JPEG picture"."""


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
"""Every format, by `Format.name`."""

# Extensions of the videos of Pixel motion photos. An export has such a video beside its picture: PXL_1.MP beside
# PXL_1.MP.jpg, PXL_1.MP~2 beside PXL_1.MP~2.jpg.
_MOTION_VIDEO_EXTENSIONS = frozenset({".mp", ".mv", *(f".mp~{copy}" for copy in range(2, 10))})

# Extensions of raw pictures whose maker `detect` does not recognise. By content, their format is "raw" or TIFF.
_OTHER_RAW_EXTENSIONS = frozenset(
    (".iiq", ".cap", ".eip", ".mos", ".mef", ".bay", ".mdc", ".pxn", ".obm", ".ari")
)


def _formats_by_extension() -> dict[str, Format]:
    """Return one format for each extension. It is the first format that lists the extension, the most frequent one."""
    formats = {format.extensions[0]: format for format in reversed(FORMATS.values()) if format.extensions}
    for format in FORMATS.values():
        for extension in format.extensions:
            formats.setdefault(extension, format)
    return (
        formats
        | dict.fromkeys(_OTHER_RAW_EXTENSIONS, FORMATS["raw"])
        | dict.fromkeys(_MOTION_VIDEO_EXTENSIONS, FORMATS["mp4"])
    )


_BY_EXTENSION = _formats_by_extension()

MEDIA_EXTENSIONS: frozenset[str] = frozenset(_BY_EXTENSION)
"""Every known extension of a picture or video, in lower case with its dot."""


def by_extension(name: str) -> Format | None:
    """Return the format for the extension of the file name `name`; None if it has no known extension."""
    return _BY_EXTENSION.get(name[name.rfind(".") :].lower())


def extensions_of(kind: Kind) -> frozenset[str]:
    """Return the extensions of all formats of a kind, in lower case, with the dot."""
    return frozenset(extension for extension, format in _BY_EXTENSION.items() if format.kind == kind)


def right_name(name: str, format: Format) -> str:
    """Return the file name `name` with an extension that fits `format`.

    - A name that fits is unchanged, also its case.
    - A wrong media extension is replaced: `a.heic` -> `a.jpg` for a JPEG.
    - Any other text after the last dot belongs to the name: `PXL_1.MP` (the video of `PXL_1.MP.jpg`) -> `PXL_1.MP.mp4`.
    - A name with the extension of a raw format is unchanged if `format` is TIFF. Many raw formats are based on TIFF,
      and `detect` returns TIFF if the first directory is too far from the beginning of the file.
    """
    stem, dot, last = name.rpartition(".")
    extension = (dot + last).lower()
    expected = _BY_EXTENSION.get(extension) if dot else None
    if not format.extensions or extension in format.extensions:
        return name
    if format.name == "tiff" and expected and (expected.cls == "raw" or expected.name == "dng"):
        return name
    if stem and expected and extension not in _MOTION_VIDEO_EXTENSIONS:
        return stem + format.extensions[0]
    return name + format.extensions[0]
