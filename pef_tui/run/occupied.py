"""Which names in DEST a file must not take, because of what is there already.

Asked while Plans are made, by runs and previews alike, so that both name a file the same. DEST is only looked into.
"""

from __future__ import annotations

import os
import stat
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress

from msgspec.structs import replace

from pef_tui.manifest.ledger import Ledger
from pef_tui.model import Plan, xmp_name
from pef_tui.run.layout import Layout
from pef_tui.run.paths import folded
from pef_tui.write.dest import DestView, Outside, components
from pef_tui.write.recorded import is_xmp_of_another, of_media, of_xmp
from pef_tui.write.replacing import standing_of

REFUSED = "the disk of the output folder refuses its name, so it gets one with `_` for what is refused"
TAKEN = "it gets a number, because its name is taken by a file that pef-tui did not put there"
FOLDERS = 1_000
"""Folders of DEST of which it is remembered whether they were there."""


class Occupied:
    """What is in DEST, compared by the rules of its own disk. Lives in the planning thread."""

    def __init__(
        self,
        ledger: Ledger,
        dest: str,
        adoptable: Callable[[Plan, DestView, str], bool],
        *,
        alike: bool,
        in_place: bool,
    ) -> None:
        """`adoptable`: is a file of which nothing is recorded the very one that a Plan would put there? The XMP file
        of this path, where one is named, else the output. `alike`: the disk takes names for the same that differ in
        case or Unicode form.
        """
        self._ledger = ledger
        self._dest = dest
        self._adoptable = adoptable
        self._in_place = in_place
        self._view: DestView | None = None
        self._alike = alike
        self._there: OrderedDict[str, bool] = OrderedDict()
        self._spelled: dict[str, dict[str, list[str]]] = {}
        """Of the folder looked into last: how names are spelled."""

    def open(self) -> None:
        """Look into DEST from now on; nothing is occupied where it does not exist yet."""
        if self._in_place:
            return
        with suppress(OSError):
            self._view = DestView(self._dest)

    def close(self) -> None:
        """Let go of it."""
        if self._view is not None:
            self._view.close()
            self._view = None

    def recorded(self, path: str) -> bool:
        """Did an earlier run put something at this path, or at one that the disk takes for the same?"""
        if self._ledger.recorded(path) is not None:
            return True
        return self._alike and self._ledger.recorded_like(path, folded) is not None

    def folder_given(self, folder: str, is_wanted: Callable[[str], bool]) -> str | None:
        """The folder of DEST that earlier runs gave to a Folder, if `is_wanted` accepts it."""
        return self._ledger.folder_of(folder, is_wanted)

    def folder_taken(self, path: str, is_one: Callable[[str], bool]) -> bool:
        """Have earlier runs given a folder of DEST, in any spelling of its name, to a Folder that `is_one` accepts?"""
        if self._view is None:
            return False
        above, slash, name = path.rpartition("/")
        return any(
            self._ledger.has_outputs_of(above + slash + each, is_one)
            for each in self._spellings(above, folded(name))
        )

    def _spellings(self, above: str, name: str) -> Sequence[str]:
        """How DEST spells the entry of a folder that is `name` when folded."""
        if (known := self._spelled.get(above)) is None:
            known = {}
            with suppress(OSError):
                for each in os.listdir(os.path.join(self._dest, above)):
                    known.setdefault(folded(each), []).append(each)
            self._spelled = {above: known}
        return known.get(name, ())

    def is_there(self, path: str) -> bool:
        """Is anything at this path in DEST, by the rules of its disk?"""
        return self._view is not None and os.path.lexists(os.path.join(self._dest, path))

    def is_new(self, folder: str) -> bool:
        """Has certainly no run put anything into this folder of DEST?"""
        return self._ledger.is_new(os.fsencode(folder))

    def may_block(self, path: str) -> bool:
        """Is anything at this path in DEST, or at that of its XMP file?"""
        return self._view is not None and (self._exists(path) or self._exists(xmp_name(path)))

    def blocks(self, plan: Plan, key: bytes, own: str) -> bool:
        """Is something at the output of a Plan that it must not replace?

        `own`: the output that the manifest has for this picture. What is there is judged when it is replaced.
        """
        output = plan.output
        if self._view is None or output is None or not self.has_folder_of(plan):
            return False
        if output == own:  # a file there may be its own, changed; a folder is not
            return self._is_no_file(output) or self._has_lost_xmp(output, key)
        beside = xmp_name(output)  # a short name may be of another file, and gives way to the long one
        if not self._exists(output):  # an XMP file gets its name before its picture
            return self._exists(beside) and not (
                self._is_intended(output, key, beside) or self._adoptable(plan, self._view, beside)
            )
        if self._is_intended(output, key):
            return False
        return self.recorded(output) or not self._adoptable(plan, self._view, "")

    def has_short_xmp(self, plan: Plan, key: bytes) -> bool:
        """Is something at the short XMP name of a Plan that is not the XMP file of the same picture?"""
        output = plan.output
        if self._view is None or output is None or not self._exists(short := xmp_name(output, True)):
            return False
        own = self._ledger.get(key)
        if own is not None and own.xmp and own.short_xmp and own.output == os.fsencode(output):
            return self._is_no_file(short)
        if self._is_intended(output, key, short):
            return False
        return self._is_of_another(output, short) or not self._adoptable(plan, self._view, short)

    def _is_of_another(self, output: str, short: str) -> bool:
        """Was the short name given to another file of the folder?"""
        folder, slash, name = output.rpartition("/")

        def has_short(other: str) -> bool:
            recorded = self._ledger.recorded(folder + slash + other)
            return recorded is not None and recorded.xmp and recorded.short_xmp

        if self._view is None:
            return False
        with suppress(OSError, Outside), self._view.folder(components(output)[0], create=False) as fd:
            return is_xmp_of_another(fd, name, short.rpartition("/")[2], has_short)
        return False

    def _is_intended(self, output: str, key: bytes, beside: str = "") -> bool:
        """Is it, or the XMP file `beside` it, what a run that came to no end put there for the same picture?"""
        wanted = os.fsencode(output)
        left = [each for each in self._ledger.intended(key) if each.output == wanted]
        meant = [of_xmp(each, beside != xmp_name(output)) if beside else of_media(each) for each in left]
        facts = [each for each in meant if each is not None]
        if not facts or self._view is None:
            return False
        with suppress(OSError, Outside):
            folder, name = components(beside or output)
            with self._view.folder(folder, create=False) as fd:
                return standing_of(fd, name, None, facts) == "ours"
        return False

    def has_folder_of(self, plan: Plan) -> bool:
        """Was the folder of its output there before? Where it was not, nothing is occupied."""
        output = plan.output
        return self._view is not None and output is not None and self._was_there(output.rpartition("/")[0])

    def _has_lost_xmp(self, output: str, key: bytes) -> bool:
        """Is a folder where the XMP file of an output was put under the long name?"""
        entry = self._ledger.get(key)
        return entry is not None and entry.xmp and not entry.short_xmp and self._is_no_file(xmp_name(output))

    def _is_no_file(self, path: str) -> bool:
        try:
            mode = os.lstat(os.path.join(self._dest, path)).st_mode
        except OSError:
            return False
        return not stat.S_ISREG(mode) and not stat.S_ISLNK(mode)

    def _exists(self, path: str) -> bool:
        return self._was_there(path.rpartition("/")[0]) and os.path.lexists(os.path.join(self._dest, path))

    def _was_there(self, folder: str) -> bool:
        there = self._there.get(folder)
        if there is None:
            there = self._there[folder] = os.path.isdir(os.path.join(self._dest, folder))
            if len(self._there) > FOLDERS:
                self._there.popitem(last=False)
        return there


def unclaimed(ledger: Ledger, dest: str) -> list[str]:
    """A line for what runs that came to no end put into DEST, where no file of this run is the same picture."""
    outputs = [output for each in ledger.unfinished.values() for output in each]
    paths = sorted(os.fsdecode(output) for output in outputs)
    left = [
        path for path in paths if ledger.recorded(path) is None and os.path.lexists(os.path.join(dest, path))
    ]
    if not left:
        return []
    return [
        f"{len(left)} files that a stopped run put there belong to no source of this run, and stay as they are: "
        f"{', '.join(map(repr, left[:3]))}{', …' if len(left) > 3 else ''}"
    ]


def named(plan: Plan, key: bytes, own: str, occupied: Occupied, layout: Layout) -> Plan:
    """The Plan with an output that nothing in DEST blocks, and a warning where that is another one."""
    wanted = plan.output
    if wanted is not None and layout.refused(plan.match):
        plan = replace(plan, warnings=(*plan.warnings, REFUSED))
    while plan.output is not None and occupied.blocks(plan, key, own):
        plan = replace(plan, output=layout.claim_next(plan.match))
    if plan.output == wanted:
        return plan
    return replace(plan, warnings=(*plan.warnings, f"{TAKEN}: {wanted}"))
