"""What a plugin's writer answers when it composes a file, or fits it to the disk, is looked at before it is used."""

import io
from collections.abc import Callable

import pytest

from pef_tui.guard import Watched
from pef_tui.hooks import Span, Writer
from pef_tui.isolate import isolated
from pef_tui.model import Match, MediaFile, Plan

PLAN = Plan(Match(MediaFile(0, "a.jpg", 9, 0), ""), "written")


def _fails(*about: object) -> object:
    raise ValueError("odd")


@pytest.mark.parametrize(
    ("answer", "word", "said"),
    [
        (lambda *about: [b"x", Span(0, 9)], "pieces", ""),
        (lambda *about: [b"x", 7], "declined", "composes of bytes and Spans"),
        (lambda *about: None, "declined", "TypeError"),
        (_fails, "declined", "ValueError: odd"),
    ],
    ids=["pieces", "no pieces", "nothing", "raises"],
)
def test_composing_and_fitting(answer: Callable[..., object], word: str, said: str) -> None:
    notes: list[str] = []
    given = Writer("w", lambda plan: True, _fails, compose=answer, fit=answer)  # type: ignore[arg-type]
    writer = isolated(given, Watched("writer", "mine", "w", notes))
    for made in (writer.compose(PLAN, io.BytesIO(bytes(9))), writer.fit(PLAN, io.BytesIO(bytes(9)), 100)):
        assert made == [b"x", Span(0, 9)] if word == "pieces" else made.word == word and said in made.reason
    assert len(notes) == bool(said) and all("writer w of plugin mine" in note for note in notes)


def test_a_writer_that_cannot_fit_stays_one() -> None:
    writer = isolated(Writer("w", lambda plan: True, _fails), Watched("writer", "mine", "w", []))  # type: ignore[arg-type]
    assert writer.compose is None and writer.fit is None
