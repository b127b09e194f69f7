from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pef_tui.testing.naming import cut, media_name, number_of, sidecar_name, units

VECTORS = Path(__file__).parents[2].parent / "shared" / "vectors" / "matching.jsonl"
# Sidecars in real exports that do not have the name of their own title: renamed by a person or another tool.
RENAMED = {
    "PXL_20231006_063909898.LS.mp4.json",
    "image000000.gif.json",
    "img.jpg.supple(18).json",
}


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("a.jpg", "a.jpg.supplemental-metadata.json"),
        ("IMG_20190701_12345678901.jpg"[:24], "IMG_20190701_12345678901.supplemental-metadata.json"),
        ("a" * 21 + ".jpg", "a" * 21 + ".jpg.supplemental-metadat.json"),
        ("a" * 40 + ".jpg", "a" * 40 + ".jpg.s.json"),
        ("a" * 41 + ".jpg", "a" * 41 + ".jpg..json"),
        ("a" * 42 + ".jpg", "a" * 42 + ".jpg.json"),
        ("a" * 43 + ".jpg", "a" * 43 + ".jp.json"),
        ("a" * 60 + ".jpg", "a" * 46 + ".json"),
        ("12:30?.jpg", "12_30_.jpg.supplemental-metadata.json"),
    ],
)
def test_sidecar_name(title: str, name: str) -> None:
    assert sidecar_name(title) == name


@pytest.mark.parametrize(
    ("title", "number", "suffix", "name"),
    [
        ("a.jpg", 0, "", "a.jpg"),
        ("a.jpg", 12, "", "a(12).jpg"),
        ("a", 1, "", "a(1)"),
        ("a.jpg", 2, "-edited", "a-edited(2).jpg"),
        ("a" * 60 + ".jpg", 0, "", "a" * 47 + ".jpg"),
        ("a" * 60 + ".jpg", 3, "", "a" * 47 + "(3).jpg"),
        ("a" * 43 + ".jpg", 0, "-edited", "a" * 43 + "-edi.jpg"),
        ("a" * 47 + ".jpg", 0, "-edited", "a" * 47 + ".jpg"),
        ("a" * 46 + "😀😀.jpg", 0, "", "a" * 46 + "😀.jpg"),
    ],
)
def test_media_name(title: str, number: int, suffix: str, name: str) -> None:
    assert media_name(title, number, suffix) == name


def test_old_and_counted_sidecars() -> None:
    assert sidecar_name("a.jpg", 3516, "old") == "a.jpg(3516).json"
    assert sidecar_name("a" * 60, 1) == "a" * 46 + "(1).json"


def test_number_of() -> None:
    assert number_of("a(1).jpg", "a.jpg") == 1
    assert number_of("a(1).jpg", "a(1).jpg") == 0
    assert number_of("a(1)(2).jpg", "a(1).jpg") == 2
    assert number_of("a.jpg", "a.jpg") == 0
    assert number_of("b(1).jpg", "a.jpg") == 0


@given(st.text(max_size=80), st.integers(1, 60))
def test_cut_keeps_the_first_units(text: str, limit: int) -> None:
    retained = cut(text, limit)
    assert text.startswith(retained)
    assert units(retained) == len(retained.encode("utf-16-le", "surrogatepass")) // 2
    assert retained == text if units(text) <= limit else limit <= units(retained) <= limit + 1


@pytest.mark.shared
@pytest.mark.skipif(not VECTORS.exists(), reason="needs ../shared")
def test_names_of_real_exports() -> None:
    cases = [json.loads(line) for line in VECTORS.read_text().splitlines()]
    records = 0
    for case in (case for case in cases if case["trust"] in ("real", "derived")):
        for path in filter(None, case["expect"].values()):
            name, title = path.rpartition("/")[2], case["titles"].get(path)
            actual = re.search(r"\((\d+)\)\.json$", name)
            numbers = (0, int(actual[1]) if actual else 0)
            if title is not None and name not in RENAMED:
                records += 1
                assert name in [sidecar_name(title, n, naming) for n in numbers for naming in ("new", "old")]
    assert records > 80
