"""The built-in plugin `write`: common formats natively, ExifTool where it is there, and XMP files for the rest."""

from __future__ import annotations

from collections.abc import Iterator

from pef_tui.exiftool.locate import locate
from pef_tui.hooks import Writer, hookimpl
from pef_tui.settings import Settings
from pef_tui.write.exiftool_writer import exiftool_writer
from pef_tui.write.native.writer import native_writer
from pef_tui.write.xmp_writer import xmp_writer


@hookimpl
def pef_writers(settings: Settings) -> Iterator[Writer]:
    """`native` for formats it knows, `exiftool` for sound files it can write, `xmp` for the rest, by `--writer`."""
    if settings.existing != "never":
        if settings.writer != "exiftool":
            yield native_writer()
        if settings.writer != "native" and (found := locate(settings.exiftool)).usable:
            yield exiftool_writer(found.path, raw=settings.raw == "embed", beside=settings.xmp != "never")
    if settings.xmp != "never":
        yield xmp_writer(every=True)
