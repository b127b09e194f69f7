"""All settings. Flags, environment variables and configuration keys are derived from the fields of `Settings`.

For the field `max_errors`, the key in `config.toml` is `max_errors`, the environment variable is
`PEF_TUI_MAX_ERRORS`, and the flag is `--max-errors`.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from msgspec import Meta, Struct

from pef_tui.suggestions import suggestion
from pef_tui.system_calls import processor_count

Existing = Literal["fill", "overwrite", "never"]
"""What happens if a file has a value already: keep it, replace it, or write only XMP files."""

TAGS_BY_DEFAULT = ("dates", "gps", "people", "text", "favourites")
TAGS_ON_DEMAND = ("archived", "trashed", "link")


def wanted_tags(tags: str) -> frozenset[str]:
    """Return the names of the tag mappers that are active: the default ones, changed by the value `tags` of `--tags`.

    `tags`: `+NAME` or `-NAME`, separated by commas. Raises ValueError, with a message of one line, for any other text
    or an unknown name.
    """
    names = set(TAGS_BY_DEFAULT)
    for word in filter(None, (part.strip() for part in tags.split(","))):
        name = word.lstrip("+-")
        if word[0] not in "+-" or name not in TAGS_BY_DEFAULT + TAGS_ON_DEMAND:
            known = TAGS_BY_DEFAULT + TAGS_ON_DEMAND
            text = f"+ or - and one of {', '.join(known)}, separated by commas, not {word!r}"
            raise ValueError(text + (suggestion(name, known) if name not in known else ""))
        (names.add if word[0] == "+" else names.discard)(name)
    return frozenset(names)


_DURATION = re.compile(r"(?a)(?=.)(?:([\d.]+)d)?(?:([\d.]+)h)?(?:([\d.]+)m)?(?:([\d.]+)s?)?")
_UNITS = (86_400, 3_600, 60, 1)


def duration_seconds(text: str) -> float:
    """Return the seconds of a duration: `90`, `90s`, `30m`, `1h30m` or `2d`; 0 for "".

    Raises ValueError, with a message of one line, for any other text.
    """
    found = _DURATION.fullmatch(text.strip().lower())
    try:
        if text.strip() and found is None:
            raise ValueError
        parts = found.groups() if found is not None else ()
        return float(sum(float(part) * unit for part, unit in zip(parts, _UNITS, strict=False) if part))
    except ValueError:
        raise ValueError(f"a duration such as 90s, 30m or 1h30m, not {text!r}") from None


def setting(
    text: str,
    short: str = "",
    metavar: str = "",
    shapes: bool = False,
    ge: int | None = None,
    le: int | None = None,
    path: bool = False,
) -> Meta:
    """Return the metadata of a setting, for its annotation.

    `text`: help text. `short`: short flag. `metavar`: placeholder for the value in the help (`DEST`). `shapes`: whether
    the value affects the output files, so that a later run with another value plans all files again. `ge`, `le`:
    smallest and largest number. `path`: whether the value is a path, or a list of paths, in which a leading `~` stands
    for the home directory.
    """
    extra = {"short": short, "metavar": metavar, "shapes": shapes, "path": path}
    return Meta(description=text, ge=ge, le=le, extra=extra)


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of a run. Lists are tuples; paths are in the form that the user entered."""

    sources: Annotated[
        tuple[str, ...], setting("folders of the export, or its archive parts", metavar="SOURCE", path=True)
    ] = ()
    batch: Annotated[bool, setting("no screen, no prompt, ever")] = False
    output: Annotated[
        str,
        setting(
            "output folder, new or existing (default: the source's path plus -fixed)", "-o", "DEST", path=True
        ),
    ] = ""
    dry_run: Annotated[bool, setting("plan everything, write nothing anywhere", "-n")] = False
    json: Annotated[bool, setting("JSON lines on standard output")] = False
    in_place: Annotated[
        bool, setting("write into the media files under SOURCE, keep the data for --undo", shapes=True)
    ] = False
    hard_links: Annotated[
        Literal["refuse", "replace"],
        setting("in place, hard-linked media: do not change them (default), or replace them under this name"),
    ] = "refuse"
    symlinks: Annotated[
        Literal["refuse", "replace"],
        setting(
            "in place, symbolic links to media outside SOURCE: do not change them (default), or replace each with a "
            "written copy"
        ),
    ] = "refuse"
    existing: Annotated[
        Existing,
        setting(
            "if the file has a value: keep it (fill, the default), replace it, or write only XMP files",
            shapes=True,
        ),
    ] = "fill"
    decisions: Annotated[str, setting("decisions on conflicts (JSON or TOML)", metavar="FILE", path=True)] = (
        ""
    )
    tags: Annotated[
        str,
        setting(
            "leave out tags (-dates, -gps, -people, -text, -favourites) or add some (+archived, +trashed, +link), "
            "as in --tags -people,+link",
            metavar="-NAME,+NAME",
            shapes=True,
        ),
    ] = ""
    timezone: Annotated[
        str,
        setting("IANA zone for pictures whose zone is otherwise unknown", metavar="ZONE", shapes=True),
    ] = ""
    dates_from_names: Annotated[
        bool,
        setting("write the date in a file's name if neither a sidecar nor the file has one", shapes=True),
    ] = False
    unmatched: Annotated[
        Literal["copy", "skip"],
        setting("copy media without a sidecar (default), or leave them out", shapes=True),
    ] = "copy"
    extensions: Annotated[
        Literal["fix", "keep"],
        setting("give a JPEG called .heic its right extension (default fix)", shapes=True),
    ] = "fix"
    albums: Annotated[
        Literal["folder", "link", "tag", "none"],
        setting(
            "a picture that is also in an album: a copy in each folder (default), a link, an album tag on one copy, "
            "or one copy only",
            shapes=True,
        ),
    ] = "folder"
    layout: Annotated[
        str,
        setting(
            "path of the outputs, as in {year}/{month}/{name} (default: the folders of the export)",
            metavar="TEMPLATE",
            shapes=True,
        ),
    ] = ""
    xmp: Annotated[
        Literal["auto", "always", "never"],
        setting(
            "write XMP files photo.jpg.xmp: if the file cannot hold tags (auto, the default), always or never",
            shapes=True,
        ),
    ] = "auto"
    raw: Annotated[
        Literal["xmp", "embed"],
        setting("write tags of raw pictures into an XMP file (default), or into the pictures", shapes=True),
    ] = "xmp"
    xmp_name: Annotated[
        Literal["long", "short"],
        setting("name XMP files photo.jpg.xmp (long, the default) or photo.xmp (short)", shapes=True),
    ] = "long"
    writer: Annotated[
        Literal["auto", "native", "exiftool"],
        setting(
            "what writes into files (default auto: common formats natively, all others by ExifTool)",
            shapes=True,
        ),
    ] = "auto"
    workers: Annotated[
        int,
        setting(
            "number of parallel writers (default 0: the number of processors)", metavar="N", ge=0, le=256
        ),
    ] = 0
    executor: Annotated[
        str,
        setting(
            "where files are written: threads, processes, a plugin's executor NAME, or auto (default: processes if the "
            "run is large)",
            metavar="NAME",
        ),
    ] = "auto"
    unpack_ratio: Annotated[
        int,
        setting(
            "how many times its packed size the content of an archive may have (default 20), plus some hundred MB",
            metavar="N",
            ge=1,
            le=10_000,
        ),
    ] = 20
    only: Annotated[Literal["", "photo", "video"], setting("only pictures or only videos", shapes=True)] = ""
    album: Annotated[
        tuple[str, ...],
        setting("only folders whose name matches GLOB (repeatable)", metavar="GLOB", shapes=True),
    ] = ()
    skip: Annotated[
        tuple[Literal["trash", "archive", "locked", "partner"], ...],
        setting("leave out trash, archive, locked or partner (repeatable)", shapes=True),
    ] = ()
    include: Annotated[
        tuple[str, ...],
        setting("only files whose path matches GLOB (repeatable)", metavar="GLOB", shapes=True),
    ] = ()
    exclude: Annotated[
        tuple[str, ...], setting("no files whose path matches GLOB (repeatable)", metavar="GLOB", shapes=True)
    ] = ()
    since: Annotated[
        str, setting("only files taken on DATE (YYYY-MM-DD) or later", metavar="DATE", shapes=True)
    ] = ""
    until: Annotated[
        str, setting("only files taken on DATE (YYYY-MM-DD) or earlier", metavar="DATE", shapes=True)
    ] = ""
    verify: Annotated[
        int,
        setting(
            "read back what was written and compare, all or PERCENT of it", metavar="PERCENT", ge=0, le=100
        ),
    ] = 0
    force: Annotated[bool, setting("ignore the manifest in this run: process everything again")] = False
    retry_failed: Annotated[bool, setting("only files that failed before")] = False
    lock_wait: Annotated[
        str,
        setting(
            "if another run uses DEST, wait for its end, at most DURATION (90s, 30m, 1h30m; default: do not wait)",
            metavar="DURATION",
        ),
    ] = ""
    report: Annotated[
        str, setting("write a report of the run to FILE.html, for a browser", metavar="FILE", path=True)
    ] = ""
    metrics: Annotated[
        str,
        setting(
            "with --batch, write the result to FILE for Prometheus (textfile collector of node_exporter)",
            metavar="FILE",
            path=True,
        ),
    ] = ""
    profile: Annotated[
        str,
        setting("write the time per stage, writer and format to FILE", metavar="FILE", path=True),
    ] = ""
    exiftool: Annotated[str, setting("path of the ExifTool to use", metavar="PATH", path=True)] = ""
    progress: Annotated[
        float,
        setting(
            "a full progress line every SECONDS, without a terminal; with --json, a progress object too",
            metavar="SECONDS",
            ge=0,
        ),
    ] = 0.0
    log: Annotated[str, setting("append the log to FILE", metavar="FILE", path=True)] = ""
    max_errors: Annotated[int, setting("stop after N failed files (default 0: never)", metavar="N", ge=0)] = 0
    quiet: Annotated[
        bool, setting("no progress and no summary, only what failed, was lost or was not read", "-q")
    ] = False
    verbose: Annotated[bool, setting("one line for every picture and video", "-v")] = False
    plugin: Annotated[
        tuple[str, ...],
        setting(
            "load a plugin (NAME, MODULE or FILE.py), or no:NAME to disable one (repeatable)",
            "-p",
            "NAME",
            path=True,
        ),
    ] = ()
    no_exiftool_advice: Annotated[
        bool, setting("do not advise to replace an old ExifTool that still works")
    ] = False
    trace_plugins: Annotated[
        bool,
        setting("report every hook call, and the calls and duration of each registration of a plugin"),
    ] = False
    plain: Annotated[bool, setting("numbered questions instead of screens")] = False
    on_hangup: Annotated[
        Literal["finish", "stop"],
        setting("if the terminal is closed: continue the run to its end (finish, the default), or stop it"),
    ] = "finish"
    theme: Annotated[
        Literal["auto", "dark", "light", "ansi-dark", "ansi-light"],
        setting("colours of the screens (default auto: depends on the terminal)"),
    ] = "auto"
    no_title: Annotated[bool, setting("do not show the progress of a run in the title of the terminal")] = (
        False
    )
    no_bell: Annotated[bool, setting("do not ring the bell of the terminal at the end of a run")] = False
    keys: dict[str, str] = {}
    """The `[keys]` table: keys that replace the default keys of the screens, by the name of the action."""
    plugins: dict[str, object] = {}
    """The `[plugins.NAME]` tables by name. When the plugins are loaded, each table is decoded into the Struct of its
    plugin."""

    @property
    def worker_count(self) -> int:
        """Number of parallel writers: the value of `workers`, or the number of processors if it is 0."""
        return self.workers or processor_count()
