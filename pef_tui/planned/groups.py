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
            group.names.add(conflict.tag)
            code = CHOICES.index(conflict.choice)
            group.told.append(code)
            group.choices.append(code)
            group.rows.append(row)

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
