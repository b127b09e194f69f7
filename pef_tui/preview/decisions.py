"""The decisions of the user on a preview: add them, undo them, and export them as a file for `--decisions`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import orjson

from pef_tui.model import Choice
from pef_tui.preview.groups import CHOICES, ConflictGroup
from pef_tui.preview.planned_files import PlannedFiles
from pef_tui.sanitize import utf8
from pef_tui.tags.decisions import (
    FILE_SCOPES,
    FOLDER_SCOPES,
    DecisionRule,
    Scope,
    in_ascending_order,
    scope_names,
)


class Choices:
    """The decisions of the user on one preview. `undo` removes the decisions that were made last, in one step."""

    def __init__(self, files: PlannedFiles, rules: tuple[DecisionRule, ...] = ()) -> None:
        """`rules`: the decisions that were in effect when the preview was made."""
        self._files = files
        self._earlier_rules = rules
        self._new_rules: list[DecisionRule] = []
        self._steps: list[int] = []
        """Number of decisions of each step, in the order of `_new_rules`."""
        self._rows: dict[str, list[int]] | None = None
        self._preview_applies = True
        self._directories: dict[str, set[int]] = {}
        """Numbers of the Folders by directory, of those that were looked up since the last change."""

    @property
    def rules(self) -> tuple[DecisionRule, ...]:
        """All decisions, oldest first: the decisions in effect when the preview was made, then the decisions added
        since.
        """
        return (*self._earlier_rules, *self._new_rules)

    @property
    def count(self) -> int:
        """Number of decisions added since the preview was made."""
        return len(self._new_rules)

    def decide(
        self,
        choice: Choice,
        group: ConflictGroup | None = None,
        row: int | None = None,
        folder: str | None = None,
    ) -> DecisionRule:
        """Add a decision on conflicts, and return it.

        `group`: the group whose conflicts are decided; None for all groups. `row`, `folder`: only the conflicts of this
        row, or of the files in this Folder, are decided; None for no limit.
        """
        rule = DecisionRule(
            choice,
            file=utf8(self._files.path(row)) if row is not None else "",
            folder=utf8(folder) if folder is not None and row is None else "",
            unit=group.unit if group is not None else "",
            kind=group.kind if group is not None else "",
        )
        self._add([rule])
        return rule

    def decide_rows(self, choice: Choice, rows: Iterable[int]) -> list[DecisionRule]:
        """Add a decision on all conflicts of each of these rows, in one step, and return the decisions."""
        paths = dict.fromkeys(utf8(self._files.path(row)) for row in rows)
        return self._add([DecisionRule(choice, file=path) for path in paths])

    def assign_sidecar(self, row: int, json_row: int) -> DecisionRule:
        """Add the decision that the sidecar in row `json_row` belongs to the picture in `row`, and return it."""
        return self.assign_sidecars({row: json_row})[0]

    def assign_sidecars(self, json_rows: Mapping[int, int]) -> list[DecisionRule]:
        """Add the decisions that sidecars (rows) belong to pictures (keys), in one step, and return the decisions."""
        files = self._files
        return self._add(
            [
                DecisionRule(file=utf8(files.path(row)), sidecar=utf8(files.names[json_row]))
                for row, json_row in json_rows.items()
            ]
        )

    def assigned_sidecar(self, row: int) -> str:
        """Return the name of the sidecar that was assigned to a row since the preview; "" if none was."""
        path = utf8(self._files.path(row))
        return next(
            (rule.sidecar for rule in reversed(self._new_rules) if rule.sidecar and rule.file == path), ""
        )

    def undo(self) -> list[DecisionRule]:
        """Remove the decisions of the last step and return them; [] if none was added since the preview."""
        if not self._steps:
            return []
        start = len(self._new_rules) - self._steps.pop()
        rules = self._new_rules[start:]
        del self._new_rules[start:]
        self._refresh(rules)
        return rules

    def remove(self, number: int) -> DecisionRule:
        """Remove the decision at index `number` of `rules`, and return it. `undo` does not restore it."""
        rule = self.rules[number]
        if number < len(self._earlier_rules):
            self._earlier_rules = (*self._earlier_rules[:number], *self._earlier_rules[number + 1 :])
            self._preview_applies = False
        else:
            position = number - len(self._earlier_rules)
            del self._new_rules[position]
            self._shorten_step(position)
        self._refresh([rule])
        return rule

    def _shorten_step(self, position: int) -> None:
        """Reduce the step that contains the decision at index `position` by one; remove the step if it is empty."""
        for step, size in enumerate(self._steps):
            if position < size:
                self._steps[step : step + 1] = [size - 1] if size > 1 else []
                return
            position -= size

    def document(self) -> bytes:
        """Return all decisions as the content of a file for `--decisions`."""
        rules = [_fields(rule) for rule in self.rules]
        return orjson.dumps({"v": 1, "decisions": rules}, option=orjson.OPT_INDENT_2) + b"\n"

    def _add(self, rules: list[DecisionRule]) -> list[DecisionRule]:
        if rules:
            self._new_rules += rules
            self._steps.append(len(rules))
            if self._name_only_files():
                self._apply_to_files(rules)
            else:
                self._refresh(rules)
        return rules

    def _name_only_files(self) -> bool:
        """Return whether the last step decides on all conflicts of files, and no decision has a higher priority."""
        rows, start = self._rows_by_path(), len(self._new_rules) - self._steps[-1]
        return all(rule.file in rows or not (rule.choice and rule.file) for rule in self.rules) and all(
            rule.choice and rule.file and not (rule.unit or rule.kind) for rule in self._new_rules[start:]
        )

    def _apply_to_files(self, rules: Iterable[DecisionRule]) -> None:
        """Set the choices of the files of these decisions, which override all others, faster than `_refresh` does."""
        groups = self._files.groups.sorted()
        for rule in rules:
            code = CHOICES.index(rule.choice)
            for row in self._rows_by_path()[rule.file]:
                for group in groups:
                    if (position := group.position(row)) >= 0:
                        group.choices[position] = code
        for group in groups:
            self._files.update_times(group)

    # -- priority of decisions, which `in_ascending_order` defines for previews and for runs

    def _refresh(self, rules: Sequence[DecisionRule]) -> None:
        """Compute the choices again in all groups that `rules`, added or removed decisions, can affect."""
        self._directories.clear()
        kinds = {(rule.unit, rule.kind): rule for rule in rules if rule.choice}.values()
        for group in self._files.groups.sorted():
            if any(_matches(rule, group) for rule in kinds):
                self._decide_group(group)
                self._files.update_times(group)

    def _decide_group(self, group: ConflictGroup) -> None:
        """Compute `group.choices` from all decisions. Of the decisions on a conflict, the highest priority wins."""
        choices = bytearray(group.preview_choices) if self._preview_applies else bytearray(len(group))
        for scope, rule in in_ascending_order(self.rules):
            if not _matches(rule, group):
                continue
            code = CHOICES.index(rule.choice)
            positions = self._positions(group, scope, rule)
            if len(positions) == len(group):
                choices[:] = bytes([code]) * len(group)
                continue
            for position in positions:
                choices[position] = code
        group.choices = choices

    def _positions(self, group: ConflictGroup, scope: Scope, rule: DecisionRule) -> Sequence[int]:
        """Return the indexes in `group.rows` of the conflicts to which the decision `rule` applies.

        `scope`: what the decision names (a path of a file, an album title, a directory, everything and so on).
        """
        if scope in FILE_SCOPES:
            matching = (
                row for row in self._rows_of_file(rule.file, scope) if self._is_in_folder_of(row, rule)
            )
            positions = [group.position(row) for row in matching]
            return [index for index in positions if index >= 0 and group.applies_to(index, rule.kind)]
        candidates = group.positions(rule.kind)
        if scope == "everything":
            return candidates
        name, files = rule.folder.strip("/"), self._files
        folders = files.folders_named(scope, name)
        folder, rows = files.folder, group.rows
        positions = [index for index in candidates if folder[rows[index]] in folders] if folders else []
        if scope == "directory" and not files.has_one_directory(folders):
            return [index for index in positions if name in self._spellings(rows[index], scope)]
        return positions

    def _is_in_folder_of(self, row: int, rule: DecisionRule) -> bool:
        """Return whether the decision names no folder, or names the folder of the file of `row`."""
        folder = rule.folder.strip("/")
        return not folder or any(folder in self._spellings(row, scope) for scope in FOLDER_SCOPES)

    def _spellings(self, row: int, scope: Scope) -> tuple[str, ...]:
        """Return the spellings in which a decision of `scope` can name the file of `row`, or its folder.

        These are the exact name, and the name with escapes for bytes that are not UTF-8. Return () if the file has no
        name for this scope (for instance no album title).
        """
        outcome = self._files.outcome(row)
        name = scope_names(outcome.plan.match).get(scope) if outcome is not None else None
        return () if name is None else (name, utf8(name))

    def _rows_of_file(self, path: str, scope: Scope) -> list[int]:
        """Return the rows with conflicts whose file a decision with the scope `scope` names by `path`."""
        if scope == "path":
            return self._rows_by_path().get(path, [])
        directory, _, name = path.rpartition("/")
        if directory not in self._directories:
            self._directories[directory] = self._files.folders_named("directory", directory)
        folders = (self._files.folders[number] for number in self._directories[directory])
        paths = {utf8(f"{folder}/{name}".lstrip("/")) for folder in folders}
        rows = [row for folder_path in paths for row in self._rows_by_path().get(folder_path, [])]
        return [row for row in rows if path in self._spellings(row, scope)]

    def _rows_by_path(self) -> dict[str, list[int]]:
        """Return the rows with conflicts by path (Folder and name). Files of several sources may share a path."""
        if self._rows is None:
            self._rows = {}
            for row in sorted({row for group in self._files.groups.sorted() for row in group.rows}):
                self._rows.setdefault(utf8(self._files.path(row)), []).append(row)
        return self._rows


def _matches(rule: DecisionRule, group: ConflictGroup) -> bool:
    """Return whether the unit and kind of a decision fit the group, so that it can apply to conflicts in it."""
    return (not rule.unit or rule.unit in group.unit_names) and rule.kind in ("", group.kind, *group.differs)


def _fields(rule: DecisionRule) -> dict[str, str]:
    """Return the fields of a decision by name, without empty fields."""
    return {name: value for name, value in msgspec.structs.asdict(rule).items() if value}
