"""The app as numbered questions: for screen readers, and for terminals that cannot move the cursor."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from pef_tui.config import ConfigError, options, parse_text
from pef_tui.reporting.json_lines import summary_lines
from pef_tui.reporting.progress_report import ProgressReport
from pef_tui.sanitize import safe
from pef_tui.signals import SignalMonitor
from pef_tui.sources.found_exports import FoundExport
from pef_tui.tui.plain.decisions import decide, open_questions
from pef_tui.tui.plain.prompts import ask, menu, say
from pef_tui.tui.plain.results import history, report_path, undo, verify
from pef_tui.tui.session import recent
from pef_tui.tui.session.app_files import shown_path, typed_path, typed_sources
from pef_tui.tui.session.checks import Checks
from pef_tui.tui.session.export_search import ExportSearch, search_places, volumes
from pef_tui.tui.session.output_choice import roomy_output
from pef_tui.tui.session.preflight import IN_PLACE, size
from pef_tui.tui.session.run_thread import RunThread, exit_code
from pef_tui.tui.session.session import Session
from pef_tui.tui.session.survey import Survey, language_words
from pef_tui.tui.text.advice import advice, next_steps
from pef_tui.tui.text.found import found_text
from pef_tui.tui.text.values import value_text

SURVEY_TIMEOUT = 60.0
"""Maximum number of seconds to wait for the survey, which counts the files. It continues in its thread afterwards."""
TICK = 5.0
"""Seconds between two lines of progress."""
OFFERED_OPTIONS = (
    "existing",
    "timezone",
    "unmatched",
    "albums",
    "extensions",
    "xmp",
    "layout",
    "only",
    "on_hangup",
)


def plain(session: Session) -> int:
    """Ask questions and carry out runs until the user leaves. Return the exit code."""
    try:
        return _PlainApp(session).ask_all()
    except (EOFError, KeyboardInterrupt):
        say("")
        say("End of input: no more questions.")
    finally:
        session.close()
    return exit_code(session.run)


class _PlainApp:
    def __init__(self, session: Session) -> None:
        self._session = session
        self._checks = Checks(session)

    def ask_all(self) -> int:
        say("pef-tui: puts back into photos and videos what a Google Photos export leaves in JSON files.")
        if not self._session.settings.sources:
            self._sources()
        self._output()
        self._survey()
        while True:
            questions = open_questions(self._session.planned_files) or "after a preview"
            steps: dict[str, Callable[[], object]] = {
                "Preview: plan everything, write nothing": self._preview,
                "Run": self._run,
                "Options": self._options,
                "Other sources": self._change_sources,
                f"Decide: {questions}": lambda: decide(self._session),
                "Verify: read what the last run wrote again, and compare it": lambda: verify(self._session),
                "Undo the last run in place": lambda: undo(self._session),
                "History of the output folder": lambda: history(self._session),
                "Path of the report": lambda: report_path(self._session),
            }
            chosen = menu("What next?", list(steps), "Quit")
            if chosen < 0:
                return exit_code(self._session.run)
            list(steps.values())[chosen]()

    def _change_sources(self) -> None:
        self._session.change(sources=(), output="")
        self._sources()
        self._output()
        self._survey()

    # -- choosing

    def _offer(self) -> bool:
        """Offer the exports that a search finds and the sources of earlier runs. Return whether one was taken."""
        entries = recent.load(self._session.environ)
        search = ExportSearch(search_places(path for entry in entries for path in entry.sources))
        search.start()
        exports = search.wait()
        if not (exports or entries):
            return False
        # one path a line; "others" has the number 0 however many entries there are
        earlier = ["\n     ".join(safe(shown_path(path)) for path in entry.sources) for entry in entries]
        chosen = menu("Which sources?", [*map(found_text, exports), *earlier], "others")
        if 0 <= chosen < len(exports):
            self._take(exports[chosen])
        elif chosen >= 0:
            entry = entries[chosen - len(exports)]
            self._session.change(sources=entry.sources, output=entry.output)
        return chosen >= 0

    def _sources(self) -> None:
        if self._offer():
            return None
        say("")
        say(
            "Where is the export? Type a folder, or its parts (.zip, .tgz), one path or pattern (takeout-*.zip) per "
            "line; an empty line ends."
        )
        paths: list[str] = []
        while line := ask(f"Source {len(paths) + 1}:"):
            found, missing = typed_sources(line)
            for path in found:
                say(f"Added: {safe(shown_path(path))}")
            for word in missing:
                say(f"Not found: {safe(word)}")
            paths += [path for path in found if path not in paths]
        if not paths:
            return self._sources()
        return self._session.change(sources=tuple(paths))

    def _take(self, export: FoundExport) -> None:
        """Take a found export as sources, and an output folder that has room for it."""
        self._session.change(sources=export.sources)
        if not self._session.settings.in_place and not self._session.settings.output:
            output = roomy_output(self._session.output, export.size, volumes())
            if output != self._session.output:
                self._session.change(output=output)

    def _output(self) -> None:
        if self._session.settings.in_place:
            say(f"{IN_PLACE[0].upper()}{IN_PLACE[1:]}.")
            return
        line = ask(f"Output folder [{safe(shown_path(self._session.output))}]:")
        if line:
            self._session.change(output=os.path.abspath(typed_path(line)))

    def _survey(self) -> None:
        survey = self._session.start_survey()
        self._checks.start()
        deadline = time.monotonic() + SURVEY_TIMEOUT
        while not (survey.is_over and self._checks.is_over) and time.monotonic() < deadline:
            time.sleep(0.05)
        say("")
        if survey.error:
            say(survey.error)
        else:
            say(_survey_words(survey))
        for head, _, words in self._checks.rows():
            say(f"{head}: {words}")

    def _options(self) -> None:
        names = [name for name in OFFERED_OPTIONS if name in options()]
        while True:
            answers = [
                f"{name} = {safe(value_text(getattr(self._session.settings, name)))}   {options()[name].text}"
                for name in names
            ]
            chosen = menu("Which option?", answers, "back")
            if chosen < 0:
                return
            option = options()[names[chosen]]
            try:
                value = parse_text(option.name, ask(f"{option.name} ({option.allowed}):"))
            except ConfigError as error:
                say(str(error))
                continue
            self._session.change(**{option.name: value})

    # -- preview and run

    def _preview(self) -> None:
        if self._is_blocked():
            return
        preview = self._session.start_preview()
        self._wait(preview)
        self._report(preview)
        planned_files = self._session.planned_files
        if planned_files is None:
            return
        for (unit, kind), count in planned_files.figures.conflicts.most_common(10):
            say(f"{count:>9,} conflicts with Google in {safe(unit)}: {safe(kind) or 'another value'}")
        for cause, count in planned_files.figures.warnings.counts.most_common(10):
            say(f"{count:>9,} {safe(cause, 200)}")

    def _run(self) -> None:
        if self._is_blocked():
            return
        run = self._session.start_run()
        self._wait(run)
        self._report(run)
        if (stats := self._session.stats) is not None:
            for causes in (stats.failures, stats.unmatched):
                for cause, count in causes.counts.most_common(10):
                    say(f"{count:>9,} {safe(cause, 200)}. {advice(cause)}")
        output = run.progress.output or run.settings.output
        say("Next steps:")
        for step in next_steps(run.progress, run.ending, run.error, output):
            say(f"  {step.name}: {safe(step.text, 1000)}")
            if step.command:
                say(f"    {safe(step.command, 5000)}")
        report_path(self._session)
        if (
            run.ending == "done"
            and run.progress.failed
            and menu("Some failed.", ["retry them now"], "continue") == 0
        ):
            self._session.change(retry_failed=True)
            self._run()
            self._session.change(retry_failed=False)

    def _is_blocked(self) -> bool:
        if problem := self._checks.stop_reason():
            say(problem)
        return bool(problem)

    def _wait(self, run: RunThread) -> None:
        """Wait until the run ends. The first Ctrl-C stops it after the batches in progress, the second immediately."""

        def stop(number: int, first: bool) -> None:
            if number == signal.SIGHUP and run.settings.on_hangup == "finish":
                return
            if not first and number != signal.SIGHUP:
                os._exit(128 + number)
            run.stop()
            say("Stopping after the current batch; press Ctrl-C again to stop immediately.")

        progress_report = ProgressReport(run.progress)

        def show_progress() -> None:
            if not run.is_over:
                say(progress_report.text())

        with SignalMonitor(stop, show_progress, show_progress, TICK):
            run.join()

    def _report(self, run: RunThread) -> None:
        say("")
        for line in summary_lines(run.progress, run.settings.dry_run):
            say(line)
        if run.error:
            say(run.error)
        for note in run.progress.notes:
            say(safe(note))


def _survey_words(survey: Survey) -> str:
    years = sorted(survey.years)
    year_words = f", {years[0]} to {years[-1]}" if years else ""
    counting = "" if survey.is_over else " so far"
    languages = f", {words}" if (words := language_words(survey)) else ""
    return (
        f"{survey.photos:,} pictures, {survey.videos:,} videos, {survey.sidecars:,} JSON files, {size(survey.bytes)}"
        f"{year_words}{languages}{counting}."
    )
