import pytest
from hypothesis import given
from hypothesis import strategies as st

from pef_tui.takeout import naming as names
from pef_tui.takeout.naming import Reading

EMOJI = "\U0001f600"
TEXT = st.text(st.sampled_from(f"ab 1.-_(é\u0301ß漢{EMOJI}"), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("length", "ending"),
    [
        (24, ".jpg.supplemental-metadata.json"),
        (25, ".jpg.supplemental-metadat.json"),
        (44, ".jpg.s.json"),
        (45, ".jpg..json"),
        (46, "x.jpg.json"),
        (47, "x.jp.json"),
        (48, "x.j.json"),
        (49, "x..json"),
        (50, "x.json"),
        (60, "x.json"),
    ],
)
def test_sidecar_names_are_cut_at_46(length: int, ending: str) -> None:
    title = "x" * (length - 4) + ".jpg"
    name = names.sidecar_name(title, 0)
    assert name.endswith(ending)
    assert len(name) == min(46, length + len(names.SUPPLEMENTAL)) + 5


@pytest.mark.parametrize(
    ("title", "counter", "suffix", "expected"),
    [
        ("photo.jpg", 0, "", "photo.jpg"),
        ("photo.jpg", 3516, "", "photo(3516).jpg"),
        ("photo.jpg", 1, "-edited", "photo-edited(1).jpg"),
        ("x" * 47 + ".jpg", 0, "", "x" * 47 + ".jpg"),
        ("x" * 60 + ".jpg", 2, "", "x" * 47 + "(2).jpg"),
        ("x" * 60 + ".jpeg", 0, "", "x" * 46 + ".jpeg"),
        ("x" * 43 + ".jpg", 0, "-edited", "x" * 43 + "-edi.jpg"),
        ("x" * 46 + ".jpg", 0, "-edited", "x" * 46 + "-.jpg"),
        ("x" * 47 + ".jpg", 0, "-edited", "x" * 47 + ".jpg"),
        (EMOJI * 30 + ".jpg", 0, "", EMOJI * 24 + ".jpg"),
        ("no extension", 1, "", "no extension(1)"),
        ("a" + ".x" * 40, 0, "", "a" + ".x" * 24 + ".x"),
        ("a." + "x" * 70, 0, "", "." + "x" * 70),
    ],
)
def test_media_names_are_cut_at_51(title: str, counter: int, suffix: str, expected: str) -> None:
    assert names.media_name(title, counter, suffix) == expected


def test_a_pair_at_the_cut_is_kept_whole_first_and_dropped_second() -> None:
    assert names.cut("a" + EMOJI, 2) == "a" + EMOJI
    assert names.cut("a" + EMOJI, 2, keep_pair=False) == "a"
    assert names.media_names(EMOJI * 25 + ".jpg", 0)[:2] == (EMOJI * 24 + ".jpg", EMOJI * 23 + ".jpg")


@pytest.mark.parametrize(
    ("base", "title", "counter"),
    [
        ("photo.jpg", "photo.jpg", 0),
        ("photo.jpg(12)", "photo.jpg", 12),
        ("photo.jpg.supplemental-metadata(3516)", "photo.jpg", 3516),
        ("skytree (2).jpg.supplemental-metadata", "skytree (2).jpg", 0),
        ("photo(1)", "photo(1)", 0),
        ("photo(1)(1)", "photo(1)", 1),
        ("photo.jpg(0)", "photo.jpg", None),
        ("photo.jpg(01)", "photo.jpg", None),
        ("photo.jpg.supple", "photo.jpg", None),
        ("PXL.jpg", "TST.jpg", None),
    ],
)
def test_title_and_file_name_together_tell_the_counter(base: str, title: str, counter: int | None) -> None:
    assert names.sidecar_counter(base, title) == counter


@pytest.mark.parametrize(
    ("base", "reading"),
    [
        ("photo.jpg", Reading("photo.jpg", 0)),
        ("photo.jpg(2)", Reading("photo.jpg", 2)),
        ("img.jpg.supple(18)", Reading("img.jpg", 18)),
        ("IMG.HEIC(1).supplemental-metadata", Reading("IMG.HEIC", 1)),
        ("x" * 41 + ".jpg.", Reading("x" * 41 + ".jpg", 0)),
        ("odd.", Reading("odd.", 0)),
        ("photo.super", Reading("photo.super", 0)),
    ],
)
def test_a_sidecar_name_alone_states_title_and_counter(base: str, reading: Reading) -> None:
    assert names.read_sidecar_base(base) == reading


@given(TEXT)
def test_units_are_those_of_utf_16(text: str) -> None:
    assert names.units(text) == len(text.encode("utf-16-le")) // 2


@given(TEXT, st.integers(0, 60))
def test_a_cut_is_a_beginning_of_that_many_units(text: str, limit: int) -> None:
    complete, dropped = names.cut(text, limit), names.cut(text, limit, keep_pair=False)
    assert text.startswith(complete)
    assert complete.startswith(dropped)
    assert names.units(dropped) <= limit
    assert names.units(complete) in (min(limit, names.units(text)), limit + 1)


@given(TEXT, st.integers(0, 9999), st.booleans())
def test_the_counter_is_read_back_from_the_sidecar_name(title: str, counter: int, new: bool) -> None:
    base = names.sidecar_name(title, counter, new).removesuffix(".json")
    assert names.sidecar_counter(base, title) == counter


def test_forbidden_characters_become_underscores() -> None:
    assert names.on_disk('27/06/12 1:2*?"<>|\\.jpg') == "27_06_12 1_2_______.jpg"
