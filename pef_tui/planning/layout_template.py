"""Parse the template of `--layout`, and make an output path from the template and the facts of a picture."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pef_tui.formats import FORMATS
from pef_tui.model import Match
from pef_tui.planning.output_names import safe_component, split_extension, strict_component
from pef_tui.suggestions import suggestion

UNDATED = "undated"
"""Value of the fields for the year and the date if the date is unknown."""

_FIELD = re.compile(r"\{([^{}]*)\}")
_SEPARATORS = " -_.,"
"""Characters between fields. They are removed at the start and end of a part that has an empty field."""


def _year(match: Match) -> str:
    return f"{match.capture_time.local.year:04}" if match.capture_time else UNDATED


def _month(match: Match) -> str:
    return f"{match.capture_time.local.month:02}" if match.capture_time else ""


def _day(match: Match) -> str:
    return f"{match.capture_time.local.day:02}" if match.capture_time else ""


def _date(match: Match) -> str:
    return match.capture_time.local.date().isoformat() if match.capture_time else UNDATED


def _album(match: Match) -> str:
    return match.album.title if match.album is not None else ""


def _title(match: Match) -> str:
    return split_extension(match.sidecar.title)[0] if match.sidecar is not None else ""


def _camera(match: Match) -> str:
    """Return the model of the camera from the file, else the type of device from the sidecar (`android phone`), else
    "".
    """
    model = match.metadata.tags.get("EXIF:Model") if match.metadata is not None else None
    if isinstance(model, str) and model.strip():
        return model.strip()
    origin = match.sidecar.google_photos_origin if match.sidecar is not None else None
    device = (origin.mobile_upload or {}).get("deviceType") if origin is not None else None
    return device.replace("_", " ").lower() if isinstance(device, str) else ""


def _kind(match: Match) -> str:
    form = FORMATS.get(match.metadata.format) if match.metadata is not None else None
    return form.kind if form is not None else ""


def _folder(match: Match) -> str:
    return match.folder


FIELDS: dict[str, Callable[[Match], str]] = {
    "year": _year,
    "month": _month,
    "day": _day,
    "date": _date,
    "album": _album,
    "folder": _folder,
    "title": _title,
    "camera": _camera,
    "kind": _kind,
}
"""Fields of a template (docs/usage.md), except `name`, and the functions that return their values."""
NAME = "name"


class Template:
    """A parsed template of `--layout`, such as `{year}/{album}/{name}`."""

    def __init__(self, text: str) -> None:
        """Parse `text`. Raises ValueError, with a message of one line, if it is not a valid template."""
        self._parts = text.split("/")
        for part in self._parts:
            _check(part)
        fields = _FIELD.findall(self._parts[-1])
        if NAME not in fields and "title" not in fields:
            raise ValueError("its last part must hold {name} or {title}, or all files would be called alike")

    def path(self, match: Match, stem: str) -> tuple[str, str]:
        """Return the folder for the output of a Match ("" for the output folder itself), and the name without
        extension.

        Every file system accepts these names, with one exception: a part that is only `{folder}` or `{name}` keeps the
        original name. `stem`: the name of the file without extension.
        """
        *above, last = self._parts
        components = [component for part in above for component in _components(part, match, stem)]
        if last == f"{{{NAME}}}":
            return "/".join(components), stem
        return "/".join(components), strict_component(_rendered(last, match, stem) or stem)


def _check(part: str) -> None:
    if part in ("", ".", ".."):
        raise ValueError("it must be a path below the output folder, without empty parts, '.' or '..'")
    for name in _FIELD.findall(part):
        if name not in FIELDS and name != NAME:
            known = (*FIELDS, NAME)
            similar = suggestion(name, known)
            raise ValueError(f"no such field {{{name}}}{similar}; there are {', '.join(known)}")
    if "{" in (remainder := _FIELD.sub("", part)) or "}" in remainder:
        raise ValueError("a brace without its partner")


def _components(part: str, match: Match, stem: str) -> Iterator[str]:
    if part == "{folder}":
        yield from (safe_component(name) for name in match.folder.split("/") if name)
    elif text := _rendered(part, match, stem):
        yield strict_component(text)


def _rendered(part: str, match: Match, stem: str) -> str:
    """Return `part` with each field replaced by its value.

    If a field is empty, separators at the start and end are removed. Example: `{album} - {title}` without album gives
    the title.
    """
    has_empty_field = False

    def value(field: re.Match[str]) -> str:
        nonlocal has_empty_field
        text = stem if field[1] == NAME else FIELDS[field[1]](match)
        if not text and field[1] == "title":
            text = stem
        has_empty_field = has_empty_field or not text
        return text.replace("/", "_")

    text = _FIELD.sub(value, part)
    return text.strip(_SEPARATORS) if has_empty_field else text
