"""Thumbnail of the file in focus, drawn in half blocks: two pixels per character, on any terminal with colours.

Requires Pillow (the extra `images`), which is imported with the first thumbnail.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

from msgspec import Struct
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.strip import Strip
from textual.widget import Widget

from pef_tui.errors import RunError
from pef_tui.hooks import SourceReader
from pef_tui.model import MediaFile
from pef_tui.pipeline.source_args import as_sources, source_list
from pef_tui.plugins.calls import describe_error
from pef_tui.plugins.host import PluginHost

MAX_PIXELS = 100_000_000
"""Maximum number of pixels. A larger picture is not decoded."""
HALF = "▀"
PILLOW = "pillow>=11"
"""The requirement of the extra `images` in `pyproject.toml`."""


class SmallImage(Struct, frozen=True):
    """A small picture: RGB, three bytes for each pixel. The number of pixel rows is even, two for each text line."""

    width: int
    pixels: bytes

    @property
    def height(self) -> int:
        """Number of text lines that the picture needs, which is half the number of pixel rows."""
        return len(self.pixels) // (self.width * 6)


def missing_requirement(app: App[Any]) -> str:
    """Return in words which requirement of thumbnails is missing; "" if none is missing."""
    if find_spec("PIL") is None:
        from pef_tui.doctor.install_command import install_command

        return f"Thumbnails require Pillow: {install_command(PILLOW)}"
    return "Thumbnails require colours, which NO_COLOR disables." if app.no_color else ""


def make_thumbnail(stream: BinaryIO, width: int, height: int) -> SmallImage:
    """Return the picture in `stream`, upright, scaled to fit into `width` x `height` characters.

    Raises OSError if the picture has more than `MAX_PIXELS` pixels, and any exception of Pillow.
    """
    from PIL import Image, ImageOps

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(stream) as image:
            if image.width * image.height > MAX_PIXELS:
                raise OSError("it has too many pixels")
            image.draft("RGB", (width * 4, height * 8))
            upright = ImageOps.exif_transpose(image).convert("RGB")
    upright.thumbnail((max(width, 1), max(height, 1) * 2))
    padded = Image.new("RGB", (upright.width, upright.height + upright.height % 2))
    padded.paste(upright)
    return SmallImage(padded.width, padded.tobytes())


def thumbnail_of(path: str, width: int, height: int) -> SmallImage | str:
    """Return the thumbnail of a file on disk, or in words why there is none. It is called in a thread."""
    try:
        with Path(path).open("rb") as stream:
            return make_thumbnail(stream, width, height)
    except Exception as error:  # Pillow raises almost any exception for crafted pictures
        return f"No thumbnail: {describe_error(error)}"


class ThumbnailReader:
    """Makes thumbnails of files in the sources.

    Files in tar archives get no thumbnails, because a tar archive must be read from its start to find a file.
    """

    def __init__(self, host: PluginHost) -> None:
        self._host = host
        self._readers: dict[int, SourceReader] | None = None

    def thumbnail(self, media: MediaFile, width: int, height: int) -> SmallImage | str:
        """Return the thumbnail of a file, or in words why there is none. It is called in a thread."""
        try:
            reader = self._source_readers().get(media.root)
            if reader is None:
                return "No thumbnail: the file is in a tar archive."
            with reader.open(media.path) as stream:
                return make_thumbnail(stream, width, height)
        except RunError as error:
            return f"No thumbnail: {error}"
        except Exception as error:  # Pillow raises almost any exception for crafted pictures
            return f"No thumbnail: {describe_error(error)}"

    def _source_readers(self) -> dict[int, SourceReader]:
        if self._readers is None:
            scanners = [scanner for _, scanner in self._host.collect("pef_scanners")]
            paths = source_list(self._host.settings).paths
            by_name = {scanner.name: scanner for scanner in scanners}
            seekable = [source for source in as_sources(paths, scanners) if source.scanner != "tar"]
            self._readers = {source.root: by_name[source.scanner].open(source) for source in seekable}
        return self._readers


class Thumbnail(Widget):
    """Shows a small picture. The widget is as high as the picture, and takes no space without a picture."""

    DEFAULT_CSS = "Thumbnail { height: auto; width: 1fr; display: none; }"

    def __init__(self) -> None:
        super().__init__()
        self._strips: Sequence[Strip] = ()

    def show(self, picture: SmallImage | None) -> None:
        """Show a picture; None to show nothing."""
        self._strips = (
            [thumbnail_line(picture, y) for y in range(picture.height)] if picture is not None else ()
        )
        self.styles.height = len(self._strips)
        self.display = bool(self._strips)
        self.refresh(layout=True)

    def render_line(self, y: int) -> Strip:
        """Return one line of the picture."""
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width)


def thumbnail_line(picture: SmallImage, y: int) -> Strip:
    """Return one text line of a picture, which has two pixel rows."""
    row = picture.width * 3
    upper, lower = (picture.pixels[start : start + row] for start in (2 * y * row, (2 * y + 1) * row))
    segments = []
    for x in range(0, row, 3):
        style = Style(color=Color.from_rgb(*upper[x : x + 3]), bgcolor=Color.from_rgb(*lower[x : x + 3]))
        segments.append(Segment(HALF, style))
    return Strip(segments, picture.width).simplify()
