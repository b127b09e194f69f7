"""A new packet is, byte for byte, the result of a merge into an empty packet."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pef_tui.model import TagEdit
from pef_tui.xmp import can_write, is_list, merge
from pef_tui.xmp.names import BY_TAG
from pef_tui.xmp.new_packet import PACKET_END, PACKET_START

TAGS = sorted(tag for tag in BY_TAG if can_write(tag))
TEXTS = st.text(max_size=12) | st.sampled_from(
    ["", " ", "a\r\n\tb", "<b>&amp;'\"", "\x00\x85\u2028\ud800\ufeff", "5/3"]
)
VALUES = TEXTS | st.integers(-9, 999) | st.floats(-180, 180) | st.none()
LISTS = st.lists(TEXTS, max_size=3).map(tuple)


@st.composite
def edits(draw: st.DrawFn) -> list[TagEdit]:
    tags = draw(st.lists(st.sampled_from(TAGS), max_size=6, unique=True))
    return [TagEdit(tag, draw(VALUES | LISTS if is_list(tag) else VALUES)) for tag in tags]


@given(edits())
def test_it_is_what_merging_gives(edits: list[TagEdit]) -> None:
    assert merge(None, edits) == (merge((PACKET_START + PACKET_END).encode(), edits).rstrip(b"\n") + b"\n")


def test_an_edit_for_the_same_property_twice_counts_last() -> None:
    twice = [TagEdit("XMP-xmp:Rating", 5), TagEdit("XMP-dc:Source", "x"), TagEdit("XMP-xmp:Rating", 4)]
    assert b"<xmp:Rating>4</xmp:Rating>" in merge(None, twice)
