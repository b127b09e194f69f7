"""The built-in plugin `write`: common formats natively, ExifTool where it is there, and XMP files for the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module

from msgspec.structs import replace

from pef_tui.deferred import deferred
from pef_tui.exiftool.locate import locate
from pef_tui.hooks import Writer, hookimpl
from pef_tui.settings import Settings


@hookimpl
def pef_writers(settings: Settings) -> Iterator[Writer]:
    """`native` for formats it knows, `exiftool` for sound files it can write, `xmp` for the rest, by `--writer`."""
    if settings.existing != "never":
        if settings.writer != "exiftool":
            yield _native()
        if settings.writer != "native" and (found := locate(settings.exiftool)).usable:
            yield _exiftool(found.path, settings)
    if settings.xmp != "never":
        yield _late("xmp", 900, lambda: import_module("pef_tui.write.xmp_writer").xmp_writer(every=True))


def _native() -> Writer:
    module = "pef_tui.write.native.writer"

    def made() -> Writer:
        writer: Writer = import_module(module).native_writer()
        return writer

    return replace(
        _late("native", 100, made), compose=deferred(module, "compose"), fit=deferred(module, "fit")
    )


def _exiftool(path: str, settings: Settings) -> Writer:
    def made() -> Writer:
        room = import_module("pef_tui.write.exiftool_writer")
        writer: Writer = room.exiftool_writer(
            path, raw=settings.raw == "embed", beside=settings.xmp != "never"
        )
        return writer

    return _late("exiftool", 200, made)


def _late(name: str, order: int, make: Callable[[], Writer]) -> Writer:
    """A Writer that is loaded when it is first asked something: a run with nothing to do asks none."""
    made = cache(make)
    return Writer(name, lambda plan: made().accepts(plan), lambda: made().open(), order=order)
