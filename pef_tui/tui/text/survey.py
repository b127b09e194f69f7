"""Text of the survey on the Choose screen."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from pef_tui.sources.export_parts import NumberedParts
from pef_tui.tui.session.preflight import size
from pef_tui.tui.session.survey import Survey, language_words
from pef_tui.tui.text.found import number_list
from pef_tui.tui.text.safe_content import lines, safe_content


def survey_words(survey: Survey | None) -> Content:
    """Return the counts of the survey, in at most seven lines."""
    if survey is None:
        return safe_content("")
    if survey.error:
        return safe_content(("Cannot be read: ", "bold $text-error"), survey.error)
    counting = "" if survey.is_over else "  counting ..."
    rows = [
        safe_content(
            (f"{survey.photos:>9,}", "bold"),
            " pictures   ",
            (f"{survey.videos:,}", "bold"),
            f" videos{counting}",
        ),
        safe_content((f"{survey.sidecars:>9,}", "bold"), f" JSON files   {survey.other_files:,} others"),
        safe_content(
            (f"{size(survey.bytes):>9}", "bold"),
            f" in {_number(survey.folders, 'folder')} of {_number(survey.parts, 'source')}{_years(survey)}",
        ),
    ]
    if parts := parts_text(survey.exports):
        rows.append(safe_content((parts, "$text-warning" if _any_missing(survey.exports) else "")))
    if languages := language_words(survey):
        rows.append(safe_content(" " * 10 + languages))
    if survey.packed_bytes:
        rows.append(safe_content(f"{size(survey.packed_bytes):>9} packed (.tgz): counted by the preview"))
    if survey.is_over and not survey.packed_bytes and not survey.photos + survey.videos:
        rows.append(safe_content(("No pictures or videos here.", "$text-warning")))
    elif survey.is_over and not survey.packed_bytes and not survey.sidecars:
        rows.append(safe_content(("No JSON files: is this an export of Google Photos?", "$text-warning")))
    return lines(rows)


def parts_text(exports: Sequence[NumberedParts]) -> str:
    """Return how many parts there are and which are missing: `12 parts of one export, number 5 is missing`.

    The number of parts has the width of the other counts.
    """
    numbered = [export for export in exports if len(export.paths) > 1 or export.missing]
    if not numbered:
        return ""
    total = sum(len(export.paths) for export in numbered)
    count = f"{total:>9,} part{'s' * (total != 1)}"
    whole = "one export" if len(numbered) == 1 else f"{len(numbered)} exports"
    missing = [number for export in numbered for number in export.missing]
    if not missing:
        return f"{count} of {whole}, no number is missing"
    noun, verb = ("number", "is") if len(missing) == 1 else ("numbers", "are")
    return f"{count} of {whole}, {noun} {number_list(missing)} {verb} missing"


def _any_missing(exports: Sequence[NumberedParts]) -> bool:
    return any(export.missing for export in exports)


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + "s" * (count != 1)


def _years(survey: Survey) -> str:
    years = sorted(dict(survey.years))
    if not years:
        return ""
    return f", {years[0]}" if len(years) == 1 else f", {years[0]} to {years[-1]}"
