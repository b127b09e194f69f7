"""Recognise the output paths that earlier runs chose.

Such a path may have a number (`a (2).jpg`), or the form that a name gets on a disk that refuses it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pef_tui.planning.output_names import numbered_folder, numbered_name, strict_component, utf8_component

STRICTER = utf8_component, strict_component
"""Functions that turn a name into one that stricter disks accept."""
_FOLDER_NUMBER = re.compile(r" \(([0-9]{1,9})\)$")
_NUMBER = re.compile(r" \(([0-9]{1,9})\)(?=(\.[^.]*)?$)")


def is_named(path: str, folder_wanted: str, name: str) -> bool:
    """Return whether `path` is the path of `name` in `folder_wanted`, with or without a number (`a (2).jpg`).

    Also True if `path` has the forms that these names get on a stricter disk.
    """
    folder, _, base = path.rpartition("/")
    if folder == folder_wanted and _is_numbered(base, name):
        return True
    return any(
        folder == adapted_path(folder_wanted, component) and _is_numbered(base, component(name))
        for component in STRICTER
    )


def adapted_path(path: str, component: Callable[[str], str]) -> str:
    """Return `path` with the function `component` applied to each folder name and to the file name."""
    return "/".join(map(component, path.split("/"))) if path else ""


def is_numbered_folder(path: str, name: str) -> bool:
    """Return whether `path` is the folder `name`, with or without a number: `Trip (2)` is `Trip`."""
    number = _FOLDER_NUMBER.search(path)
    return path == name or (number is not None and numbered_folder(name, int(number[1])) == path)


def _is_numbered(base: str, name: str) -> bool:
    """Return whether `base` is the file name `name`, with or without a number: `a (2).jpg` is `a.jpg`."""
    number = _NUMBER.search(base)
    return base == name or (number is not None and numbered_name(name, int(number[1])) == base)
