"""What to do on the Choose screen before a source is chosen."""

from __future__ import annotations


def start_words(is_found: bool, is_over: bool, in_place: bool) -> tuple[str, str, str]:
    """Return three lines, with the ids of keys in braces, each at most 58 columns wide.

    `is_found`: whether an export was found. `is_over`: whether the search is over. `in_place`: whether the run will
    change the sources.
    """
    if is_found:
        first = "1 Choose: Enter takes the export below; or type a path"
    elif is_over:
        first = "1 Choose: type the path of an export, or use the tree"
    else:
        first = "1 Choose: type a path, or wait: searching for exports ..."
    third = "asks, then changes the source itself" if in_place else "writes copies; the export is not changed"
    return (
        first,
        "2 {choose.preview} previews: all files are planned, none is written",
        f"3 {{review.run}} {third}",
    )
