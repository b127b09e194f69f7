"""Make an export with placeholders from a listing: `python -m pef_tui.testing.rebuild FILE FOLDER`.

The listing was written by `pef-tui --anonymise`. Names, sizes and JSON files are those of the listing; pictures and
videos are placeholders. Files that had equal bytes have equal bytes again.
"""

from __future__ import annotations

import json
import os
import sys
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pef_tui.formats import by_extension
from pef_tui.sanitize import safe
from pef_tui.takeout.sidecar import MAX_JSON
from pef_tui.testing.export import EXPORTED
from pef_tui.testing.media import MAKERS, make

MAX_SIZE = 1 << 50
"""Largest size, in bytes, of a placeholder."""
_ARCHIVES = (".zip", ".tgz", ".tar", ".gz")


def main(arguments: Sequence[str]) -> int:
    """Make the export, and print the command that previews it. Return the exit code: 2 for a wrong FILE or FOLDER."""
    if len(arguments) != 2 or any(word.startswith("-") for word in arguments):
        print("rebuild: FILE (a listing of --anonymise) and a new FOLDER are needed", file=sys.stderr)
        return 2
    try:
        with Path(arguments[0]).open("rb") as stream:
            sources = rebuild(stream, arguments[1])
    except (OSError, ValueError) as error:
        print(f"rebuild: {safe(arguments[0])}: {safe(str(error), 300)}", file=sys.stderr)
        return 2
    print("pef-tui --batch --dry-run -v " + " ".join(safe(str(source)) for source in sources))
    return 0


def rebuild(lines: Iterable[bytes], folder: str | os.PathLike[str]) -> list[Path]:
    """Make the export of a listing in `folder`, which must be new or empty. Return the path of each source.

    An archive becomes a folder. Raises ValueError if the listing is not valid, and OSError.
    """
    base = Path(folder)
    if base.exists() and any(base.iterdir()):
        raise ValueError(f"{base} contains other files")
    documents = map(json.loads, lines)
    first = next(documents, None)
    if not isinstance(first, dict) or (first.get("type"), first.get("v")) != ("listing", 1):
        raise ValueError("is no listing of pef-tui --anonymise")
    sources = [
        base / str(root) / _without_archive_ending(_checked(path))
        for root, path in enumerate(first["sources"])
    ]
    for source in sources:
        source.mkdir(parents=True, exist_ok=True)
    for number, fields in enumerate(documents):
        try:
            source, path, size = sources[fields["root"]], fields["path"], fields["size"]
        except (LookupError, TypeError):
            raise ValueError(f"line {number + 2} is no line of a listing") from None
        _make(source / _checked(path), size, fields, number)
    return sources


def _without_archive_ending(path: str) -> str:
    for ending in _ARCHIVES:
        path = path[: -len(ending)] if path.lower().endswith(ending) else path
    return path


def _checked(path: object) -> str:
    """Return a path of the listing. Raises ValueError if it leads out of the folder."""
    parts = path.split("/") if isinstance(path, str) else [""]
    if not all(parts) or ".." in parts or "." in parts or "\0" in parts:
        raise ValueError(f"{path!r} is no path of a file")
    return "/".join(parts)


def _make(path: Path, size: object, fields: dict[str, Any], number: int) -> None:
    """Make one file of the listing. `number`: its number, for content that no other file has."""
    if not isinstance(size, int) or not 0 <= size <= MAX_SIZE:
        raise ValueError(f"{size!r} is no size of a file")
    path.parent.mkdir(parents=True, exist_ok=True)
    if "json" in fields:
        content = json.dumps(fields["json"], ensure_ascii=False).encode("utf-8", "surrogatepass")
        content += b" " * (min(size, MAX_JSON) - len(content))
    else:
        content = b"{" if fields.get("invalid") else _placeholder(path.name, fields, number)
    with path.open("xb") as stream:
        stream.write(content if "json" in fields else content[:size])
        if "json" not in fields:
            stream.truncate(size)  # a hole, which takes no space on the disk
    os.utime(path, (EXPORTED, EXPORTED))


def _placeholder(name: str, fields: dict[str, Any], number: int) -> bytes:
    """Return a picture or video of the format in the listing, or of the extension; a text for other files."""
    group = fields.get("same")
    seed = zlib.crc32(f"file {number}".encode() if group is None else f"same {group}".encode())
    by_name = by_extension(name)
    format = str(fields.get("format") or (by_name.name if by_name else ""))
    return make(format, seed) if format in MAKERS else b"placeholder %d\n" % seed


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
