"""The report page: what is on it, that nothing in it acts, and how it gets to its place."""

from __future__ import annotations

import os
import re
import tracemalloc
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pef_tui.errors import UsageError
from pef_tui.figures import Figures
from pef_tui.model import (
    Conflict,
    Geo,
    JsonFile,
    JsonRecord,
    Match,
    MediaFile,
    OtherRecord,
    Outcome,
    Person,
    Plan,
    Record,
    Sidecar,
    Stamp,
    Taken,
)
from pef_tui.progress import Progress
from pef_tui.report_page import ReportPage, RunReport, last_report, report_problem
from pef_tui.report_page.spool import Spool
from pef_tui.settings import Settings

HOSTILE = "</td><script>alert(1)</script><img src=x onerror=alert(2)>\x1b]0;t\x07\u202egpj.\n.jpg"


def media(name: str = "a.jpg", folder: str = "Trip", word: str = "written", **more: object) -> Outcome:
    path = f"Takeout/Google Photos/{folder}/{name}"
    sidecar = Sidecar(
        title=name,
        photo_taken_time=Stamp("1562000000"),
        people=(Person(str(more.get("person", "Ann"))),),
        geo_data=Geo(48.86, 2.34),
    )
    match = Match(
        MediaFile(0, path, 1000, 1_700_000_000 * 10**9), folder, sidecar,
        JsonFile(0, path + ".json", 9, 9, "sidecar", sidecar), "exact", taken=Taken(1_562_000_000.0, 120, "gps"),
    )  # fmt: skip
    conflicts = (
        Conflict("date", "EXIF:DateTimeOriginal", str(more.get("held", "1")), "2", "differs by 1 h"),
    )
    plan = Plan(match, word, output=f"{folder}/{name}", conflicts=conflicts if "held" in more else ())  # type: ignore[arg-type]
    warnings = (str(more["warning"]),) if "warning" in more else ()
    return Outcome(plan, word, plan.output, "native", str(more.get("reason", "")), warnings)  # type: ignore[arg-type]


def page(tmp_path: Path, *records: Record, dry_run: bool = False, error: str = "") -> str:
    progress = Progress()
    progress.sources, progress.output = ("/in",), str(tmp_path)
    made = ReportPage(scratch=str(tmp_path))
    for record in records:
        progress.add(record)
        made.add(record)
    made.write(str(tmp_path / "r.html"), progress, dry_run, error)
    made.close()
    assert sorted(os.listdir(tmp_path)) == ["r.html"]
    return (tmp_path / "r.html").read_text()


class Elements(HTMLParser):
    """What a browser would make of it: elements with their attributes, and the text of each row."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data


def test_every_file_has_its_row(tmp_path: Path) -> None:
    json = JsonFile(0, "Takeout/x.json", 1, 1)
    html = page(
        tmp_path,
        media("a.jpg", held="2019:07:01 11:00:00"),
        media("b.jpg", word="failed", reason="cut short"),
        JsonRecord(json, "orphan", "no picture"),
        JsonRecord(json, "used"),
        OtherRecord(MediaFile(0, "Takeout/index.html", 1, 1)),
    )
    cells = [cell.strip() for cell in Elements(html).cells]
    start = cells.index("a.jpg")
    assert cells[start : start + 4] == [
        "a.jpg", "written", "2019-07-01 18:53:20+02:00",
        "EXIF:DateTimeOriginal is 2019:07:01 11:00:00, Google says 2",
    ]  # fmt: skip
    assert {"b.jpg", "cut short", "Takeout/x.json", "Takeout/index.html"} <= set(cells)
    assert cells.count("Takeout/x.json") == 1
    assert "<b class=failed>1</b>failed" in html and "<b>5</b>files in all" in html


def test_hostile_names_are_only_text(tmp_path: Path) -> None:
    plain = Elements(
        page(tmp_path, media(), media("b.jpg", "F", "failed", held="x", warning="w", reason="r"))
    )
    (tmp_path / "r.html").unlink()
    record = media(HOSTILE, HOSTILE, "failed", held=HOSTILE, warning=HOSTILE, reason=HOSTILE, person=HOSTILE)
    html = page(tmp_path, media(), record, error=HOSTILE)
    elements = Elements(html)
    allowed = {tag for tag, _ in plain.seen} | {"strong"}
    assert {tag for tag, _ in elements.seen} <= allowed
    assert [tag for tag, _ in elements.seen].count("script") == 1
    assert not any(name.startswith("on") for _, attributes in elements.seen for name in attributes)
    body = html.replace("\n", "")
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e]", body)


def test_nothing_is_fetched(tmp_path: Path) -> None:
    html = page(tmp_path, media())
    assert "default-src 'none'" in html
    assert not any(
        {"src", "srcset", "data", "action"} & attributes.keys() for _, attributes in Elements(html).seen
    )
    links = [attributes["href"] for tag, attributes in Elements(html).seen if tag == "a"]
    assert links and all(link and link.startswith("#") for link in links)


def test_a_preview_and_an_error_say_so(tmp_path: Path) -> None:
    html = page(tmp_path, media(), dry_run=True, error="the disk is full")
    assert "nothing was written" in html and "the disk is full" in html


def test_nothing_at_all_is_a_page_too(tmp_path: Path) -> None:
    assert "<b>0</b>files in all" in page(tmp_path)


def test_folders_come_by_name_though_told_mixed(tmp_path: Path) -> None:
    html = page(tmp_path, media("1.jpg", "B"), media("2.jpg", "A"), media("3.jpg", "B"))
    assert re.findall(r"<summary>(\w) <span class=soft>(\d)", html) == [("A", "1"), ("B", "2")]
    assert html.index("1.jpg") < html.index("3.jpg")


def test_a_page_takes_the_place_of_what_was_there_for_its_owner_alone(tmp_path: Path) -> None:
    target = tmp_path / "r.html"
    other = tmp_path / "elsewhere"
    target.symlink_to(other)
    ReportPage(scratch=str(tmp_path)).write(str(target), Progress(), False)
    assert not other.exists() and not target.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_page_that_cannot_be_written_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "r.html"
    target.write_text("before")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        ReportPage(scratch=str(tmp_path)).write(str(target), Progress(), False)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["before"]


def test_a_spool_gives_rows_back_by_section_whatever_went_to_disk(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path), held=50)
    wanted: dict[str, bytes] = {}
    for number in range(300):
        name, row = f"s{number % 7}", b"row %d;" % number
        spool.add(name, row)
        wanted[name] = wanted.get(name, b"") + row
    assert {name: b"".join(spool.rows(name)) for name, _ in spool.sections()} == wanted
    assert not list(tmp_path.iterdir())
    spool.close()


def test_a_spool_without_a_place_stays_in_memory(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path / "gone"), held=5)
    spool.add("a", b"123456")
    spool.add("a", b"7")
    assert b"".join(spool.rows("a")) == b"1234567"


def test_memory_does_not_follow_the_files(tmp_path: Path) -> None:
    made = ReportPage(scratch=str(tmp_path))
    records = [media(f"{number}.jpg", f"F{number}") for number in range(20)]
    for record in records * 250:
        made.add(record)
    tracemalloc.start()
    for record in records * 500:
        made.add(record)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 4_000_000


def test_where_a_report_cannot_lie_is_said_before_the_run(tmp_path: Path) -> None:
    assert report_problem(str(tmp_path)) == "is a folder"
    assert "no such folder" in report_problem(str(tmp_path / "no" / "r.html"))
    assert report_problem(str(tmp_path / "r.html")) == ""
    with pytest.raises(UsageError, match="--report"):
        RunReport(Settings(report=str(tmp_path))).check()


def test_a_run_leaves_its_report_in_the_output_unless_nothing_was_done(tmp_path: Path) -> None:
    def ran(word: str, dry_run: bool = False) -> str:
        progress = Progress()
        progress.output = str(tmp_path)
        told = RunReport(Settings(dry_run=dry_run))
        record = media("a.jpg", "Trip", word)
        progress.add(record)
        told.add(record)
        assert told.finish(progress) == ""
        return last_report(str(tmp_path))

    assert ran("written") == "", "there is no .pef-tui"
    (tmp_path / ".pef-tui").mkdir()
    assert ran("written", dry_run=True) == ""
    assert ran("written")
    first = Path(last_report(str(tmp_path))).stat().st_mtime_ns
    assert Path(ran("unchanged")).stat().st_mtime_ns == first


def test_a_report_asked_for_that_fails_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    told = RunReport(Settings(report=str(folder / "r.html"), dry_run=True))
    folder.rmdir()
    assert "No such file" in told.finish(Progress())


def test_figures_added_up_elsewhere_are_not_added_twice() -> None:
    figures = Figures()
    figures.add(media())
    made = ReportPage(figures)
    made.add(media())
    assert figures.after.total() == 1
