"""`--anonymise`: write a listing of an export, with all words replaced, for a bug report."""

from __future__ import annotations

import os

from pef_tui.anonymise.listing import Anonymiser, ListingCounts, is_inside, listing_lines
from pef_tui.errors import RunError, UsageError
from pef_tui.pipeline.source_args import as_sources, source_list
from pef_tui.plugins.host import PluginHost
from pef_tui.progress import Notes
from pef_tui.reporting.console import Console
from pef_tui.reporting.html.report_file import report_problem, write_atomically
from pef_tui.sanitize import safe

OK, FAILED, USAGE_ERROR, INCOMPLETE = 0, 1, 2, 3
"""Exit codes; the last: parts of the sources could not be read."""


def anonymise(host: PluginHost) -> int:
    """Write the listing of the sources to the file of `--output`. Return the exit code."""
    settings, console = host.settings, Console(host.settings.quiet)
    if not settings.output:
        console.error("--anonymise needs the file to write: pef-tui --anonymise SOURCE -o FILE")
        return USAGE_ERROR
    counts, notes = ListingCounts(), Notes()
    try:
        arguments = source_list(settings)
        scanners = host.registered("pef_scanners", notes)
        sources = as_sources(arguments.paths, scanners)
        if is_inside(settings.output, arguments.paths):
            raise UsageError(
                f"{safe(settings.output)}: is in SOURCE, which is not changed; name another file"
            )
        if problem := report_problem(settings.output):
            raise UsageError(f"{safe(settings.output)}: {problem}")
        write_atomically(
            os.path.abspath(settings.output), listing_lines(sources, scanners, Anonymiser(), counts)
        )
    except UsageError as error:
        console.error(str(error))
        return USAGE_ERROR
    except (RunError, OSError) as error:
        console.error(str(error) if isinstance(error, RunError) else f"{safe(str(error))}")
        return FAILED
    for note in (*arguments.warnings, *notes, *counts.problems):
        console.say(safe(note), always=True)
    console.say(
        f"{counts.files:,} files, {counts.json:,} of them JSON, are listed in {safe(settings.output)}. "
        "Read it before you send it."
    )
    return INCOMPLETE if counts.problems else OK
