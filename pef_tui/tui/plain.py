"""The same questions as numbered lines: for screen readers, printers of paper, and terminals that can do nothing."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from pef_tui.config import ConfigError, options, typed
from pef_tui.display import safe
from pef_tui.report import counts, summary
from pef_tui.tui import recent
from pef_tui.tui.advice import NEXT_STEPS, advice
from pef_tui.tui.before import IN_PLACE, size
from pef_tui.tui.checks import Checks
from pef_tui.tui.flow import Flow
from pef_tui.tui.places import shown_path, typed_path
from pef_tui.tui.plain_asking import ask, menu, say
from pef_tui.tui.plain_deciding import decide, open_questions
from pef_tui.tui.status import exit_code
from pef_tui.tui.survey import Survey, language_words
from pef_tui.tui.work import Work
from pef_tui.watch import Watch

PATIENCE = 60.0
"""Seconds that are waited for the survey; it counts on."""
TICK = 5.0
"""Seconds between two lines of progress."""
ASKED = ("existing", "timezone", "unmatched", "albums", "extensions", "xmp", "layout", "only", "on_hangup")


def plain(flow: Flow) -> int:
    """From the first question to the last line; the exit code."""
    try:
        return _Talk(flow).whole()
    except (EOFError, KeyboardInterrupt):
        say("")
        say("Nothing more is asked.")
    finally:
        flow.close()
    return exit_code(flow.run)


class _Talk:
    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._checks = Checks(flow)

    def whole(self) -> int:
        say("pef-tui: puts back into photos and videos what a Google Photos export leaves in JSON files.")
        if not self._flow.settings.sources:
            self._sources()
        self._output()
        self._look()
        while True:
            steps: dict[str, Callable[[], object]] = {
                "Preview: plan everything, write nothing": self._preview,
                "Run": self._run,
                "Options": self._options,
                "Other sources": self._again,
            }
            if questions := open_questions(self._flow.planned):
                steps[f"Decide: {questions}"] = lambda: decide(self._flow)
            steps["Leave"] = lambda: None
            chosen = menu("What now?", list(steps))
            list(steps.values())[chosen]()
            if chosen == len(steps) - 1:
                return exit_code(self._flow.run)

    def _again(self) -> None:
        self._flow.change(sources=(), output="")
        self._sources()
        self._output()
        self._look()

    # -- choosing

    def _sources(self) -> None:
        kept = recent.load(self._flow.environ)
        if kept:
            shown = [safe(", ".join(map(shown_path, each.sources))) for each in kept]
            chosen = menu("Which sources?", [*shown, "others"])
            if chosen < len(kept):
                self._flow.change(sources=kept[chosen].sources, output=kept[chosen].output)
                return None
        say("")
        say("Where is the export? A folder, or its parts (.zip, .tgz): one path a line, an empty line ends.")
        found: list[str] = []
        while line := ask(f"Source {len(found) + 1}:"):
            path = os.path.abspath(typed_path(line))
            if os.path.exists(path):
                found.append(path)
            else:
                say(f"There is no {safe(path)}.")
        if not found:
            return self._sources()
        return self._flow.change(sources=tuple(found))

    def _output(self) -> None:
        if self._flow.settings.in_place:
            say(f"{IN_PLACE[0].upper()}{IN_PLACE[1:]}.")
            return
        line = ask(f"Output folder [{safe(shown_path(self._flow.output))}]:")
        if line:
            self._flow.change(output=os.path.abspath(typed_path(line)))

    def _look(self) -> None:
        survey = self._flow.start_survey()
        self._checks.begin()
        until = time.monotonic() + PATIENCE
        while not (survey.over and self._checks.over) and time.monotonic() < until:
            time.sleep(0.05)
        say("")
        if survey.error:
            say(survey.error)
        else:
            say(_survey_words(survey))
        for head, _, words in self._checks.words():
            say(f"{head}: {words}")

    def _options(self) -> None:
        names = [name for name in ASKED if name in options()]
        while True:
            shown = [
                f"{name} = {safe(str(getattr(self._flow.settings, name)))}   {options()[name].text}"
                for name in names
            ]
            chosen = menu("Which option?", [*shown, "back"])
            if chosen == len(names):
                return
            option = options()[names[chosen]]
            try:
                value = typed(option.name, ask(f"{option.name} ({option.allowed}):"))
            except ConfigError as error:
                say(str(error))
                continue
            self._flow.change(**{option.name: value})

    # -- going

    def _preview(self) -> None:
        if self._stands_in_the_way():
            return
        work = self._flow.start_preview()
        self._wait(work)
        self._tell(work)
        planned = self._flow.planned
        if planned is None:
            return
        for (unit, kind), count in planned.figures.conflicts.most_common(10):
            say(f"{count:>9,} differ from Google in {safe(unit)}: {safe(kind) or 'another value'}")
        for cause, count in planned.figures.warnings.counts.most_common(10):
            say(f"{count:>9,} {safe(cause, 200)}")

    def _run(self) -> None:
        if self._stands_in_the_way():
            return
        work = self._flow.start_run()
        self._wait(work)
        self._tell(work)
        if (figures := self._flow.figures) is not None:
            for causes in (figures.failures, figures.unmatched):
                for cause, count in causes.counts.most_common(10):
                    say(f"{count:>9,} {safe(cause, 200)}. {advice(cause)}")
        if work.ending == "done":
            say("What next:")
            for who, how in NEXT_STEPS:
                say(f"  {who}: {how.replace('{output}', safe(shown_path(work.progress.output)))}")
            if work.progress.failed and menu("Some failed.", ["go on", "retry those now"]):
                self._flow.change(retry_failed=True)
                self._run()
                self._flow.change(retry_failed=False)

    def _stands_in_the_way(self) -> bool:
        if problem := self._checks.stopping():
            say(problem)
        return bool(problem)

    def _wait(self, work: Work) -> None:
        """Until it is over; the first Ctrl-C stops it after the batch in hand, the second leaves."""

        def stop(number: int, first: bool) -> None:
            if number == signal.SIGHUP and work.settings.on_hangup == "finish":
                return
            if not first and number != signal.SIGHUP:
                os._exit(128 + number)
            work.stop()
            say("Stopping after the batch in hand; once more to leave at once.")

        def tell() -> None:
            if not work.over:
                say(counts(work.progress))

        with Watch(stop, tell, tell, TICK):
            work.join()

    def _tell(self, work: Work) -> None:
        say("")
        for line in summary(work.progress, work.settings.dry_run):
            say(line)
        if work.error:
            say(work.error)
        for note in work.progress.notes:
            say(safe(note))


def _survey_words(survey: Survey) -> str:
    years = sorted(survey.years)
    when = f", {years[0]} to {years[-1]}" if years else ""
    counting = "" if survey.over else " so far"
    languages = f", {words}" if (words := language_words(survey)) else ""
    return (
        f"{survey.photos:,} pictures, {survey.videos:,} videos, {survey.sidecars:,} JSON files, {size(survey.bytes)}"
        f"{when}{languages}{counting}."
    )
