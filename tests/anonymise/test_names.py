"""Test which words are replaced in names, texts and JSON, and which are kept."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from pef_tui.anonymise.json_values import JsonMap
from pef_tui.anonymise.letters import LetterMap
from pef_tui.anonymise.names import CAMERA_WORDS, CONTAINERS, EXTENSIONS, KEPT_FOLDERS, NameMap
from pef_tui.takeout.companions import SUFFIXES
from pef_tui.takeout.naming import SUPPLEMENTAL, folded, media_name, sidecar_name, uncount_media, units

KEY = b"0123456789abcdef"
LETTERS = LetterMap(KEY)
NAMES = NameMap(KEY)
VALUES = JsonMap(NAMES, KEY, 3600)

ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "aeiouyàáâãäåçèéêëìíîïñòóôõöøùúûüýÿÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝłśżźćęąőű",
    "абвгдежзийклмнопрстуфхцчшщъыьэюяАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЭЮЯ",
    "αβγδεζηθικλμνξοπρστυφχψω",
    "אבגדהוזחטיכלמנסעפצקרשת",
    "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "あいうえおかがきぎくぐけげこごさざしじすずアイウエオカガキギ",
    "사랑해요가나다라마바사아자차카타파하각낙닭",
    "你好世界中文照片旅行家庭",
)
word = st.one_of([st.text(alphabet, min_size=4, max_size=24) for alphabet in ALPHABETS])
KEPT = {
    *(folded(name) for names in (CAMERA_WORDS, CONTAINERS, KEPT_FOLDERS, EXTENSIONS) for name in names),
    *(suffix.lstrip("-") for suffix in SUFFIXES),
    "metadata",
}


def personal(text: str) -> bool:
    """Return whether a word may be personal: it is none that Google, a camera or a system writes."""
    key = folded(text)
    return not any(key in kept or kept.startswith(key) for kept in KEPT) and key not in SUPPLEMENTAL


def survives(text: str, result: str) -> bool:
    return folded(text) in folded(result)


@given(word)
@example("Straße")
@example("e\u0301te\u0301s")
def test_a_replacement_has_the_lengths_and_the_case_of_the_word(text: str) -> None:
    for form in (text, unicodedata.normalize("NFD", text)):
        result = LETTERS.replace(form)
        assert len(result) == len(form) and units(result) == units(form)
        assert len(result.encode()) == len(form.encode())
        assert [char.isupper() for char in result] == [char.isupper() for char in form]
        assert unicodedata.is_normalized("NFC", result) == unicodedata.is_normalized("NFC", form)


@given(word, st.integers(1, 23))
def test_the_beginning_of_a_word_is_replaced_by_the_beginning_of_its_replacement(text: str, end: int) -> None:
    assert LETTERS.replace(text[:end]) == LETTERS.replace(text)[:end]


@given(word, word)
def test_words_are_equal_if_and_only_if_their_replacements_are(one: str, two: str) -> None:
    assert (one == two) == (LETTERS.replace(one) == LETTERS.replace(two))


@given(word)
def test_case_and_unicode_form_do_not_matter(text: str) -> None:
    expected = folded(LETTERS.replace(text))
    for form in (text.lower(), text.upper(), unicodedata.normalize("NFD", text)):
        if folded(form) == folded(text):
            assert folded(LETTERS.replace(form)) == expected


@given(word, word, st.integers(0, 99_999))
def test_no_personal_word_survives_in_any_place(one: str, two: str, number: int) -> None:
    assume(personal(one) and personal(two))
    for name in (
        f"{one} {two}.jpg",
        f"IMG_{one}-{two}({number}).HEIC",
        f"{one}.{two}",
        f".{one}.{two}.icloud",
        f"._{one}.jpg",
        f"{one}~{two}.jpg",
        f"{one}.jpg.supplemental-metadata({number}).json",
        f"{one}.{two}.json",
        f"{one}@{two}",
        f"{one}-edited.jpg",
        f"&{one};.jpg",
    ):
        result = NAMES.file(name)
        assert not survives(one, result) and not survives(two, result), name
        assert len(result) == len(name) and len(result.encode()) == len(name.encode())
    for folder in (f"{one} {two}", f"{one} 2019", f"{one}({number})", f"Google {one}", f"Takeout {one}"):
        result = NAMES.folder(folder)
        assert not survives(one, result) and not survives(two, result), folder
        assert not survives(one, NAMES.source(f"{folder}.zip"))


JSON_KEY = st.one_of(
    word.filter(personal), st.sampled_from(["title", "text", "name", "url", "description", "x"])
)


@given(word, JSON_KEY, st.booleans())
def test_no_personal_word_survives_in_json(text: str, key: str, is_picture: bool) -> None:
    assume(personal(text) and len(text) > 3)
    document: dict[str, Any] = {
        key: text,
        "people": [{"name": f"{text} {text}"}],
        "url": f"https://photos.google.com/photo/{text}",
        "enrichments": [{"narrativeEnrichment": {"text": text}}, [text, {text: text}]],
        "googlePhotosOrigin": {"mobileUpload": {"deviceFolder": {"localFolderName": text}}},
        "photoTakenTime" if is_picture else "date": {"timestamp": text, "formatted": f"1 {text} 2019"},
    }
    result = json.dumps(VALUES.content(json.dumps(document).encode()), ensure_ascii=False)
    assert not survives(text, result)
    if personal(key) and key not in ("title", "text", "name", "url", "description", "x"):
        assert not survives(key, result)


@given(
    st.lists(word, min_size=1, max_size=6), st.integers(0, 120), st.sampled_from((".jpg", ".JPEG", ".mp4"))
)
def test_names_are_cut_where_google_cuts_them(words: list[str], counter: int, extension: str) -> None:
    assume(all(map(personal, words)))
    title = " ".join(words) + extension
    replaced = NAMES.title(title)
    assert NAMES.file(media_name(title, counter)) == media_name(replaced, counter)
    for supplemental in (True, False):
        name = NAMES.file(sidecar_name(title, counter, supplemental))
        assert name == sidecar_name(replaced, counter, supplemental)
    edited = media_name(title, counter, "-edited")
    assert NAMES.file(edited) == media_name(replaced, counter, "-edited")
    assert uncount_media(NAMES.file(edited)).counter == uncount_media(edited).counter


@pytest.mark.parametrize(
    "name",
    [
        "Photos from 2019",
        "Foto_s van 2018",
        "2019年の写真",
        "Trash",
        "Papierkorb",
        "Takeout",
        "Takeout(1)",
        "Google Fotos",
        "__MACOSX",
    ],
)
def test_names_of_google_are_kept(name: str) -> None:
    assert NAMES.folder(name) == name


@pytest.mark.parametrize("name", ["metadata.json", "metadata(2).json", "Thumbs.db", ".DS_Store"])
def test_names_of_files_that_are_no_pictures_are_kept(name: str) -> None:
    assert NAMES.file(name) == name


def test_years_stay_and_no_number_becomes_one() -> None:
    assert NAMES.folder("Summer 2019").endswith(" 2019")
    assert NAMES.folder("صور من ٢٠١٩").endswith(" ٢٠١٩")
    for number in range(1000, 10_000):
        result = NAMES.folder(f"Trip {number}")[5:]
        assert result == str(number) or not 1800 <= int(result) <= 2099


def test_values_that_decide_are_kept() -> None:
    document = {
        "title": "Ann.jpg",
        "photoTakenTime": {"timestamp": "1561977296"},
        "creationTime": {"timestamp": 1561977296000},
        "geoData": {"latitude": 0.0, "longitude": 0.0, "altitude": 0.0},
        "geoDataExif": {"latitude": 48.8606, "longitude": 2.3376, "altitude": 35.5},
        "favorited": True,
        "description": "",
        "googlePhotosOrigin": {"fromPartnerSharing": {}},
        "imageViews": "0",
        "trashed": None,
    }
    result = VALUES.content(json.dumps(document).encode())
    assert result["photoTakenTime"] == {"timestamp": "1561980896"}
    assert result["creationTime"] == {"timestamp": 1561980896000}
    assert result["geoData"] == document["geoData"]
    assert result["geoDataExif"] != document["geoDataExif"]
    assert abs(result["geoDataExif"]["latitude"]) <= 80 and result["geoDataExif"]["altitude"] != 35.5
    kept = ("favorited", "description", "googlePhotosOrigin", "trashed")
    assert {name: result[name] for name in kept} == {name: document[name] for name in kept}
    zero = {"photoTakenTime": {"timestamp": "0"}, "creationTime": {"timestamp": ""}}
    assert VALUES.content(json.dumps(zero).encode()) == zero
