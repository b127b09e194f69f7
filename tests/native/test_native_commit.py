"""Composing and declining in the commit: bytes are moved once, the next writer is called, the Outcome is correct."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import pytest
from committing import MARK, FakeSession, RecorderOnManifest, beside, opener, plan, tree
from committing import staged as left_in_staging
from native_cases import plan_with

from pef_tui.hooks import OpenMedia, Piece, Span, Staged, Writer, WriterSession, Written
from pef_tui.manifest import Manifest
from pef_tui.model import MediaFile, Outcome, Plan
from pef_tui.native.writer import native_writer
from pef_tui.output.commit import carry_out
from pef_tui.output.output_dir import OutputDir
from pef_tui.output.plugin import pef_writers
from pef_tui.output.xmp_writer import xmp_writer
from pef_tui.planning.planner import plan_digest
from pef_tui.settings import Settings
from pef_tui.testing.jpeg import jpeg


class Shop:
    """A source of one file, DEST, and writers in their order."""

    def __init__(self, root: Path, data: bytes = b"0123456789" * 10) -> None:
        self.source = root / "source"
        self.source.mkdir()
        (self.source / "a.jpg").write_bytes(data)
        self.dest = root / "dest"
        self.ledger = Manifest.open(str(self.dest), read_only=False)
        self.place = OutputDir(str(self.dest))

    def run(self, *writers: Writer, todo: Plan | None = None, open_media: OpenMedia | None = None) -> Outcome:
        sessions: dict[str, WriterSession] = {writer.name: writer.open() for writer in writers}
        open_it = open_media or opener(self.source)
        recorder = RecorderOnManifest(self.ledger)
        [outcome] = carry_out(
            [todo or plan(self.source, "a.jpg")], self.place, sessions, open_it, recorder, writers
        )
        assert not left_in_staging(self.dest)
        return outcome

    @property
    def output(self) -> bytes:
        return (self.dest / "a.jpg").read_bytes()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    yield shop
    shop.place.close()
    shop.ledger.release()


def composer(answer: Sequence[Piece] | Written | Exception, name: str = "fake") -> Writer:
    def compose(plan: Plan, source: BinaryIO) -> Sequence[Piece] | Written:
        assert source.read(3) == b"012"
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Writer(name, lambda plan: True, lambda: FakeSession(a=_must_not), compose=compose)


def _must_not(path: str) -> Written:
    raise AssertionError("the session is not to be used")


def marker(name: str = "next", **answers: object) -> Writer:
    return Writer(name, lambda plan: True, lambda: FakeSession(**answers))  # type: ignore[arg-type]


def test_an_output_is_put_together_from_pieces_of_its_source(shop: Shop) -> None:
    outcome = shop.run(composer((b"head", Span(5, 12), b"-", Span(98, 100))))
    assert shop.output == b"head" + b"5678901" + b"-" + b"89"
    assert (outcome.outcome, outcome.writer, outcome.size) == ("written", "fake", 14)
    assert (shop.source / "a.jpg").read_bytes() == b"0123456789" * 10


def test_large_spans_lie_where_they_should(tmp_path: Path) -> None:
    data = b"0123456789" + bytes(range(256)) * 20_000
    shop = Shop(tmp_path, data)
    shop.run(composer((b"new header", Span(7, len(data)))))
    assert shop.output == b"new header" + data[7:]


@pytest.mark.parametrize(
    "answer", [Written("declined", "odd"), ValueError("broken")], ids=["says so", "raises"]
)
def test_what_is_declined_goes_to_the_next_writer_unchanged(shop: Shop, answer: Written | Exception) -> None:
    outcome = shop.run(composer(answer), marker())
    assert shop.output == b"0123456789" * 10 + MARK
    assert (outcome.outcome, outcome.writer, outcome.plan.writer) == ("written", "next", "fake")


def test_a_span_behind_the_end_is_a_source_that_changed(shop: Shop) -> None:
    outcome = shop.run(composer((b"x", Span(90, 900))))
    assert (
        outcome.outcome == "failed" and outcome.temporary and "changed while the run was on" in outcome.reason
    )


def test_writers_are_asked_in_order_until_one_does_it(shop: Shop) -> None:
    declines = marker("second", a=lambda path: Written("declined", "not mine"))
    deaf = Writer("third", lambda plan: False, lambda: FakeSession(a=_must_not))
    outcome = shop.run(composer(Written("declined", "odd")), declines, deaf, marker("fourth"))
    assert (outcome.outcome, outcome.writer) == ("written", "fourth")


def test_a_file_no_one_takes_is_copied_and_says_why(shop: Shop) -> None:
    outcome = shop.run(composer(Written("declined", "odd")))
    assert (outcome.outcome, shop.output) == ("copied", b"0123456789" * 10)
    assert outcome.warnings == ("no writer can put tags into this file: odd",)


def test_tags_that_end_in_an_xmp_file_are_planned_again_when_a_better_writer_is_there(shop: Shop) -> None:
    todo = plan(shop.source, "a.jpg")
    outcome = shop.run(composer(Written("declined", "odd")), marker("xmp", a=beside), todo=todo)
    assert (outcome.outcome, outcome.writer) == ("sidecar", "xmp")
    assert sorted(tree(shop.dest)) == ["a.jpg", "a.jpg.xmp"]
    assert plan_digest(outcome.plan) != plan_digest(todo)
    outputs = shop.run(composer(Written("declined", "odd")), marker("exiftool"), todo=todo)
    assert plan_digest(outputs.plan) == plan_digest(todo)


def test_nothing_to_change_is_a_copy(shop: Shop) -> None:
    assert shop.run(composer(Written("unchanged"))).outcome == "copied"
    assert shop.output == b"0123456789" * 10


def test_a_source_that_changes_while_it_is_composed_is_refused(shop: Shop) -> None:
    todo = plan(shop.source, "a.jpg")
    (shop.source / "a.jpg").write_bytes(b"012")
    outcome = shop.run(composer((b"x", Span(0, 100))), todo=todo)
    assert outcome.outcome == "failed" and outcome.temporary and not (shop.dest / "a.jpg").exists()


def test_a_jpeg_of_an_archive_is_written_by_the_session(tmp_path: Path) -> None:
    data = jpeg(1)
    shop = Shop(tmp_path, data)
    status = (shop.source / "a.jpg").stat()
    expected = plan_with(data, {"XMP-dc:Subject": ("Ann",)})
    media = MediaFile(0, "a.jpg", len(data), status.st_mtime_ns)
    match = type(expected.match)(media, "", metadata=expected.match.metadata)
    todo = Plan(match, "written", expected.edits, "a.jpg", 10**18, "native")
    from_archive = shop.run(native_writer(), todo=todo, open_media=lambda media: io.BytesIO(data))
    archived = shop.output
    assert from_archive.outcome == "written" and b"Ann" in archived
    (shop.dest / "a.jpg").unlink()
    assert shop.run(native_writer(), todo=todo).outcome == "written" and shop.output == archived


def test_a_declined_jpeg_gets_an_xmp_file_where_there_is_no_exiftool(tmp_path: Path) -> None:
    data = jpeg(1) + b"AXS!" + bytes(8)
    shop = Shop(tmp_path, data)
    expected = plan_with(data, {"XMP-dc:Subject": ("Ann",)})
    media = MediaFile(0, "a.jpg", len(data), (shop.source / "a.jpg").stat().st_mtime_ns)
    todo = Plan(
        type(expected.match)(media, "", metadata=expected.match.metadata),
        "written",
        expected.edits,
        "a.jpg",
        10**18,
        "native",
    )
    outcome = shop.run(native_writer(), xmp_writer(every=True), todo=todo)
    assert (outcome.outcome, outcome.writer, shop.output) == ("sidecar", "xmp", data)
    assert b"Ann" in (shop.dest / "a.jpg.xmp").read_bytes()


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        (Settings(exiftool="/nowhere"), ["native", "xmp"]),
        (Settings(exiftool="/nowhere", writer="exiftool"), ["xmp"]),
        (Settings(writer="native"), ["native", "xmp"]),
        (Settings(writer="native", xmp="never"), ["native"]),
        (Settings(existing="never"), ["xmp"]),
    ],
)
def test_which_writers_there_are(settings: Settings, names: list[str]) -> None:
    assert [writer.name for writer in pef_writers(settings)] == names


def test_staged_copies_are_read_without_following_links(tmp_path: Path) -> None:
    data = jpeg(1)
    (tmp_path / "real.jpg").write_bytes(data)
    (tmp_path / "1.jpg").symlink_to("real.jpg")
    [answer] = (
        native_writer()
        .open()
        .write([Staged(plan_with(data, {"XMP-xmp:Rating": 5}), str(tmp_path / "1.jpg"))])
    )
    assert answer.outcome == "failed" and (tmp_path / "real.jpg").read_bytes() == data
