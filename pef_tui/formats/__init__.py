"""Detect the format of a file by its content, and list the extensions of each format."""

from pef_tui.formats.detect import HEAD, detect
from pef_tui.formats.table import FORMATS, MEDIA_EXTENSIONS, Class, Format, Kind, by_extension, right_name

__all__ = [
    "FORMATS",
    "HEAD",
    "MEDIA_EXTENSIONS",
    "Class",
    "Format",
    "Kind",
    "by_extension",
    "detect",
    "right_name",
]
