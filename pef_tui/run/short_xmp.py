"""Which files have an XMP file of the short name (`a.xmp`), where several of one stem could have it.

Decided while Plans are made, so that the record of what a batch is about to put somewhere, and of what undoing it
needs, names the XMP file that the batch then makes.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from pef_tui.model import Folder, Plan, xmp_name
from pef_tui.run.claims import Claims
from pef_tui.run.occupied import Occupied
from pef_tui.run.paths import folded
from pef_tui.settings import Settings
from pef_tui.takeout.xmp_files import short_name_order


class ShortNames:
    """Gives a short name to one file only. Lives in the planning thread."""

    def __init__(self, settings: Settings, occupied: Occupied) -> None:
        self._wanted = settings.xmp_name == "short"
        self._occupied = occupied
        self._long: dict[str, frozenset[str]] = {}
        self._claims = Claims()

    def seen(self, folder: Folder) -> None:
        """Take note of the names of a Folder whose stem is that of another file, which readers take `a.xmp` for."""
        if self._wanted and (names := _outranked(media.name for media in folder.media)):
            self._long[folder.path] = names

    def settled(self, plan: Plan, key: bytes) -> Plan:
        """The Plan with the long name where the short one is another file's. Its output must be final."""
        if not plan.short_xmp or plan.output is None:
            return plan
        short, match = folded(xmp_name(plan.output, True)), plan.match
        own = f"{short}\0{plan.output}"  # a file that is planned twice has its own claim
        if (
            match.media.name in self._long.get(match.folder, ())
            or (short in self._claims and own not in self._claims)
            or self._occupied.has_short_xmp(plan, key)
        ):
            return replace(plan, short_xmp=False)
        self._claims.add(short)
        self._claims.add(own)
        return plan


def _outranked(names: Iterable[str]) -> frozenset[str]:
    """Those whose stem another one has that comes before them."""
    groups: dict[str, set[str]] = {}
    for name in names:
        groups.setdefault(folded(name.rpartition(".")[0]), set()).add(name)
    return frozenset(
        name
        for group in groups.values()
        if len(group) > 1
        for name in group - {min(group, key=short_name_order)}
    )
