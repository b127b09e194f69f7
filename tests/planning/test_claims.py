from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pef_tui.filesystem.claimed_names import NameClaims


@given(st.lists(st.text(max_size=6)), st.lists(st.text(max_size=6)))
def test_it_is_a_set(added: list[str], candidates: list[str]) -> None:
    claims = NameClaims()
    for text in added:
        claims.add(text)
    assert len(claims) == len(set(added))
    assert [text in claims for text in candidates] == [text in set(added) for text in candidates]


def test_it_grows_and_stays_small() -> None:
    claims = NameClaims()
    for number in range(20_000):
        claims.add(f"Photos from 2019/IMG_{number:05}.jpg")
    assert len(claims) == 20_000
    assert all(f"Photos from 2019/IMG_{number:05}.jpg" in claims for number in range(0, 20_000, 7))
    assert "Photos from 2019/IMG_20000.jpg" not in claims
    assert claims.__sizeof__() + len(claims._table) * 8 < 20_000 * 30
