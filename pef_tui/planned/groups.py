"""Conflicts of one kind, together: what one decision can settle."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right

from pef_tui.model import Choice, Conflict

CHOICES: tuple[Choice, ...] = ("", "keep", "google")
"""By their codes in `Group.choices`."""


class Group:
    """The conflicts of one unit and one kind, by the rows they are in."""

    def __init__(self, unit: str, kind: str) -> None:
        self.unit = unit
        """`date`, `place`, `description`, or a tag."""
        self.kind = kind
        self.names = {unit}
        """Everything a decision may call the unit by."""
        self.rows = array("I")
        """Ascending."""
        self.told = bytearray()
        """What the preview says was decided, a code a row."""
        self.choices = bytearray()
        """What is decided now, a code a row."""
        self.differs: list[str] = []
        """By how much its conflicts differ, where its kind does not tell: what decisions may name as well."""
        self._differs = array("H")
        """The place in `differs` for each row; empty where the kind tells all."""

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def undecided(self) -> int:
        """How many wait for a decision."""
        return self.choices.count(0)

    def words(self) -> str:
        """`31 dates: differs by 1 h`, for people."""
        plural = {"date": "dates", "place": "places", "description": "descriptions"}
        name = self.unit if len(self) == 1 else plural.get(self.unit, self.unit)
        return f"{len(self):,} {name}: {self.kind or 'another value'}"

    def add(self, row: int, conflict: Conflict) -> None:
        """The conflict of the next row."""
        self.names.add(conflict.tag)
        code = CHOICES.index(conflict.choice)
        self.told.append(code)
        self.choices.append(code)
        self.rows.append(row)
        if conflict.differs:
            if conflict.differs not in self.differs:
                self.differs.append(conflict.differs)
            self._differs.append(self.differs.index(conflict.differs))

    def is_about(self, at: int, kind: str) -> bool:
        """Is a decision on a kind about the conflict at this place in `rows`?"""
        return kind in ("", self.kind) or (bool(self.differs) and self.differs[self._differs[at]] == kind)

    def places_of(self, kind: str) -> range | list[int]:
        """The places in `rows` of the conflicts that a decision on a kind is about."""
        if kind in ("", self.kind):
            return range(len(self))
        if kind not in self.differs:
            return []
        number = self.differs.index(kind)
        return [at for at, differs in enumerate(self._differs) if differs == number]

    def place(self, row: int) -> int:
        """Where the row is in `rows`; -1 where it is not."""
        at = bisect_left(self.rows, row)
        return at if at < len(self.rows) and self.rows[at] == row else -1

    def choice(self, row: int) -> Choice:
        """What is decided on the conflict of a row."""
        at = self.place(row)
        return CHOICES[self.choices[at]] if at >= 0 else ""


class Groups:
    """Every conflict of a preview."""

    def __init__(self) -> None:
        self.by_key: dict[tuple[str, str], Group] = {}
        """By unit and kind."""

    def add(self, row: int, conflicts: tuple[Conflict, ...]) -> None:
        """The conflicts of the next row that has any."""
        for conflict in conflicts:
            key = conflict.unit or conflict.tag, conflict.kind
            group = self.by_key.get(key)
            if group is None:
                group = self.by_key[key] = Group(*key)
            if group.rows and group.rows[-1] == row:
                continue
            group.add(row, conflict)

    def of_row(self, row: int) -> list[Group]:
        """The groups that a row's conflicts are in."""
        return [group for group in self.sorted() if group.place(row) >= 0]

    def sorted(self) -> list[Group]:
        """The largest first."""
        return sorted(self.by_key.values(), key=lambda group: (-len(group), group.unit, group.kind))

    @property
    def undecided(self) -> int:
        """How many conflicts wait for a decision."""
        return sum(group.undecided for group in tuple(self.by_key.values()))

    def __len__(self) -> int:
        return sum(map(len, tuple(self.by_key.values())))


def between(rows: array[int], start: int, stop: int) -> range:
    """The places in ascending `rows` of those from `start` up to `stop`."""
    return range(bisect_left(rows, start), bisect_right(rows, stop - 1))
