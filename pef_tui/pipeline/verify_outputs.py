"""Compare the outputs of earlier runs with their records in the manifest. No sources are needed."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from typing import NamedTuple

from pef_tui.filesystem.fingerprint import fingerprint_descriptor
from pef_tui.manifest import DestInUse, Entry, Manifest, holder
from pef_tui.output.output_records import media_facts, xmp_facts
from pef_tui.output.replacement import FileFacts, same_time
from pef_tui.planning.output_names import existing_xmp_path

MISSING = "is missing"
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class CheckedOutput(NamedTuple):
    """One output, and its fault; "" for none."""

    path: str
    """Path below DEST."""
    problem: str


def verify_outputs(output: str, stop: threading.Event) -> Iterator[CheckedOutput]:
    """Yield each recorded output in the folder `output`, and how it differs from its record (size, fingerprint).

    After `stop` is set, no more outputs are compared. Nothing is changed. Raises DestInUse, OSError and RunError.
    """
    if holder_text := holder(output):
        raise DestInUse(output, holder_text)
    manifest = Manifest.open(output, read_only=True)
    try:
        for entry in manifest.entries():
            if stop.is_set():
                return
            if entry.output:
                yield CheckedOutput(os.fsdecode(entry.output), _problem(output, entry))
    finally:
        manifest.release()


def _problem(output: str, entry: Entry) -> str:
    """Return the fault of the output of an entry, or of its XMP file; "" for none."""
    path = os.path.join(output, os.fsdecode(entry.output))
    problem = _difference(path, media_facts(entry))
    if not problem and entry.xmp:
        difference = _difference(existing_xmp_path(path, entry.short_xmp), xmp_facts(entry))
        problem = f"its XMP file {difference}" if difference else ""
    return problem


def _difference(path: str, facts: FileFacts) -> str:
    """Return how the file at `path` differs from its recorded `facts`; "" for no difference."""
    try:
        present = os.lstat(path)
        if stat.S_ISLNK(present.st_mode):
            return "" if os.path.exists(path) else "is a link to a missing file"
        if not stat.S_ISREG(present.st_mode):
            return "is no file"
        if present.st_size != facts.size:
            return f"has {present.st_size:,} bytes instead of {facts.size:,}"
        if not facts.digest:
            return "" if same_time(present.st_mtime_ns, facts.mtime_ns) else "was changed after the run"
        descriptor = os.open(path, _OPEN)
        try:
            is_same = fingerprint_descriptor(descriptor, facts.size) == facts.digest
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return MISSING
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    return "" if is_same else "has other content"
