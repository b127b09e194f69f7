"""Every setting, once: flags, environment variables and configuration keys all come from these fields.

The name of a field is its key in `config.toml`; `PEF_TUI_` + the name in capitals is its environment
variable; `--` + the name with dashes is its flag.
"""

from __future__ import annotations

import os
from typing import Annotated, Literal

from msgspec import Meta, Struct

Existing = Literal["fill", "overwrite", "never"]

TAGS_BY_DEFAULT = ("dates", "gps", "people", "text", "favourites")
TAGS_ON_DEMAND = ("archived", "trashed", "link")


def wanted_tags(tags: str) -> frozenset[str]:
    """The mappers that `--tags` leaves on. Raises ValueError, in one line, for what it does not know."""
    wanted = set(TAGS_BY_DEFAULT)
    for word in filter(None, (part.strip() for part in tags.split(","))):
        name = word.lstrip("+-")
        if word[0] not in "+-" or name not in TAGS_BY_DEFAULT + TAGS_ON_DEMAND:
            known = ", ".join(TAGS_BY_DEFAULT + TAGS_ON_DEMAND)
            raise ValueError(f"+ or - and one of {known}, separated by commas, not {word!r}")
        (wanted.add if word[0] == "+" else wanted.discard)(name)
    return frozenset(wanted)


def setting(
    text: str,
    short: str = "",
    metavar: str = "",
    shapes: bool = False,
    ge: int | None = None,
    le: int | None = None,
) -> Meta:
    """What a field tells of itself: its line of help, its short flag, what its value is called there.

    `shapes`: the value decides what is put into the output, so a change of it makes a later run plan again.
    """
    return Meta(description=text, ge=ge, le=le, extra={"short": short, "metavar": metavar, "shapes": shapes})


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """What a run does. Lists are tuples; paths are as the user gave them."""

    sources: Annotated[
        tuple[str, ...], setting("folders of the export, or its archive parts", metavar="SOURCE")
    ] = ()
    batch: Annotated[bool, setting("no screen, no prompt, ever")] = False
    output: Annotated[
        str,
        setting("output folder, new or existing (default: the source's path plus -fixed)", "-o", "DEST"),
    ] = ""
    dry_run: Annotated[bool, setting("plan everything, write nothing anywhere", "-n")] = False
    json: Annotated[bool, setting("JSON lines on standard output")] = False
    in_place: Annotated[
        bool, setting("write into the media under SOURCE, keeping what --undo needs", shapes=True)
    ] = False
    hard_links: Annotated[
        Literal["refuse", "replace"],
        setting("in place, media with other names: left alone (default), or replaced under this name"),
    ] = "refuse"
    symlinks: Annotated[
        Literal["refuse", "replace"],
        setting(
            "in place, symbolic links to media outside SOURCE: left alone (default), or each replaced by a written copy"
        ),
    ] = "refuse"
    existing: Annotated[
        Existing,
        setting(
            "where the file has a value: keep it (fill, the default), replace it, or only write XMP files",
            shapes=True,
        ),
    ] = "fill"
    decisions: Annotated[
        str, setting("what a person decided on conflicts (JSON or TOML)", metavar="FILE")
    ] = ""
    tags: Annotated[
        str,
        setting(
            "leave out tags (-dates, -gps, -people, -text, -favourites) or add some (+archived, +trashed, +link), "
            "as in --tags=-people,+link",
            metavar="-NAME,+NAME",
            shapes=True,
        ),
    ] = ""
    timezone: Annotated[
        str,
        setting("IANA zone for pictures whose zone nothing else tells", metavar="ZONE", shapes=True),
    ] = ""
    dates_from_names: Annotated[
        bool,
        setting(
            "write the date in a file's name where neither a sidecar nor the file tells one", shapes=True
        ),
    ] = False
    unmatched: Annotated[
        Literal["copy", "skip"], setting("media without a sidecar (default copy)", shapes=True)
    ] = "copy"
    extensions: Annotated[
        Literal["fix", "keep"], setting("a JPEG called .heic gets its right name (default fix)", shapes=True)
    ] = "fix"
    albums: Annotated[
        Literal["folder", "link", "tag", "none"],
        setting(
            "a picture that is in an album too: a copy in each folder (default), a link, an album tag on one copy, "
            "or one copy",
            shapes=True,
        ),
    ] = "folder"
    layout: Annotated[
        str,
        setting(
            "where outputs go, as in {year}/{month}/{name} (default: the export's own folders)",
            metavar="TEMPLATE",
            shapes=True,
        ),
    ] = ""
    xmp: Annotated[
        Literal["auto", "always", "never"],
        setting("XMP files photo.jpg.xmp: where the file cannot hold tags (auto, the default)", shapes=True),
    ] = "auto"
    raw: Annotated[
        Literal["xmp", "embed"],
        setting("raw pictures: tags go into an XMP file (default), or into them", shapes=True),
    ] = "xmp"
    xmp_name: Annotated[
        Literal["long", "short"],
        setting("XMP files are called photo.jpg.xmp (long, the default) or photo.xmp (short)", shapes=True),
    ] = "long"
    writer: Annotated[
        Literal["auto", "native", "exiftool"],
        setting(
            "who writes into files (default auto: common formats natively, ExifTool the rest)", shapes=True
        ),
    ] = "auto"
    workers: Annotated[
        int, setting("parallel writers (default 0: the number of processors)", metavar="N", ge=0, le=256)
    ] = 0
    executor: Annotated[
        str,
        setting(
            "where files are written: threads, processes, a plugin's by NAME, or auto (default: processes where a run "
            "is large)",
            metavar="NAME",
        ),
    ] = "auto"
    unpack_ratio: Annotated[
        int,
        setting(
            "how many times its packed size what an archive holds may have (default 20), some hundred MB aside",
            metavar="N",
            ge=1,
            le=10_000,
        ),
    ] = 20
    only: Annotated[Literal["", "photo", "video"], setting("only pictures or only videos", shapes=True)] = ""
    album: Annotated[
        tuple[str, ...],
        setting("only folders whose name fits GLOB (repeatable)", metavar="GLOB", shapes=True),
    ] = ()
    skip: Annotated[
        tuple[str, ...],
        setting("leave out trash, archive or locked (repeatable)", metavar="WHAT", shapes=True),
    ] = ()
    include: Annotated[
        tuple[str, ...], setting("only files whose path fits GLOB (repeatable)", metavar="GLOB", shapes=True)
    ] = ()
    exclude: Annotated[
        tuple[str, ...], setting("no files whose path fits GLOB (repeatable)", metavar="GLOB", shapes=True)
    ] = ()
    since: Annotated[
        str, setting("only what was taken on DATE (YYYY-MM-DD) or later", metavar="DATE", shapes=True)
    ] = ""
    until: Annotated[
        str, setting("only what was taken on DATE (YYYY-MM-DD) or before", metavar="DATE", shapes=True)
    ] = ""
    verify: Annotated[
        int,
        setting(
            "read back what was written and compare, all or PERCENT of it", metavar="PERCENT", ge=0, le=100
        ),
    ] = 0
    force: Annotated[bool, setting("forget the manifest for this run")] = False
    retry_failed: Annotated[bool, setting("only what failed before")] = False
    report: Annotated[
        str, setting("write a report of the run to FILE.html, for a browser", metavar="FILE")
    ] = ""
    profile: Annotated[
        str,
        setting("write to FILE where the time went, per stage, writer and format", metavar="FILE"),
    ] = ""
    exiftool: Annotated[str, setting("path of the ExifTool to use", metavar="PATH")] = ""
    progress: Annotated[
        float, setting("a full progress line every SECONDS, off a terminal", metavar="SECONDS", ge=0)
    ] = 0.0
    log: Annotated[str, setting("write a log to FILE", metavar="FILE")] = ""
    max_errors: Annotated[int, setting("stop after N failed files (default 0: never)", metavar="N", ge=0)] = 0
    quiet: Annotated[bool, setting("no progress and no summary, only errors", "-q")] = False
    verbose: Annotated[bool, setting("one line for every picture and video", "-v")] = False
    plugin: Annotated[
        tuple[str, ...],
        setting(
            "load a plugin (NAME, MODULE or FILE.py), or no:NAME to switch one off (repeatable)", "-p", "NAME"
        ),
    ] = ()
    trace_plugins: Annotated[
        bool,
        setting("tell every hook called, and what each registration of a plugin did and how long it took"),
    ] = False
    plain: Annotated[bool, setting("numbered questions instead of screens")] = False
    on_hangup: Annotated[
        Literal["finish", "stop"],
        setting("when the terminal goes away: the run goes on to its end (finish, the default), or stops"),
    ] = "finish"
    theme: Annotated[
        Literal["auto", "dark", "light", "ansi-dark", "ansi-light"],
        setting("colours of the screens (default auto: by what the terminal can)"),
    ] = "auto"
    keys: dict[str, str] = {}
    """The `[keys]` table: other keys for the screens, by the name of what they do."""
    plugins: dict[str, object] = {}
    """The `[plugins.NAME]` tables; once plugins are loaded, each as the plugin's own Struct."""

    @property
    def worker_count(self) -> int:
        """How many parallel writers: the setting, else one a processor."""
        return self.workers or len(os.sched_getaffinity(0))
