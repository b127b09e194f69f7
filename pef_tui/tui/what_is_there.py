"""The survey in words, as it counts."""

from __future__ import annotations

from textual.content import Content

from pef_tui.tui.before import size
from pef_tui.tui.content import lines, said
from pef_tui.tui.survey import Survey, language_words


def survey_words(survey: Survey | None) -> Content:
    """What is there, in at most six lines."""
    if survey is None:
        return lines(
            [said("Type the path of an export or of its parts,"), said("or pick it in the tree with Enter.")]
        )
    if survey.error:
        return said(("Not to be read: ", "bold $text-error"), survey.error)
    counting = "" if survey.over else "  counting ..."
    rows = [
        said(
            (f"{survey.photos:>9,}", "bold"),
            " pictures   ",
            (f"{survey.videos:,}", "bold"),
            f" videos{counting}",
        ),
        said((f"{survey.sidecars:>9,}", "bold"), f" JSON files   {survey.others:,} others"),
        said(
            (f"{size(survey.bytes):>9}", "bold"),
            f" in {_number(survey.folders, 'folder')} of {_number(survey.parts, 'source')}{_years(survey)}",
        ),
    ]
    if languages := language_words(survey):
        rows.append(said(" " * 10 + languages))
    if survey.packed:
        rows.append(said(f"{size(survey.packed):>9} packed (.tgz): counted by the preview"))
    if survey.over and not survey.packed and not survey.photos + survey.videos:
        rows.append(said(("No pictures or videos here.", "$text-warning")))
    elif survey.over and not survey.packed and not survey.sidecars:
        rows.append(said(("No JSON files: is this an export of Google Photos?", "$text-warning")))
    return lines(rows)


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}" + "s" * (count != 1)


def _years(survey: Survey) -> str:
    years = sorted(dict(survey.years))
    if not years:
        return ""
    return f", {years[0]}" if len(years) == 1 else f", {years[0]} to {years[-1]}"
