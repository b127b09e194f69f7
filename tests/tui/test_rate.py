from __future__ import annotations

import pytest

from pef_tui.reporting.rate import RateMeter, rough_duration, sparkline
from pef_tui.sanitize import cells, single_emoji
from pef_tui.tui.text.safe_content import safe_content


def test_the_remaining_time_follows_the_speed_and_ignores_pauses() -> None:
    rate = RateMeter()
    for second in range(11):
        rate.sample(100.0 + second, second * 10, second * 1000, second / 100, False)
    assert rate.speed() == (10, 1000)
    assert rate.remaining(1.0) == pytest.approx(90)
    for second in range(11, 1000):
        rate.sample(100.0 + second, 100, 10_000, 0.1, True)
    assert rate.remaining(1.0) == pytest.approx(90)
    assert len(rate.files) == 10


def test_there_is_no_remaining_time_without_enough_samples() -> None:
    rate = RateMeter()
    assert rate.remaining(1) is None
    rate.sample(1, 0, 0, 0, False)
    rate.sample(2, 5, 0, 0.1, False)
    assert rate.remaining(1) is None
    for second in range(3, 30):
        rate.sample(second, 5, 0, 0.0, False)
    assert rate.remaining(1) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (2, "a few seconds"),
        (44, "about 40 s"),
        (89, "about 90 s"),
        (150, "about 2 min"),
        (7_300, "about 2 h 00 min"),
    ],
)
def test_remaining_times_are_rounded(seconds: float, words: str) -> None:
    assert rough_duration(seconds) == words


def test_sparklines_scale_to_their_maximum() -> None:
    rate = RateMeter()
    rate.files.extend((0, 1, 2, 4))
    assert sparkline(rate.files, 10) == "▁▃▅█"
    assert sparkline(rate.files, 2) == "▅█"
    assert sparkline(rate.bytes, 10) == ""


def test_emoji_sequences_have_one_width_in_every_terminal() -> None:
    family, heart, hand = "\U0001f469\u200d\U0001f469\u200d\U0001f467", "\u2764\ufe0f", "\U0001f44b\U0001f3fd"
    assert single_emoji(f"{family}.jpg") == "\U0001f469\U0001f469\U0001f467.jpg"
    assert cells(single_emoji(family)) == 6 and cells(single_emoji(hand)) == 2
    assert single_emoji(heart) == "\u2764"
    assert safe_content((f"{family}.jpg", "bold")).cell_length == 10
