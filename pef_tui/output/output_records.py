"""Look up what the manifest records of outputs and their XMP files. Find XMP files that belong to other outputs."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from pef_tui.model import Plan, xmp_name
from pef_tui.output.replacement import FileFacts, TargetState, target_state
from pef_tui.output.staged_outputs import OutputRecord, PreviousOutput

IsSharedXmp = Callable[[int, str], bool]
"""A test whether an XMP file belongs to another output in the same folder.

Its arguments are the descriptor of the folder and the name of the XMP file. Example: for the output `a.heic`, the test
is true for `a.xmp` if that is the XMP file of `a.mov`.
"""


def recorded_facts(record: OutputRecord | None) -> FileFacts | None:
    """Return the recorded facts of an output; None if `record` is None."""
    return media_facts(record) if record is not None else None


def media_facts(record: OutputRecord) -> FileFacts:
    """Return the recorded facts (size, modification time, fingerprint) of the output in `record`."""
    return FileFacts(record.output_size, record.output_mtime_ns, record.output_digest)


def recorded_xmp_facts(record: OutputRecord | None, short: bool) -> FileFacts | None:
    """Return the recorded facts of an output's XMP file.

    `short`: the kind of name, `a.xmp` if True, `a.jpg.xmp` if False. None if the record has no XMP file of this kind.
    """
    if record is None or not record.xmp or record.short_xmp != short:
        return None
    return xmp_facts(record)


def xmp_facts(record: OutputRecord) -> FileFacts:
    """Return the recorded facts of the XMP file in `record`. The record must have an XMP file."""
    return FileFacts(record.xmp_size, record.xmp_mtime_ns, record.xmp_digest)


def xmp_target_state(
    fd: int,
    xmp_path: str,
    short: bool,
    record: OutputRecord | None,
    intended: Sequence[PreviousOutput],
    shared: IsSharedXmp,
    *,
    follow: bool = False,
) -> TargetState:
    """Return the state of `xmp_path`, the name of an XMP file (see `TargetState`).

    `short`: whether it is a short name (`a.xmp`, not `a.heic.xmp`). The parameters `fd`, `record`, `intended` and
    `follow` have the meaning that they have in `target_state`. A short name may belong to another output: `a.heic` and
    `a.mov` both have `a.xmp`. So a file under a short name that differs from its record is `foreign`, not `changed`, if
    `shared` returns True.
    """
    intended_facts = [
        facts
        for intended_output in intended
        if (facts := recorded_xmp_facts(intended_output, short)) is not None
    ]
    state = target_state(fd, xmp_path, recorded_xmp_facts(record, short), intended_facts, follow=follow)
    return "foreign" if state == "changed" and short and shared(fd, xmp_path) else state


def writes_xmp(plan: Plan, output_record: Callable[[str], OutputRecord | None]) -> bool:
    """Return whether a Plan puts an XMP file beside its output.

    The XMP file has tags of the Plan, is a copy of the source's XMP file, or is a link to another XMP file (of the
    output at `plan.link`). `output_record`: returns the record of the output at a path; None if there is none.
    """
    if plan.xmp_edits or plan.outcome == "sidecar" or plan.writer == "xmp" or plan.match.xmp is not None:
        return True
    original = output_record(plan.link) if plan.link else None
    return original is not None and original.xmp


def is_xmp_of_another(fd: int, name: str, xmp_path: str, has_short: Callable[[str], bool]) -> bool:
    """Return whether the XMP file `xmp_path` (`a.xmp`) belongs to another output than `name` in the same folder.

    Example: `name` is `a.heic`, and `a.xmp` is the XMP file of `a.mov`. `fd`: descriptor of the folder. `has_short`:
    takes the name of an output (`a.mov`), and returns whether its XMP file has the short name (`a.xmp`, not
    `a.mov.xmp`). Raises OSError.
    """
    return any(
        neighbour != name and xmp_name(neighbour, True) == xmp_path and has_short(neighbour)
        for neighbour in os.listdir(fd)
    )
