"""The answer of a plugin's writer that composes or aligns a file is checked before it is used."""

import io
from collections.abc import Callable

import pytest

from pef_tui.hooks import Span, Writer
from pef_tui.model import Match, MediaFile, Plan
from pef_tui.plugins.calls import RegistrationMonitor
from pef_tui.plugins.wrappers import wrap_registration
from pef_tui.progress import Notes

PLAN = Plan(Match(MediaFile(0, "a.jpg", 9, 0), ""), "written")


def _fails(*about: object) -> object:
    raise ValueError("odd")


@pytest.mark.parametrize(
    ("answer", "word", "text"),
    [
        (lambda *about: [b"x", Span(0, 9)], "pieces", ""),
        (lambda *about: [b"x", 7], "declined", "composes of bytes and Spans"),
        (lambda *about: None, "declined", "TypeError"),
        (_fails, "declined", "ValueError: odd"),
    ],
    ids=["pieces", "no pieces", "nothing", "raises"],
)
def test_composing_and_fitting(answer: Callable[..., object], word: str, text: str) -> None:
    notes = Notes()
    inputs = Writer("w", lambda plan: True, _fails, compose=answer, _compose_aligned=answer)  # type: ignore[arg-type]
    writer = wrap_registration(inputs, RegistrationMonitor("writer", "mine", "w", notes))
    for sample in (
        writer.compose(PLAN, io.BytesIO(bytes(9))),
        writer._compose_aligned(PLAN, io.BytesIO(bytes(9)), 100),
    ):
        assert (
            sample == [b"x", Span(0, 9)]
            if word == "pieces"
            else sample.outcome == word and text in sample.reason
        )
    assert len(notes) == bool(text) and all("writer w of plugin mine" in note for note in notes)


def test_a_writer_that_cannot_fit_stays_one() -> None:
    inputs = Writer("w", lambda plan: True, _fails)  # type: ignore[arg-type]
    writer = wrap_registration(inputs, RegistrationMonitor("writer", "mine", "w", Notes()))
    assert writer.compose is None and writer._compose_aligned is None
