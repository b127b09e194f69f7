"""The words of what is done to the result of a run."""

from __future__ import annotations

from textual.content import Content

from pef_tui.tui.chore import Chore
from pef_tui.tui.content import lines, said
from pef_tui.tui.run_words import bar

WIDTH = 56
"""Cells of the bar."""


def chore_words(chore: Chore) -> Content:
    """How far it is, or what came of it."""
    if chore.over:
        return ending(chore)
    word = "stopping after the files in hand" if chore.stopping.is_set() else _far(chore)
    if not chore.total:
        return said(word)
    part = min(chore.done / chore.total, 1.0)
    return lines([bar(part, WIDTH - 7), said(word)])


def _far(chore: Chore) -> str:
    if chore.name == "undo":
        return f"{_files(chore.done)} put back"
    wrong = f", {chore.wrong:,} not as written" if chore.wrong else ""
    return f"{chore.done:,} of {_files(chore.total)} read back{wrong}"


def ending(chore: Chore) -> Content:
    """What came of it, in a sentence or two."""
    if chore.error:
        return said(("It failed: ", "bold $text-error"), chore.error)
    stopped = "" if chore.whole else "Stopped. "
    if chore.name == "undo":
        right = chore.done - chore.wrong
        rest = ". The rest can be undone by asking again." if stopped else "."
        left = f", {chore.wrong:,} left as found" if chore.wrong else ""
        style = "bold $text-warning" if stopped or chore.wrong else "bold $text-success"
        return said((stopped or "Undone. ", style), f"{_files(right)} put back as before{left}{rest}")
    if chore.wrong:
        told = f"{chore.wrong:,} of {_files(chore.done)} not as written. What is wrong counts as failed now: "
        told += "retry does those again that nobody else changed."
        return said((stopped, "bold $text-warning"), ("Wrong. ", "bold $text-error"), told)
    if stopped:
        told = f"{chore.done:,} of {_files(chore.total)} read back, each as written."
        return said((stopped, "bold $text-warning"), told)
    return said(("Right. ", "bold $text-success"), f"{_files(chore.done)} read back, each as written.")


def files_words(chore: Chore) -> Content:
    """The files with something wrong, the first of them."""
    rows = [said(file.path, ("  " + file.wrong, "dim")) for file in list(chore.files)]
    if chore.wrong > len(rows):
        rows.append(said((f"and {chore.wrong - len(rows):,} more", "dim")))
    return lines(rows)


def _files(count: int) -> str:
    return f"{count:,} file{'s' * (count != 1)}"
