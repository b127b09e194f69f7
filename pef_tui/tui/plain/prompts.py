"""Write lines and ask questions in the plain app."""

from __future__ import annotations

import sys
from collections.abc import Sequence

PAGE = 20
"""Number of answers that are listed at once."""


def say(text: str) -> None:
    """Write one line. Control characters in `text` must be escaped by the caller."""
    sys.stdout.write(text.encode("utf-8", "backslashreplace").decode() + "\n")
    sys.stdout.flush()


def ask(text: str) -> str:
    """Ask a question, and return the line that the user types. Raises EOFError at the end of the input."""
    sys.stdout.write(text + " ")
    sys.stdout.flush()
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.strip()


def menu(title: str, answers: Sequence[str], leave: str = "") -> int:
    """Let the user choose one of `answers`, and return its index; -1 for `leave`.

    The answer `leave` always has the number 0; "" for no such answer. Control characters in the texts must be escaped
    by the caller.
    """
    say("")
    say(title)
    for number, words in enumerate(answers, 1):
        say(f"  {number}  {words}")
    if leave:
        say(f"  0  {leave}")
    return _number(len(answers), bool(leave))


def _number(count: int, can_leave: bool, line: str | None = None) -> int:
    """Request a number until it is valid, and return it less 1. `line`: an answer that was typed already."""
    lowest = 0 if can_leave else 1
    while True:
        line = ask("Number:") if line is None else line
        if line.isdecimal() and lowest <= int(line) <= count:
            return int(line) - 1
        say(f"Type a number from {lowest} to {count}.")
        line = None


def pick(title: str, answers: Sequence[str]) -> int | None:
    """Let the user choose one of `answers`, shown in pages of `PAGE` answers. Return its index; None for "back".

    An answer has the same number on every page. An empty line shows the next page.
    """
    start = 0
    while True:
        say("")
        say(title)
        page = answers[start : start + PAGE]
        for number, words in enumerate(page, start + 1):
            say(f"  {number}  {words}")
        say("  0  back")
        start += PAGE
        if start >= len(answers):
            line = None
        elif not (line := ask(f"Number, or Enter for more of {len(answers):,}:")):
            continue
        chosen = _number(len(answers), True, line)
        return None if chosen < 0 else chosen
