import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pef_tui.model import JsonFile
from pef_tui.takeout import sidecar

VECTORS = Path(__file__).parents[2].parent / "shared" / "vectors" / "sidecar_kinds.jsonl"
FILE = JsonFile(1, "Trip/a.json", 7, 9)
TAKEN = {"timestamp": "1600000000", "formatted": "Sep 13, 2020"}
DEEP = 100_000


def read(document: object) -> JsonFile:
    return sidecar.parse_json_file(FILE, json.dumps(document).encode())


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({"title": "a.jpg", "photoTakenTime": TAKEN}, "sidecar"),
        ({"photoTakenTime": TAKEN}, "sidecar"),
        ({"title": "a.jpg", "creationTime": TAKEN}, "sidecar"),
        ({"title": "a.jpg", "imageViews": "3"}, "sidecar"),
        ({"title": "a.jpg", "geoDataExif": {"latitude": 1.0}}, "sidecar"),
        ({"title": "Trip"}, "album"),
        ({"title": "Trip", "date": TAKEN, "access": "protected"}, "album"),
        ({"albumData": {"title": "Trip"}}, "album"),
        ({}, "other"),
        ({"sharedAlbumComments": [{"text": "hi"}] * 1000}, "other"),
        ({"externalOrderId": "1", "creationTime": {"formatted": ""}}, "other"),
    ],
)
def test_states_the_kind_by_content(document: object, kind: str) -> None:
    assert read(document).kind == kind


def test_keeps_where_the_file_lies() -> None:
    known_values = read({"title": "a.jpg", "photoTakenTime": TAKEN})
    assert (known_values.root, known_values.path, known_values.size, known_values.mtime_ns) == (
        1,
        "Trip/a.json",
        7,
        9,
    )
    assert known_values.sidecar is not None
    assert (known_values.sidecar.title, known_values.sidecar.taken) == ("a.jpg", 1_600_000_000)


def test_reads_what_stands_between_the_pictures_of_an_album() -> None:
    place = {"name": "City", "description": "Region", "latitudeE7": 488029439, "longitudeE7": "24854290"}
    album = read(
        {
            "albumData": {
                "title": "Walks",
                "description": "by foot",
                "enrichments": [
                    {"narrativeEnrichment": {"text": "some text"}},
                    {"locationEnrichment": {"location": [place, {"name": "Nowhere"}]}},
                    {"mapEnrichment": {"origin": []}},
                ],
            }
        }
    ).album
    assert album is not None
    assert (album.title, album.description, album.texts) == ("Walks", "by foot", ("some text",))
    [(name, point)] = album.places
    assert name == "City, Region"
    assert (point.latitude, point.longitude) == pytest.approx((48.8029439, 2.485429))


BROKEN = {
    "empty": (b"", "empty file"),
    "blank": (b" \n", "empty file"),
    "null": (b"null", "object"),
    "list": (b"[]", "object"),
    "cut short": (b'{"title": "a.jpg"', "truncated"),
    "more after the end": (b'{"title": "a"} x', "malformed"),
    "not a number": (b'{"title": "a", "geoData": {"latitude": NaN}}', "malformed"),
    "not a number where nobody looks": (b'{"x": NaN}', "malformed"),
    "huge number": (b'{"photoTakenTime": {"timestamp": 1e999}}', "range"),
    "lone surrogate": (b'{"title": "a\\ud800 and more"}', "surrogate"),
    "UTF-16 with half a character": ('{"title": "a"}'.encode("utf-16") + b"\x00", "UTF-16"),
    "mark and no JSON": (b'\xef\xbb\xbf{"title": ', "truncated"),
    "UTF-16 and no JSON": ("title".encode("utf-16"), "UTF-16"),
    "Latin-1": (b'{"title": "caf\xe9"}', "UTF-8"),
    "title of another type": (b'{"title": 7, "photoTakenTime": {}}', "title"),
    "people of another type": (b'{"title": "a", "people": "me", "photoTakenTime": {}}', "people"),
    "time of another type": (b'{"title": "a", "photoTakenTime": 7}', "photoTakenTime"),
    "deep": (b'{"title": "a", "x": ' + b"[" * DEEP + b"]" * DEEP + b"}", "deep"),
    "deep without title": (b'{"x": ' + b'{"x":' * DEEP + b"1" + b"}" * DEEP + b"}", "deep"),
}


@pytest.mark.parametrize(("raw", "reason"), BROKEN.values(), ids=BROKEN)
def test_calls_malformed_json_invalid_in_one_line(raw: bytes, reason: str) -> None:
    known_values = sidecar.parse_json_file(FILE, raw)
    assert (known_values.kind, known_values.sidecar, known_values.album) == ("invalid", None, None)
    assert reason in known_values.reason
    assert "\n" not in known_values.reason


@pytest.mark.parametrize("timestamp", [int("9" * 400), "9" * 400, "nan", "soon", "0", "", None])
def test_a_time_that_is_none_is_no_time(timestamp: object) -> None:
    known_values = read({"title": "a.jpg", "photoTakenTime": {"timestamp": timestamp}})
    assert known_values.sidecar is not None
    assert known_values.sidecar.taken is None


def test_does_not_read_what_is_too_large() -> None:
    known_values = sidecar.too_large(FILE)
    assert known_values.kind == "invalid"
    assert "8 MiB" in known_values.reason


@given(st.binary(max_size=200))
def test_never_raises(raw: bytes) -> None:
    for document in (raw, b'{"title":"' + raw + b'"}', b'{"albumData":' + raw + b"}"):
        assert sidecar.parse_json_file(FILE, document).kind != "unread"


@pytest.mark.shared
@pytest.mark.skipif(not VECTORS.exists(), reason="no shared vectors")
def test_every_vector_holds() -> None:
    vectors = [json.loads(line) for line in VECTORS.read_text("utf-8").splitlines()]
    assert len(vectors) >= 26
    for vector in vectors:
        known_values, expected = read(vector["json"]), vector["expect"]
        assert known_values.kind == {"asset": "sidecar"}.get(vector["kind"], vector["kind"]), vector["id"]
        if known_values.album is not None:
            assert known_values.album.title == expected["title"], vector["id"]
        if known_values.sidecar is not None:
            _compare(known_values, expected, vector["id"])


def _compare(known_values: JsonFile, expected: dict[str, object], vector: str) -> None:
    actual = known_values.sidecar
    assert actual is not None
    place = actual.point
    origin = actual.google_photos_origin
    report = {
        "taken": actual.taken,
        "gps": place and [place.latitude, place.longitude, place.altitude],
        "title": actual.title,
        "people": list(actual.names),
        "favorited": actual.favorited,
        "archived": actual.archived,
        "trashed": actual.trashed,
        "partner": origin is not None and origin.from_partner_sharing is not None,
    }
    for field, value in expected.items():
        assert report[field] == value, (vector, field)


TEXTS = {
    "UTF-8 with mark": "utf-8-sig",
    "UTF-16 with mark": "utf-16",
    "UTF-16 LE": "utf-16-le",
    "UTF-16 BE": "utf-16-be",
    "UTF-32 with mark": "utf-32",
}


@pytest.mark.parametrize("encoding", TEXTS.values(), ids=TEXTS)
def test_reads_what_editors_save_in_other_encodings(encoding: str) -> None:
    capture_time = {"title": "Zoë 😀.jpg", "photoTakenTime": {"timestamp": "1561977296"}}
    album = {"albumData": {"title": "Zoë"}}
    for document, kind in ((capture_time, "sidecar"), (album, "album")):
        content = sidecar.parse_json_file(FILE, json.dumps(document, ensure_ascii=False).encode(encoding))
        assert content.kind == kind
        assert (content.sidecar or content.album).title.startswith("Zoë")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("output", "meant"),
    [
        ("Tom &amp; Jerry&#39;s", "Tom & Jerry's"),
        ("&lt;3 &quot;x&quot; &apos;y&apos;", "<3 \"x\" 'y'"),
        ("caf&eacute; &#x1F600;", "café 😀"),
        ("&amp;lt;", "&lt;"),
        ("AT&T", "AT&T"),
        ("R&D; &foo; &copy 2019 & &;", "R&D; &foo; &copy 2019 & &;"),
        ("&#0; &#xD800; &#10; &#99999999;", "&#0; &#xD800; &#10; &#99999999;"),
    ],
)
def test_character_references_are_replaced_once(output: str, meant: str) -> None:
    fields = {"title": output, "description": output, "people": [{"name": output}, {}]}
    content = sidecar.parse_json_file(
        FILE, json.dumps(fields | {"photoTakenTime": {"timestamp": "1"}}).encode()
    ).sidecar
    assert content is not None and content.people is not None
    assert (content.title, content.description, content.people[0].name, content.people[1].name) == (
        meant,
        meant,
        meant,
        None,
    )
    album = sidecar.parse_json_file(FILE, json.dumps({"title": output, "description": output}).encode()).album
    assert album is not None and (album.title, album.description) == (meant, meant)


@pytest.mark.parametrize(
    "document",
    [
        {"color": "DEFAULT", "isTrashed": False, "textContent": "milk", "title": "Shopping"},
        {"title": "List", "listContent": [{"text": "a"}], "isPinned": True, "userEditedTimestampUsec": 1},
        {"title": "Lesson", "creationTime": "2020-04-01T10:00:00Z", "courseId": "7"},
        {"title": "Playlist", "description": "", "visibility": "PRIVATE"},
        {
            "title": "Video",
            "titleUrl": "https://www.youtube.com",
            "time": "2020-01-01T00:00:00Z",
            "header": "YouTube",
        },
        {"title": "Event", "date": "2020-01-01", "description": "x"},
    ],
)
def test_other_products_have_titles_too(document: object) -> None:
    assert sidecar.parse_json_file(FILE, json.dumps(document).encode()).kind == "other"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"description": ""},
        {"access": "protected", "location": "", "newKey": 1},
        {"date": {"timestamp": "0"}, "newKey": 1},
        {"sharedAlbumComments": [], "newKey": 1},
        {"enrichments": []},
    ],
)
def test_albums_of_all_years_are_albums(fields: dict[str, object]) -> None:
    assert sidecar.parse_json_file(FILE, json.dumps({"title": "Trip"} | fields).encode()).kind == "album"
