"""A small picture of the file in focus, in half blocks: two pixels a character, on any terminal with colours.

Needs Pillow (`pip install pef-tui[images]`), which is imported when the first picture is asked for.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, BinaryIO

from msgspec import Struct
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.strip import Strip
from textual.widget import Widget

from pef_tui.errors import RunError
from pef_tui.guard import reason
from pef_tui.hooks import SourceReader
from pef_tui.model import MediaFile
from pef_tui.plugins import PluginHost
from pef_tui.run.sources import as_sources, source_list

LARGEST = 100_000_000
"""Pixels of a picture that is still unpacked."""
HALF = "▀"


class Small(Struct, frozen=True):
    """A picture made small: three bytes a pixel, an even number of lines."""

    width: int
    pixels: bytes

    @property
    def height(self) -> int:
        """Lines of characters."""
        return len(self.pixels) // (self.width * 6)


def lacks(app: App[Any]) -> str:
    """What pictures need and is not there, in words; "" for nothing."""
    if find_spec("PIL") is None:
        return "Pictures need Pillow: pip install 'pef-tui[images]'"
    return "Pictures need colours, which NO_COLOR forbids." if app.no_color else ""


def small(stream: BinaryIO, width: int, height: int) -> Small:
    """The picture upright, to fit into so many characters. Raises whatever Pillow raises at a broken one."""
    from PIL import Image, ImageOps

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(stream) as image:
            if image.width * image.height > LARGEST:
                raise OSError("it has too many pixels")
            image.draft("RGB", (width * 4, height * 8))
            shown = ImageOps.exif_transpose(image).convert("RGB")
    shown.thumbnail((max(width, 1), max(height, 1) * 2))
    even = Image.new("RGB", (shown.width, shown.height + shown.height % 2))
    even.paste(shown)
    return Small(even.width, even.tobytes())


class Opener:
    """Opens files of a preview's sources; not those of tar archives, which are read from the beginning for each."""

    def __init__(self, host: PluginHost) -> None:
        self._host = host
        self._readers: dict[int, SourceReader] | None = None

    def small(self, media: MediaFile, width: int, height: int) -> Small | str:
        """The file as a small picture, or why there is none, in words. Called in a thread."""
        try:
            reader = self._opened().get(media.root)
            if reader is None:
                return "No picture: its source is packed as a whole."
            with reader.open(media.path) as stream:
                return small(stream, width, height)
        except RunError as error:
            return f"No picture: {error}"
        except Exception as error:  # Pillow raises nearly anything at a picture made to break it
            return f"No picture: {reason(error)}"

    def _opened(self) -> dict[int, SourceReader]:
        if self._readers is None:
            scanners = [scanner for _, scanner in self._host.collect("pef_scanners")]
            paths = source_list(self._host.settings).paths
            by_name = {scanner.name: scanner for scanner in scanners}
            wanted = [source for source in as_sources(paths, scanners) if source.scanner != "tar"]
            self._readers = {source.root: by_name[source.scanner].open(source) for source in wanted}
        return self._readers


class Thumbnail(Widget):
    """As high as its picture; nothing without one."""

    DEFAULT_CSS = "Thumbnail { height: auto; width: 1fr; display: none; }"

    def __init__(self) -> None:
        super().__init__()
        self._strips: Sequence[Strip] = ()

    def show(self, picture: Small | None) -> None:
        """Show a picture, or none."""
        self._strips = [_line(picture, y) for y in range(picture.height)] if picture is not None else ()
        self.styles.height = len(self._strips)
        self.display = bool(self._strips)
        self.refresh(layout=True)

    def render_line(self, y: int) -> Strip:
        """One line of it."""
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width)


def _line(picture: Small, y: int) -> Strip:
    row = picture.width * 3
    upper, lower = (picture.pixels[start : start + row] for start in (2 * y * row, (2 * y + 1) * row))
    segments = []
    for x in range(0, row, 3):
        style = Style(color=Color.from_rgb(*upper[x : x + 3]), bgcolor=Color.from_rgb(*lower[x : x + 3]))
        segments.append(Segment(HALF, style))
    return Strip(segments, picture.width).simplify()
