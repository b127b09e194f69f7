"""Start the run from the Review screen, after a question if the user must know something before."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

from textual.app import App

from pef_tui.sanitize import safe
from pef_tui.tui.screens.dialogs import ChoiceDialog
from pef_tui.tui.session.app_files import shown_path
from pef_tui.tui.session.session import Session

ANSWERS = (("back", "Back to the review"), ("run", "Start the run"))


def start_run(app: App[Any], session: Session, always_ask: bool = False) -> None:
    """Start the run and show the Run screen. If there is anything in `reasons_to_ask`, ask first.

    `always_ask`: ask also if there is nothing to tell.

    If a check forbids the run, only show the reason.
    """
    pef_app: Any = app
    if session.is_running:
        pef_app.go("run")
        return
    if session.checks is not None and (problem := session.checks.stop_reason()):
        app.notify(problem, severity="error", markup=False, timeout=8)
        return
    reasons = list(reasons_to_ask(session))
    if always_ask and not reasons:
        reasons = [f"It writes to {safe(shown_path(session.output))} what the preview shows."]
    if not reasons:
        pef_app.go("run")
        return

    def on_answer(answer: str | None) -> None:
        if answer == "run":
            pef_app.go("run")

    in_place = session.settings.in_place and not session.settings.dry_run
    title = "Change the files in the source?" if in_place else "Start the run?"
    app.push_screen(ChoiceDialog(title, "\n".join(reasons), ANSWERS), on_answer)


def reasons_to_ask(session: Session) -> Iterator[str]:
    """Yield what the user must know before the run, one sentence each: in place, an incomplete preview, warnings."""
    if session.settings.in_place and not session.settings.dry_run:
        yield from _about_in_place(session)
    preview = session.preview
    if preview is None or not preview.is_over:
        yield "The preview is not complete: problems that it would show are not known yet."
    elif preview.ending != "done":
        yield f"The preview {preview.ending}: problems that it would show are not known."
    elif session.is_preview_outdated:
        yield "The settings were changed after the preview, so this run differs from it."
    if session.checks is not None:
        yield from (f"Warning: {text}" for text in session.checks.warnings())


def _about_in_place(session: Session) -> Iterator[str]:
    planned_files, preview = session.planned_files, session.preview
    source = safe(session.output)
    if planned_files is not None and preview is not None and session.is_preview_current:
        counts = planned_files.outcomes.counts()
        changed, with_xmp = counts.get("written", 0), counts.get("sidecar", 0)
        yield (
            f"This run changes {changed:,} {'file' if changed == 1 else 'files'} in {source} itself"
            + (
                f", and writes {with_xmp:,} XMP {'file' if with_xmp == 1 else 'files'} there."
                if with_xmp
                else "."
            )
        )
    else:
        yield f"This run changes files in {source} itself."
    yield f"To undo the run: the Done screen offers it; later, pef-tui --undo last {shlex.quote(source)}"
