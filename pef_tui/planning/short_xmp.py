"""Decide which of several files with one stem (`a.jpg`, `a.mp4`) gets the XMP file with the short name (`a.xmp`).

This is decided while Plans are made. The intent and the undo record of a batch name the XMP file before it is written.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from pef_tui.filesystem.claimed_names import NameClaims
from pef_tui.model import Folder, Plan, xmp_name
from pef_tui.planning.occupied_names import Occupied
from pef_tui.planning.output_names import fold_name
from pef_tui.settings import Settings
from pef_tui.takeout.xmp_files import short_name_order


class ShortXmpNames:
    """Assigns each short XMP name (`a.xmp`, not `a.jpg.xmp`) to one file only.

    Used by the planning thread alone.
    """

    def __init__(self, settings: Settings, occupied: Occupied) -> None:
        self._is_enabled = settings.xmp_name == "short"
        self._occupied = occupied
        self._long_names: dict[str, frozenset[str]] = {}
        self._claims = NameClaims()

    def add_folder(self, folder: Folder) -> None:
        """Store which files of a Folder need an XMP file with the long name (`a.mp4.xmp`).

        If the Folder also has `a.jpg`, other programs read `a.xmp` as the XMP file of `a.jpg`.
        """
        if self._is_enabled and (names := _outranked(media.name for media in folder.media)):
            self._long_names[folder.path] = names

    def with_final_xmp_name(self, plan: Plan, key: bytes) -> Plan:
        """Return the Plan with its final XMP name. It is the long one (`a.jpg.xmp`) if another file has `a.xmp`.

        The output of the Plan must be final. `key`: the key of the file in the manifest.
        """
        if not plan.short_xmp or plan.output is None:
            return plan
        short, match = fold_name(xmp_name(plan.output, True)), plan.match
        claim = f"{short}\0{plan.output}"  # a file that is planned again finds its own claim
        if (
            match.media.name in self._long_names.get(match.folder, ())
            or (short in self._claims and claim not in self._claims)
            or self._occupied.has_short_xmp(plan, key)
        ):
            return replace(plan, short_xmp=False)
        self._claims.add(short)
        self._claims.add(claim)
        return plan


def _outranked(names: Iterable[str]) -> frozenset[str]:
    """Return the names that get only a long XMP name. If there is an `a.jpg`, this is `a.mp4`.

    Of the names with one stem, the first in `short_name_order` gets the short XMP name (`a.xmp`).
    """
    groups: dict[str, set[str]] = {}
    for name in names:
        groups.setdefault(fold_name(name.rpartition(".")[0]), set()).add(name)
    return frozenset(
        name
        for group in groups.values()
        if len(group) > 1
        for name in group - {min(group, key=short_name_order)}
    )
