"""The built-in plugin `write`: ExifTool where it is there, and XMP files for what it cannot or must not write."""

from __future__ import annotations

from collections.abc import Iterator

from pef_tui.exiftool.locate import locate
from pef_tui.hooks import Writer, hookimpl
from pef_tui.settings import Settings
from pef_tui.write.exiftool_writer import exiftool_writer
from pef_tui.write.xmp_writer import xmp_writer


@hookimpl
def pef_writers(settings: Settings) -> Iterator[Writer]:
    """`exiftool` for sound files it can write, `xmp` for every other."""
    if settings.existing != "never":
        found = locate(settings.exiftool)
        if found.usable:
            yield exiftool_writer(found.path, beside=settings.xmp != "never")
    if settings.xmp != "never":
        yield xmp_writer(every=True)
