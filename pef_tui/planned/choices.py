"""What a person decides while looking at a preview: made, undone, told as a decisions file."""

from __future__ import annotations

import msgspec
import orjson

from pef_tui.display import utf8
from pef_tui.model import Choice
from pef_tui.planned.groups import CHOICES, Group
from pef_tui.planned.store import Planned
from pef_tui.tags.decisions import Rule


class Choices:
    """Decisions over one preview; every one can be undone, the last first."""

    def __init__(self, planned: Planned, rules: tuple[Rule, ...] = ()) -> None:
        """`rules`: those the preview was made with."""
        self._planned = planned
        self._before = rules
        self._made: list[Rule] = []
        self._rows: dict[str, int] | None = None
        self._told_stands = True

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All of them, in the order they count."""
        return (*self._before, *self._made)

    @property
    def made(self) -> int:
        """How many were made since the preview."""
        return len(self._made)

    def decide(
        self, choice: Choice, group: Group | None = None, row: int | None = None, folder: str | None = None
    ) -> Rule:
        """Decide on the conflicts of a group (of all groups), in one row, in one Folder, or everywhere."""
        rule = Rule(
            choice,
            file=utf8(self._planned.path(row)) if row is not None else "",
            folder=utf8(folder) if folder is not None and row is None else "",
            unit=group.unit if group is not None else "",
            kind=group.kind if group is not None else "",
        )
        self._add(rule)
        return rule

    def give_sidecar(self, row: int, json_row: int) -> Rule:
        """A picture gets the sidecar of another row."""
        rule = Rule(file=utf8(self._planned.path(row)), sidecar=utf8(self._planned.names[json_row]))
        self._add(rule)
        return rule

    def sidecar_given(self, row: int) -> str:
        """The name of the sidecar that a row is given; "" for none."""
        path = utf8(self._planned.path(row))
        return next((rule.sidecar for rule in reversed(self._made) if rule.sidecar and rule.file == path), "")

    def undo(self) -> Rule | None:
        """Take back the last decision; None where none was made here."""
        if not self._made:
            return None
        rule = self._made.pop()
        self._refresh(rule)
        return rule

    def withdraw(self, number: int) -> Rule:
        """Take back any of `rules`, by its place among them. One of before the preview is gone for good."""
        rule = self.rules[number]
        if number < len(self._before):
            self._before = (*self._before[:number], *self._before[number + 1 :])
            self._told_stands = False
        else:
            del self._made[number - len(self._before)]
        self._refresh(rule)
        return rule

    def document(self) -> bytes:
        """All of them as a file for `--decisions`."""
        rules = [_fields(rule) for rule in self.rules]
        return orjson.dumps({"v": 1, "decisions": rules}, option=orjson.OPT_INDENT_2) + b"\n"

    def _add(self, rule: Rule) -> None:
        self._made.append(rule)
        self._refresh(rule)

    # -- which decision counts where: those on a file, then on a Folder, then the rest; the last of equals

    def _refresh(self, rule: Rule) -> None:
        for group in self._planned.groups.sorted():
            if rule.choice and _fits(rule, group):
                self._settle(group)

    def _settle(self, group: Group) -> None:
        rules = [rule for rule in self.rules if rule.choice and _fits(rule, group)]
        choices = bytearray(group.told) if self._told_stands else bytearray(len(group))
        for rule in rules:
            if not rule.file and not rule.folder:
                self._settle_all(group, choices, rule)
        for rule in rules:
            if rule.folder and not rule.file:
                self._settle_folder(group, choices, rule)
        for rule in rules:
            if rule.file and (at := group.place(self._row(rule.file))) >= 0 and group.is_about(at, rule.kind):
                choices[at] = CHOICES.index(rule.choice)
        group.choices = choices

    def _settle_all(self, group: Group, choices: bytearray, rule: Rule) -> None:
        code, places = CHOICES.index(rule.choice), group.places_of(rule.kind)
        if len(places) == len(group):
            choices[:] = bytes([code]) * len(group)
            return
        for at in places:
            choices[at] = code

    def _settle_folder(self, group: Group, choices: bytearray, rule: Rule) -> None:
        planned, code = self._planned, CHOICES.index(rule.choice)
        wanted = rule.folder.strip("/")
        number = next((n for n, path in enumerate(planned.folders) if wanted in (path, utf8(path))), -1)
        folder = planned.folder
        for at in group.places_of(rule.kind):
            if folder[group.rows[at]] == number:
                choices[at] = code

    def _row(self, path: str) -> int:
        """The row of a path in its Google Photos folder, among those with conflicts; -1 for none."""
        if self._rows is None:
            rows = {row for group in self._planned.groups.sorted() for row in group.rows}
            self._rows = {utf8(self._planned.path(row)): row for row in sorted(rows)}
        return self._rows.get(path, -1)


def _fits(rule: Rule, group: Group) -> bool:
    return (not rule.unit or rule.unit in group.names) and rule.kind in ("", group.kind, *group.differs)


def _fields(rule: Rule) -> dict[str, str]:
    return {name: value for name, value in msgspec.structs.asdict(rule).items() if value}
