"""Groups of conflicts of the same kind. The user can resolve a whole group with one decision."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right

from pef_tui.model import Choice, Conflict

CHOICES: tuple[Choice, ...] = ("", "keep", "google")
"""All choices. The index of a choice is its code in `ConflictGroup.choices`."""


class ConflictGroup:
    """The conflicts of one unit (`date`) and one kind (`differs by 1 h`), with the rows of their files."""

    def __init__(self, unit: str, kind: str) -> None:
        self.unit = unit
        """What the conflicts are about: `date`, `place`, `description`, or a tag."""
        self.kind = kind
        self.unit_names = {unit}
        """Names that a decision can use for the unit: the unit itself, and the tags of its conflicts."""
        self.rows = array("I")
        """Rows with a conflict of this group, ascending."""
        self.preview_choices = bytearray()
        """Code of the choice (index in `CHOICES`) that the preview applied, for each row of `rows`."""
        self.choices = bytearray()
        """Code of the current choice (index in `CHOICES`), for each row of `rows`."""
        self.differs: list[str] = []
        """Each text of `Conflict.differs` once (`differs by 3 days`), if `kind` states a likely cause.

        A decision can name such a text in place of `kind`.
        """
        self._differs = array("H")
        """Index in `differs` for each row of `rows`; empty if `Conflict.differs` is empty in all conflicts."""

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def undecided(self) -> int:
        """Number of conflicts in this group without a decision."""
        return self.choices.count(0)

    def description(self) -> str:
        """Return number, unit and kind as text: `31 dates: differs by 1 h`."""
        plural = {"date": "dates", "place": "places", "description": "descriptions"}
        name = self.unit if len(self) == 1 else plural.get(self.unit, self.unit)
        return f"{len(self):,} {name}: {self.kind or 'another value'}"

    def add(self, row: int, conflict: Conflict) -> None:
        """Append the conflict of a row. `row` must be larger than the rows added before."""
        self.unit_names.add(conflict.tag)
        code = CHOICES.index(conflict.choice)
        self.preview_choices.append(code)
        self.choices.append(code)
        self.rows.append(row)
        if conflict.differs:
            if conflict.differs not in self.differs:
                self.differs.append(conflict.differs)
            self._differs.append(self.differs.index(conflict.differs))

    def applies_to(self, index: int, kind: str) -> bool:
        """Return whether a decision on `kind` applies to the conflict at `index` of `rows`; "" means yes."""
        return kind in ("", self.kind) or (bool(self.differs) and self.differs[self._differs[index]] == kind)

    def positions(self, kind: str) -> range | list[int]:
        """Return the indexes in `rows` of the conflicts to which a decision on `kind` applies; "" means all."""
        if kind in ("", self.kind):
            return range(len(self))
        if kind not in self.differs:
            return []
        number = self.differs.index(kind)
        return [index for index, differs in enumerate(self._differs) if differs == number]

    def position(self, row: int) -> int:
        """Return the index of `row` in `rows`; -1 if the row has no conflict of this group."""
        index = bisect_left(self.rows, row)
        return index if index < len(self.rows) and self.rows[index] == row else -1

    def choice(self, row: int) -> Choice:
        """Return the current choice for the conflict of `row`; "" if it is undecided, or not in this group."""
        index = self.position(row)
        return CHOICES[self.choices[index]] if index >= 0 else ""


class ConflictGroups:
    """All conflicts of a preview, in groups."""

    def __init__(self) -> None:
        self.by_key: dict[tuple[str, str], ConflictGroup] = {}
        """Groups by (unit, kind)."""

    def add(self, row: int, conflicts: tuple[Conflict, ...]) -> None:
        """Add the conflicts of a row to their groups. `row` must be larger than the rows added before."""
        for conflict in conflicts:
            key = conflict.unit or conflict.tag, conflict.kind
            group = self.by_key.get(key)
            if group is None:
                group = self.by_key[key] = ConflictGroup(*key)
            if group.rows and group.rows[-1] == row:
                continue
            group.add(row, conflict)

    def of_row(self, row: int) -> list[ConflictGroup]:
        """Return the groups that contain conflicts of a row."""
        return [group for group in self.sorted() if group.position(row) >= 0]

    def sorted(self) -> list[ConflictGroup]:
        """Return the groups, largest first."""
        return sorted(self.by_key.values(), key=lambda group: (-len(group), group.unit, group.kind))

    @property
    def undecided(self) -> int:
        """Number of conflicts in all groups without a decision."""
        return sum(group.undecided for group in tuple(self.by_key.values()))

    def __len__(self) -> int:
        return sum(map(len, tuple(self.by_key.values())))


def positions_between(rows: array[int], start: int, stop: int) -> range:
    """Return the range of the indexes at which the ascending `rows` has values from `start` up to `stop` - 1."""
    return range(bisect_left(rows, start), bisect_right(rows, stop - 1))
