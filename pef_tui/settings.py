"""Every setting, once: flags, environment variables and configuration keys all come from these fields.

The name of a field is its key in `config.toml`; `PEF_TUI_` + the name in capitals is its environment variable; `--` + the name
with dashes is its flag.
"""

from __future__ import annotations

import os
from typing import Annotated, Literal

from msgspec import Meta, Struct

Existing = Literal["fill", "overwrite", "never"]


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """What a run does. Lists are tuples; paths are as the user gave them."""

    sources: tuple[str, ...] = ()
    output: Annotated[str, Meta(description="output folder, new or existing (default: the source's path plus -fixed)")] = ""
    dry_run: Annotated[bool, Meta(description="plan everything, write nothing anywhere")] = False
    existing: Annotated[
        Existing,
        Meta(description="the file already has the value: keep it (fill), replace it, or never write into files, only XMP"),
    ] = "fill"
    timezone: Annotated[str, Meta(description="IANA zone for pictures whose zone nothing else tells")] = ""
    unmatched: Annotated[Literal["copy", "skip"], Meta(description="media without a sidecar")] = "copy"
    extensions: Annotated[
        Literal["fix", "keep"], Meta(description="a JPEG called .heic gets its right name")
    ] = "fix"
    xmp: Annotated[
        Literal["auto", "always", "never"],
        Meta(description="XMP files photo.jpg.xmp: where the file cannot hold tags, always, never"),
    ] = "auto"
    writer: Annotated[Literal["auto", "exiftool"], Meta(description="who writes into files")] = "auto"
    workers: Annotated[int, Meta(ge=0, le=256, description="parallel writers (default 0: number of processors)")] = 0
    only: Annotated[Literal["", "photo", "video"], Meta(description="only pictures or only videos")] = ""
    album: Annotated[tuple[str, ...], Meta(description="only folders whose name fits GLOB")] = ()
    include: Annotated[tuple[str, ...], Meta(description="only files whose path fits GLOB")] = ()
    exclude: Annotated[tuple[str, ...], Meta(description="no files whose path fits GLOB")] = ()
    since: Annotated[str, Meta(description="only what was taken on DATE (YYYY-MM-DD) or later")] = ""
    until: Annotated[str, Meta(description="only what was taken on DATE (YYYY-MM-DD) or before")] = ""
    force: Annotated[bool, Meta(description="forget the manifest for this run")] = False
    retry_failed: Annotated[bool, Meta(description="only what failed before")] = False
    exiftool: Annotated[str, Meta(description="path of the ExifTool to use")] = ""
    progress: Annotated[float, Meta(ge=0, description="a full progress line every SECONDS, off a terminal")] = 0
    log: Annotated[str, Meta(description="write a log to FILE")] = ""
    max_errors: Annotated[int, Meta(ge=0, description="stop after N failed files (default 0: never)")] = 0
    plugins: dict[str, object] = {}

    @property
    def worker_count(self) -> int:
        """How many parallel writers: the setting, else one a processor."""
        return self.workers or len(os.sched_getaffinity(0))
