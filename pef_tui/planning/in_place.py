"""Adapt settings, SOURCE and Plans to `--in-place`, which writes into the media files under SOURCE."""

from __future__ import annotations

import os

from msgspec.structs import replace

from pef_tui.errors import UsageError
from pef_tui.filesystem.constants import MTIME_TOLERANCE_NS
from pef_tui.manifest.origin import adopt_state
from pef_tui.model import Plan, xmp_name
from pef_tui.output.undo_folder import UndoLinks, clear_leftovers
from pef_tui.settings import Settings

LINKED = "it has other names (hard links), which would keep the old bytes; --hard-links replace writes it all the same"


def in_place_plan(plan: Plan, settings: Settings, source: str, undo_links: UndoLinks) -> Plan:
    """Return the Plan for a file that keeps its path. If nothing changes, the Plan has no output.

    With `--hard-links refuse`, a file that would change and has other hard links gets the outcome `failed`.
    `undo_links`: the hard links of undo records; they do not count as other hard links.
    """
    if plan.output is None:
        return plan
    media, xmp = plan.match.media, plan.match.xmp
    if xmp is not None:
        stem = xmp.file.path[: -len(".xmp")]  # the extension may be `.XMP`
        short = xmp_name(media.path, True)[: -len(".xmp")]
        plan = replace(plan, short_xmp=stem == short != media.path)
    elif plan.short_xmp and os.path.lexists(os.path.join(source, xmp_name(media.path, True))):
        plan = replace(plan, short_xmp=False)
    if plan.writer or plan.xmp_edits:
        if settings.hard_links == "refuse" and undo_links.has_other_links(os.path.join(source, media.path)):
            return replace(
                plan,
                outcome="failed",
                output=None,
                writer="",
                edits=(),
                xmp_edits=(),
                reason=LINKED,
                temporary=True,  # the next run may find no other hard links
            )
        return plan
    if os.path.islink(os.path.join(source, media.path)):
        return replace(plan, output=None)
    return plan if abs(plan.mtime_ns - media.mtime_ns) > MTIME_TOLERANCE_NS else replace(plan, output=None)


def adapt_settings(settings: Settings) -> Settings:
    """Return the settings without `layout`, `albums` and `extensions`, because files keep their names and folders."""
    return replace(settings, layout="", albums="folder", extensions="keep")


def adopt_own_state(source: str) -> list[str]:
    """Mark the state folder `SOURCE/.pef-tui` as created here, and remove undo records that are empty or half removed.

    The caller must hold the lock. Return notes for the user. Raises OSError.
    """
    note = adopt_state(source, os.environ)
    clear_leftovers(source)
    return [note] if note else []


def single_source(paths: list[str]) -> str:
    """Return the one folder that is both SOURCE and output. Raises UsageError if `paths` is anything else."""
    if len(paths) != 1 or not os.path.isdir(paths[0]):
        raise UsageError("--in-place: takes one SOURCE, which is a folder; unpack archives first")
    return paths[0]
