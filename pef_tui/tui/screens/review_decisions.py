"""The decisions of the Review screen: on conflicts, and on pictures without a sidecar, one or many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from pef_tui.model import Choice
from pef_tui.preview import FLAGS, ConflictGroup, PlannedFiles
from pef_tui.preview.decisions import Choices
from pef_tui.preview.details import taken_text
from pef_tui.preview.sidecar_candidates import likely_sidecars, most_likely_sidecars
from pef_tui.tags.decisions import DecisionRule
from pef_tui.tui.panels import PanelScreen
from pef_tui.tui.screens.dialogs import ChoiceDialog
from pef_tui.tui.screens.picker import PickScreen
from pef_tui.tui.session import decisions
from pef_tui.tui.session.session import Session
from pef_tui.tui.text.review import file_count
from pef_tui.tui.widgets.option import Option

MAX_SHOWN = 5
"""Number of pairs of a picture and a sidecar that the question before several assignments shows."""


class DecidingScreen(PanelScreen):
    """Base of the Review screen. The subclass sets `_planned_files` and `_choices`, and shows the decisions."""

    _planned_files: PlannedFiles
    _choices: Choices

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def _row(self) -> int | None:
        """Return the row of the file in focus; None without files."""
        raise NotImplementedError

    def _group(self) -> ConflictGroup | None:
        """Return the group of conflicts in focus; None in another view."""
        raise NotImplementedError

    def _selected_rows(self) -> Sequence[int]:
        """Return the selected rows; empty if none is selected."""
        raise NotImplementedError

    def _show_decisions(self) -> None:
        """Update what the screen shows, after a decision."""
        raise NotImplementedError

    # -- conflicts

    def action_decide(self, choice: Choice) -> None:
        """Apply `choice` to the conflicts of the selected files, of the file in focus, or of the group in focus."""
        group, row = self._group(), self._row()
        if group is not None:
            self._save([self._choices.decide(choice, group)])
        elif self._selected_rows():
            self._decide_selected(choice)
        elif row is not None and self._planned_files.groups.of_row(row):
            self._save([self._choices.decide(choice, row=row)])
        else:
            self.notify("This file has no conflict to decide.", timeout=3)

    def _selected_conflicts(self) -> list[int]:
        flags = self._planned_files.flags
        return [row for row in self._selected_rows() if flags[row] & FLAGS["conflict"]]

    def _decide_selected(self, choice: Choice) -> None:
        if rows := self._selected_conflicts():
            self._save(self._choices.decide_rows(choice, rows))
        else:
            self.notify("The selected files have no conflict to decide.", timeout=3)

    def action_decide_more(self) -> None:
        """Let the user pick a decision and its scope: files, an album, all conflicts of a kind, every conflict."""
        group, rows = self._group(), self._selected_conflicts()
        offers = decisions.offers(
            self._choices, self._planned_files, None if group else self._row_in_conflict(), group, rows
        )
        if not offers:
            self.notify("There is no conflict to decide.", timeout=3)
            return

        def on_pick(key: str | None) -> None:
            if key is not None:
                self._save(offers[int(key)][1]())

        self.app.push_screen(PickScreen("Decide", [option for option, _ in offers]), on_pick)

    def _row_in_conflict(self) -> int | None:
        row = self._row()
        return row if row is not None and self._planned_files.groups.of_row(row) else None

    # -- sidecars

    def action_give_sidecar(self) -> None:
        """Ask which sidecar belongs to the picture in focus, or assign the best one to each selected picture."""
        planned_files, row = self._planned_files, self._row()
        selected = [row for row in self._selected_rows() if planned_files.outcomes[row] == "unmatched"]
        if selected:
            self.run_worker(self._assign_to(selected), group="sidecars", exclusive=True)
        elif row is None or self._selected_rows() or planned_files.outcomes[row] != "unmatched":
            self.notify("A sidecar can be assigned only to a picture without one.", timeout=3)
        else:
            self._pick_sidecar(row)

    def _pick_sidecar(self, row: int) -> None:
        planned_files = self._planned_files
        options = [
            Option(f"{sidecar}", planned_files.names[sidecar], taken_text(planned_files, sidecar, True))
            for sidecar in likely_sidecars(planned_files, row)
        ]

        def on_pick(key: str | None) -> None:
            if key is not None:
                self._save([self._choices.assign_sidecar(row, int(key))])

        empty = "every sidecar in its folder belongs to a picture"
        self.app.push_screen(
            PickScreen(f"The sidecar of {planned_files.names[row]}", options, empty), on_pick
        )

    async def _assign_to(self, rows: list[int]) -> None:
        """Ask whether to assign to each of these pictures the sidecar that fits it best."""
        planned_files = self._planned_files
        likely = await asyncio.to_thread(most_likely_sidecars, planned_files, rows)
        if not likely:
            self.notify("No sidecar fits one of the selected pictures better than the others.", timeout=5)
            return
        pairs = [
            f"{planned_files.names[row]}: {planned_files.names[sidecar]}" for row, sidecar in likely.items()
        ]
        more = [f"and {len(pairs) - MAX_SHOWN:,} more"] if len(pairs) > MAX_SHOWN else []
        left = len(rows) - len(likely)
        note = [f"{file_count(left)} stay without a sidecar: none fits best."] if left else []
        text = "\n".join(
            ["The names, and the times if they agree, fit best:", *pairs[:MAX_SHOWN], *more, *note]
        )

        def on_answer(answer: str | None) -> None:
            if answer == "assign":
                self._save(self._choices.assign_sidecars(likely))

        answers = (("assign", f"Assign a sidecar to {file_count(len(likely))}"), ("back", "Back"))
        self.app.push_screen(ChoiceDialog("Assign sidecars?", text, answers), on_answer)

    # -- undo

    def action_undo(self) -> None:
        """Undo the last decision, or the decisions that were made in one step."""
        rules = self._choices.undo()
        if not rules:
            self.notify("Nothing was decided here.", timeout=3)
        else:
            self._save(rules, "Undone")

    def action_list_decisions(self) -> None:
        """List all decisions, including decisions of earlier runs, and remove the decision that the user picks."""
        rules = self._choices.rules
        options = [Option(f"{number}", decisions.rule_words(rule)) for number, rule in enumerate(rules)]

        def on_pick(key: str | None) -> None:
            if key is not None:
                self._save([self._choices.remove(int(key))], "Undone")

        self.app.push_screen(
            PickScreen("Decisions: Enter undoes one", options, "nothing is decided"), on_pick
        )

    def _save(self, rules: Sequence[DecisionRule], done: str = "Decided") -> None:
        """Save all decisions, and show `done` with the decisions that were added or removed."""
        if problem := decisions.save(self._session, self._choices):
            self.notify(problem, severity="error", markup=False)
        self.notify(f"{done}: {decisions.step_words(rules)}", timeout=3, markup=False)
        self._show_decisions()
