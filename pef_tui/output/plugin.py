"""The built-in plugin `write`: native writers for common formats, ExifTool if installed, and XMP files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module

from msgspec.structs import replace

from pef_tui.exiftool.locate import locate
from pef_tui.hooks import Writer, hookimpl
from pef_tui.lazy import lazy
from pef_tui.settings import Settings


@hookimpl
def pef_writers(settings: Settings) -> Iterator[Writer]:
    """Yield the writers that `--writer`, `--existing` and `--xmp` allow.

    `native` writes the formats that it knows. `exiftool` writes intact files of other formats. `xmp` writes XMP files
    for all others.
    """
    if settings.existing != "never":
        if settings.writer != "exiftool":
            yield _native()
        if settings.writer != "native" and (exiftool := locate(settings.exiftool)).usable:
            yield _exiftool(exiftool.path, settings)
    if settings.xmp != "never":
        yield _lazy_writer(
            "xmp", 900, lambda: import_module("pef_tui.output.xmp_writer").xmp_writer(every=True)
        )


def _native() -> Writer:
    module = "pef_tui.native.writer"

    def open_writer() -> Writer:
        writer: Writer = import_module(module).native_writer()
        return writer

    return replace(
        _lazy_writer("native", 100, open_writer),
        compose=lazy(module, "compose"),
        _compose_aligned=lazy(module, "compose_aligned"),
    )


def _exiftool(path: str, settings: Settings) -> Writer:
    def open_writer() -> Writer:
        module = import_module("pef_tui.output.exiftool_writer")
        writer: Writer = module.exiftool_writer(
            path, raw=settings.raw == "embed", xmp_fallback=settings.xmp != "never"
        )
        return writer

    return _lazy_writer("exiftool", 200, open_writer)


def _lazy_writer(name: str, order: int, make: Callable[[], Writer]) -> Writer:
    """Return a Writer whose module is imported at the first use. A run that writes nothing does not import it.

    `make`: imports the module and returns the writer.
    """
    open_writer = cache(make)
    return Writer(name, lambda plan: open_writer().accepts(plan), lambda: open_writer().open(), order=order)
