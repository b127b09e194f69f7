from collections.abc import Iterator

from pef_tui.hooks import TagMapper
from pef_tui.model import Match, MediaFile, TagEdit
from pef_tui.plugins.calls import RegistrationMonitor, TagMappers
from pef_tui.progress import Notes

MATCH = Match(MediaFile(0, "Trip/\x1ba.jpg", 1, 0), "Trip")


def good(match: Match) -> Iterator[TagEdit]:
    yield TagEdit("XMP-dc:Source", match.media.path, mapper="somebody else")


def bad(match: Match) -> Iterator[TagEdit]:
    yield TagEdit("XMP-dc:Title", "half")
    raise KeyError("url")


def odd(match: Match) -> list[object]:
    return ["XMP-dc:Title"]


def leaving(match: Match) -> list[TagEdit]:
    raise SystemExit


def test_a_mapper_that_fails_costs_its_own_tags_and_is_silenced_after_20_errors() -> None:
    notes = Notes()
    mappers = [
        TagMapper("bad", bad),
        TagMapper("good", good),
        TagMapper("odd", odd),  # type: ignore[arg-type]
        TagMapper("leaving", leaving),
    ]
    run = TagMappers([("p", mapper) for mapper in mappers], notes)
    for _ in range(30):
        assert run(MATCH) == [TagEdit("XMP-dc:Source", "Trip/\x1ba.jpg", mapper="good")]
    assert run.errors == {"bad": 20, "odd": 20, "leaving": 20}
    assert len(notes) == 6
    assert notes[0].startswith("mapper bad of plugin p: KeyError: 'url' (test_mappers.py:")
    assert notes[0].endswith("(at Trip/\\x1ba.jpg)")
    assert "mapper odd of plugin p: TypeError: yields str, not TagEdit" in notes[1]
    assert notes[3] == "mapper bad of plugin p: silenced after 20 errors"


def test_what_is_loaded_once_does_not_make_a_plugin_slow() -> None:
    notes = Notes()
    watched = RegistrationMonitor("stage", "p", "s", notes)
    for seconds in (5.0, *[0.001] * 100, 1.5):
        watched.add_seconds(seconds)
    assert notes == []
    watched.add_seconds(1.5)
    assert notes == ["stage s of plugin p: is slow, 79 ms a file so far"]


def test_two_mappers_of_one_name_are_counted_apart() -> None:
    notes = Notes()
    run = TagMappers([("p", TagMapper("same", bad)), ("q", TagMapper("same", good))], notes)
    for _ in range(40):
        assert len(run(MATCH)) == 1
    assert run.errors == {"same": 20}
