"""The template of `--layout`: from what is known of a picture to folders and a name below the output folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pef_tui.formats import FORMATS
from pef_tui.model import Match
from pef_tui.run.paths import safe_component, split, strict_component

UNDATED = "undated"
"""Stands for the year, or the date, of what nothing dates."""

_FIELD = re.compile(r"\{([^{}]*)\}")
_HANGING = " -_.,"
"""Signs between fields; left out at the ends of a part of which a field has nothing to say."""


def _year(match: Match) -> str:
    return f"{match.taken.local.year:04}" if match.taken else UNDATED


def _month(match: Match) -> str:
    return f"{match.taken.local.month:02}" if match.taken else ""


def _day(match: Match) -> str:
    return f"{match.taken.local.day:02}" if match.taken else ""


def _date(match: Match) -> str:
    return match.taken.local.date().isoformat() if match.taken else UNDATED


def _album(match: Match) -> str:
    return match.album.title if match.album is not None else ""


def _title(match: Match) -> str:
    return split(match.sidecar.title)[0] if match.sidecar is not None else ""


def _camera(match: Match) -> str:
    """The model as the file says, else the kind of device as Google does (`android phone`)."""
    model = match.state.tags.get("EXIF:Model") if match.state is not None else None
    if isinstance(model, str) and model.strip():
        return model.strip()
    origin = match.sidecar.google_photos_origin if match.sidecar is not None else None
    device = (origin.mobile_upload or {}).get("deviceType") if origin is not None else None
    return device.replace("_", " ").lower() if isinstance(device, str) else ""


def _kind(match: Match) -> str:
    form = FORMATS.get(match.state.format) if match.state is not None else None
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
"""What a template may ask for (docs/usage.md), besides the name itself."""
NAME = "name"


class Template:
    """A template taken apart."""

    def __init__(self, text: str) -> None:
        """Raises ValueError, in one line, for what is no template."""
        self._parts = text.split("/")
        for part in self._parts:
            _check(part)
        asked = _FIELD.findall(self._parts[-1])
        if NAME not in asked and "title" not in asked:
            raise ValueError("its last part must hold {name} or {title}, or all files would be called alike")

    def path(self, match: Match, stem: str) -> tuple[str, str]:
        """Folder ("" for the top) and name without extension, of components that any file system takes.

        `stem`: the file's own name, without extension.
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
            raise ValueError(f"no such field {{{name}}}; there are {', '.join((*FIELDS, NAME))}")
    if "{" in (rest := _FIELD.sub("", part)) or "}" in rest:
        raise ValueError("a brace without its partner")


def _components(part: str, match: Match, stem: str) -> Iterator[str]:
    if part == "{folder}":
        yield from (safe_component(name) for name in match.folder.split("/") if name)
    elif text := _rendered(part, match, stem):
        yield strict_component(text)


def _rendered(part: str, match: Match, stem: str) -> str:
    """The part with its fields filled; what stood around an empty one is left out at the ends."""
    empty = False

    def filled(found: re.Match[str]) -> str:
        nonlocal empty
        text = stem if found[1] == NAME else FIELDS[found[1]](match)
        if not text and found[1] == "title":
            text = stem
        empty = empty or not text
        return text.replace("/", "_")

    text = _FIELD.sub(filled, part)
    return text.strip(_HANGING) if empty else text
