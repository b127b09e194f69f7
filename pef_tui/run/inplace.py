"""Writing into the media under SOURCE: what of a Plan is different then."""

from __future__ import annotations

import os

from msgspec.structs import replace

from pef_tui.errors import UsageError
from pef_tui.manifest.origin import settle
from pef_tui.model import Plan, xmp_name
from pef_tui.settings import Settings
from pef_tui.write.undo_folder import OwnNames, clear_leftovers

FAT_NS = 2_000_000_000
LINKED = "it has other names (hard links), which would keep the old bytes; --hard-links replace writes it all the same"


def in_place(plan: Plan, settings: Settings, source: str, own: OwnNames) -> Plan:
    """The Plan for a file that stays where it is: nothing is put there that is there already.

    `own`: the hard links of ours, which are no reason to leave a file alone.
    """
    if plan.output is None:
        return plan
    media, beside = plan.match.media, plan.match.xmp
    if beside is not None:
        stem = beside.file.path[: -len(".xmp")]  # it may be spelled in capitals
        short = xmp_name(media.path, True)[: -len(".xmp")]
        plan = replace(plan, short_xmp=stem == short != media.path)
    elif plan.short_xmp and os.path.lexists(os.path.join(source, xmp_name(media.path, True))):
        plan = replace(plan, short_xmp=False)
    if plan.writer or plan.xmp_edits:
        if settings.hard_links == "refuse" and own.has_others(os.path.join(source, media.path)):
            return replace(
                plan,
                outcome="failed",
                output=None,
                writer="",
                edits=(),
                xmp_edits=(),
                reason=LINKED,
                temporary=True,  # the other names may be gone the next time
            )
        return plan
    if os.path.islink(os.path.join(source, media.path)):
        return replace(plan, output=None)
    return plan if abs(plan.mtime_ns - media.mtime_ns) > FAT_NS else replace(plan, output=None)


def names_kept(settings: Settings) -> Settings:
    """The settings; in place without those of the configuration that would give files other names or folders."""
    if not settings.in_place:
        return settings
    return replace(settings, layout="", albums="folder", extensions="keep")


def own_state(source: str) -> list[str]:
    """Take over what lies in `SOURCE/.pef-tui`, with the lock held; what there is to say. Raises OSError."""
    note = settle(source, os.environ)
    clear_leftovers(source)
    return [note] if note else []


def source_in_place(settings: Settings, paths: list[str]) -> str:
    """The one folder that is SOURCE and output. Raises UsageError."""
    if len(paths) != 1 or not os.path.isdir(paths[0]):
        raise UsageError("--in-place: takes one SOURCE, which is a folder; unpack archives first")
    return paths[0]
