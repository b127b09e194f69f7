"""Lines said and questions asked, without a screen."""

from __future__ import annotations

import sys
from collections.abc import Sequence

PAGE = 20
"""Answers that are listed at once."""


def say(text: str) -> None:
    """One line; the text is safe already."""
    sys.stdout.write(text.encode("utf-8", "backslashreplace").decode() + "\n")
    sys.stdout.flush()


def ask(text: str) -> str:
    """What is typed. Raises EOFError at the end of the input."""
    sys.stdout.write(text + " ")
    sys.stdout.flush()
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.strip()


def menu(title: str, answers: Sequence[str]) -> int:
    """The number of the answer, from 0. Answers are safe to show."""
    say("")
    say(title)
    for number, words in enumerate(answers, 1):
        say(f"  {number}  {words}")
    while True:
        given = ask("Number:")
        if given.isdecimal() and 1 <= int(given) <= len(answers):
            return int(given) - 1
        say(f"A number from 1 to {len(answers)}.")


def pick(title: str, answers: Sequence[str]) -> int | None:
    """The number of the answer, from 0, out of however many, a page at a time; None for none of them."""
    start = 0
    while True:
        page = answers[start : start + PAGE]
        further = ["more"] if start + PAGE < len(answers) else []
        chosen = menu(title, [*page, *further, "back"])
        if chosen < len(page):
            return start + chosen
        if not further or chosen > len(page):
            return None
        start += PAGE
