from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from pef_tui.formats import HEAD, by_extension, detect
from pef_tui.hooks import TagMapper
from pef_tui.model import GeoPoint, Match, Sidecar, TagEdit
from pef_tui.testing import Item, make, run_mapper, sidecar, takeout


def tree(source: Path) -> list[str]:
    return sorted(path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file())


def read(path: Path) -> Sidecar:
    return msgspec.json.decode(path.read_bytes(), type=Sidecar)


def test_names_are_googles(tmp_path: Path) -> None:
    long = "L" * 60 + ".jpg"
    source = takeout(
        tmp_path,
        {
            "Photos from 2019/a.jpg": sidecar("a.jpg"),
            "Photos from 2019/a(1).jpg": sidecar("a.jpg"),
            "Photos from 2019/a-edited.jpg": None,
            "Photos from 2019/old.mp4": Item(sidecar("old.mp4"), naming="old"),
            "Photos from 2019/raw.bin": b"bytes",
            f"Photos from 2019/{long}": sidecar(long),
            "Trip/metadata.json": {"title": "Trip"},
            "Trip/12_30.jpg": sidecar("12:30.jpg"),
        },
    )
    assert source == tmp_path / "Takeout"
    assert tree(source / "Google Photos") == [
        f"Photos from 2019/{'L' * 46}.json",
        f"Photos from 2019/{'L' * 47}.jpg",
        "Photos from 2019/a(1).jpg",
        "Photos from 2019/a-edited.jpg",
        "Photos from 2019/a.jpg",
        "Photos from 2019/a.jpg.supplemental-metadata(1).json",
        "Photos from 2019/a.jpg.supplemental-metadata.json",
        "Photos from 2019/old.mp4",
        "Photos from 2019/old.mp4.json",
        "Photos from 2019/raw.bin",
        "Trip/12_30.jpg",
        "Trip/12_30.jpg.supplemental-metadata.json",
        "Trip/metadata.json",
    ]


def test_media_fit_their_names_and_differ(tmp_path: Path) -> None:
    names = ["a.jpg", "b.jpg", "c.HEIC", "d.mp4", "e.3gp", "MVIMG_1", "PXL_1.MP"]
    source = takeout(tmp_path, {f"2019/{name}": None for name in names})
    data = {path.name: path.read_bytes() for path in source.rglob("*") if path.is_file()}
    for name, content in data.items():
        assert detect(content[:HEAD]) == (by_extension(name) or by_extension("film.mp4"))
    assert len(set(data.values())) == len(names)


def test_an_export_is_the_same_each_time(tmp_path: Path) -> None:
    spec = {"2019/a.jpg": sidecar("a.jpg", people=["Ann"]), "2019/b.gif": None}
    first, second = (takeout(tmp_path / name, spec, naming="old") for name in ("one", "two"))
    assert (
        tree(first) == tree(second) == [f"Google Photos/2019/{n}" for n in ("a.jpg", "a.jpg.json", "b.gif")]
    )
    for name in tree(first):
        assert (first / name).read_bytes() == (second / name).read_bytes()
        assert (first / name).stat().st_mtime == (second / name).stat().st_mtime


@pytest.mark.parametrize(
    ("container", "below"), [("", "2019/a.jpg"), ("Takeout/Google Fotos", "Google Fotos/2019/a.jpg")]
)
def test_container(container: str, below: str, tmp_path: Path) -> None:
    assert tree(takeout(tmp_path, {"2019/a.jpg": make("jpeg")}, container=container)) == [below]


def test_sidecar_is_read_as_meant(tmp_path: Path) -> None:
    fields = sidecar(
        "a.jpg",
        taken=datetime(1960, 2, 3, tzinfo=UTC),
        place=(-33.5, 151.25),
        camera_place=GeoPoint(-33.4, 151.2, 7.5),
        people=["Ann", "李雷"],
        description="two\nlines 🏖",
        favorited=True,
        url=None,
    )
    source = takeout(tmp_path, {"2019/a.jpg": fields})
    actual = read(source / "Google Photos/2019/a.jpg.supplemental-metadata.json")
    assert actual.taken == datetime(1960, 2, 3, tzinfo=UTC).timestamp()
    assert actual.point == GeoPoint(-33.5, 151.25)
    assert actual.geo_data_exif is not None and actual.geo_data_exif.point == GeoPoint(-33.4, 151.2, 7.5)
    assert actual.names == ("Ann", "李雷")
    assert actual.description == "two\nlines 🏖"
    assert actual.favorited is True and actual.archived is None and actual.url is None


def test_sidecar_has_the_shape_of_googles() -> None:
    fields = json.loads(json.dumps(sidecar("a.jpg", taken=0)))
    assert fields["photoTakenTime"] == {"timestamp": "0", "formatted": "Jan 1, 1970, 12:00:00 AM UTC"}
    assert fields["geoData"] == {
        "latitude": 0.0,
        "longitude": 0.0,
        "altitude": 0.0,
        "latitudeSpan": 0.0,
        "longitudeSpan": 0.0,
    }
    assert "favorited" not in fields and "people" not in fields and "geoDataExif" not in fields


def links(match: Match) -> list[TagEdit]:
    if match.sidecar is None or not match.sidecar.url:
        return []
    return [TagEdit("XMP-dc:Source", match.sidecar.url)]


def test_run_mapper() -> None:
    assert run_mapper(links, {"url": "https://example.org/1"}) == {"XMP-dc:Source": "https://example.org/1"}
    assert run_mapper(TagMapper("links", links), sidecar("a.jpg", url=None)) == {}
    assert run_mapper(links) == {}


def test_run_mapper_gives_a_whole_match() -> None:
    def spy(match: Match) -> list[TagEdit]:
        assert match.metadata is not None and match.sidecar is not None and match.capture_time is not None
        assert match.capture_time.local.isoformat() == "2019-07-01T12:34:56+02:00"
        return [
            TagEdit("a", match.metadata.format),
            TagEdit("b", match.sidecar.title),
            TagEdit("c", match.media.path),
        ]

    actual = run_mapper(spy, {"photoTakenTime": {"timestamp": "1561977296"}}, "x.HEIC", offset=120)
    assert actual == {"a": "heic", "b": "x.HEIC", "c": "Photos from 2019/x.HEIC"}


def test_run_mapper_names_what_is_no_edit() -> None:
    with pytest.raises(TypeError, match="yields TagEdit, this one str"):
        run_mapper(lambda match: ["XMP-dc:Source"])  # type: ignore[list-item]
