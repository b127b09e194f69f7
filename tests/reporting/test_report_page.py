"""Test the report page: its content, that it contains nothing active, and how its file is replaced."""

from __future__ import annotations

import json
import os
import re
import tracemalloc
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pef_tui.errors import UsageError
from pef_tui.model import (
    CaptureTime,
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
    Timestamp,
)
from pef_tui.progress import Progress
from pef_tui.reporting.html import ReportPage, RunReport, last_report, report_problem, row_files
from pef_tui.reporting.html import page as page_module
from pef_tui.reporting.html.spool import Spool
from pef_tui.reporting.stats import RunStats
from pef_tui.settings import Settings

HOSTILE = "</td><script>alert(1)</script><img src=x onerror=alert(2)>\x1b]0;t\x07\u202egpj.\n.jpg"


def media(name: str = "a.jpg", folder: str = "Trip", word: str = "written", **fields: object) -> Outcome:
    path = f"Takeout/Google Photos/{folder}/{name}"
    sidecar = Sidecar(
        title=name,
        description=str(fields.get("description", "")),
        photo_taken_time=Timestamp("1562000000"),
        people=(Person(str(fields.get("person", "Ann"))),),
        geo_data=Geo(48.86, 2.34),
    )
    match = Match(
        MediaFile(0, path, 1000, 1_700_000_000 * 10**9), folder, sidecar,
        JsonFile(0, path + ".json", 9, 9, "sidecar", sidecar), "exact",
        capture_time=CaptureTime(1_562_000_000.0, 120, "gps"),
    )  # fmt: skip
    conflicts = (
        Conflict("date", "EXIF:DateTimeOriginal", str(fields.get("held", "1")), "2", "differs by 1 h"),
    )
    plan = Plan(match, word, output=f"{folder}/{name}", conflicts=conflicts if "held" in fields else ())  # type: ignore[arg-type]
    warnings = (str(fields["warning"]),) if "warning" in fields else ()
    return Outcome(plan, word, plan.output, "native", str(fields.get("reason", "")), warnings)  # type: ignore[arg-type]


def page(tmp_path: Path, *records: Record, dry_run: bool = False, error: str = "") -> str:
    progress = Progress()
    progress.sources, progress.output = ("/in",), str(tmp_path)
    sample = ReportPage(scratch=str(tmp_path))
    for record in records:
        progress.add(record)
        sample.add(record)
    sample.write(str(tmp_path / "r.html"), progress, dry_run, error)
    sample.close()
    assert sorted(os.listdir(tmp_path)) == ["r.html"]
    return (tmp_path / "r.html").read_text()


class Elements(HTMLParser):
    """Parses a page as a browser does: elements with their attributes, and the text of each row."""

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
    json_file = JsonFile(0, "Takeout/x.json", 1, 1)
    html = page(
        tmp_path,
        media("a.jpg", held="2019:07:01 11:00:00"),
        media("b.jpg", word="failed", reason="cut short"),
        JsonRecord(json_file, "orphan", "no picture"),
        JsonRecord(json_file, "used"),
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


def test_folders_come_by_name_though_reported_mixed(tmp_path: Path) -> None:
    html = page(tmp_path, media("1.jpg", "B"), media("2.jpg", "A"), media("3.jpg", "B"))
    assert re.findall(r"<summary>(\w) <span class=soft>(\d)", html) == [("A", "1"), ("B", "2")]
    assert html.index("1.jpg") < html.index("3.jpg")


def test_a_page_takes_the_place_of_what_was_there_for_its_owner_alone(tmp_path: Path) -> None:
    target = tmp_path / "r.html"
    other_file = tmp_path / "elsewhere"
    target.symlink_to(other_file)
    ReportPage(scratch=str(tmp_path)).write(str(target), Progress(), False)
    assert not other_file.exists() and not target.is_symlink()
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
    spool = Spool(str(tmp_path), memory_limit=50)
    expected: dict[str, bytes] = {}
    for number in range(300):
        name, row = f"s{number % 7}", b"row %d;" % number
        spool.add(name, row)
        expected[name] = expected.get(name, b"") + row
    assert {name: b"".join(spool.rows(name)) for name, _ in spool.sections()} == expected
    assert not list(tmp_path.iterdir())
    spool.close()


def test_a_spool_without_a_place_stays_in_memory(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path / "gone"), memory_limit=5)
    spool.add("a", b"123456")
    spool.add("a", b"7")
    assert b"".join(spool.rows("a")) == b"1234567"


def test_memory_does_not_follow_the_files(tmp_path: Path) -> None:
    sample = ReportPage(scratch=str(tmp_path))
    records = [media(f"{number}.jpg", f"F{number}") for number in range(20)]
    for record in records * 250:
        sample.add(record)
    tracemalloc.start()
    for record in records * 500:
        sample.add(record)
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
        report = RunReport(Settings(dry_run=dry_run))
        record = media("a.jpg", "Trip", word)
        progress.add(record)
        report.add(record)
        assert report.finish(progress) == ""
        return last_report(str(tmp_path))

    assert ran("written") == "", "there is no .pef-tui"
    (tmp_path / ".pef-tui").mkdir()
    assert ran("written", dry_run=True) == ""
    assert ran("written")
    first = Path(last_report(str(tmp_path))).stat().st_mtime_ns
    assert Path(ran("unchanged")).stat().st_mtime_ns == first


def test_a_report_asked_for_that_fails_is_reported(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    report = RunReport(Settings(report=str(folder / "r.html"), dry_run=True))
    folder.rmdir()
    assert "No such file" in report.finish(Progress())


def test_figures_added_up_elsewhere_are_not_added_twice() -> None:
    figures = RunStats()
    figures.add(media())
    sample = ReportPage(figures)
    sample.add(media())
    assert figures.capture_months.total() == 1


def test_people_and_descriptions_are_found_and_not_shown(tmp_path: Path) -> None:
    html = page(tmp_path, media(person='Ann "A" <b>', description="On the beach"))
    [row] = [attributes for tag, attributes in Elements(html).seen if tag == "tr" and "data-w" in attributes]
    assert row["data-w"] == 'Ann "A" <b>; On the beach'
    assert "On the beach" not in " ".join(Elements(html).cells)


def test_causes_and_conflicts_lead_to_their_files(tmp_path: Path) -> None:
    html = page(
        tmp_path,
        media("b.jpg", word="failed", reason="cut short"),
        media("c.jpg", held="1", warning="damaged: x"),
        media("d.jpg", word="unmatched"),
    )
    links = [
        attributes for tag, attributes in Elements(html).seen if tag == "a" and "data-find" in attributes
    ]
    assert [(link["data-find"], link.get("data-outcome")) for link in links] == [
        ("cut short", "failed"), ("no sidecar", "unmatched"), ("damaged", None),
        ("date: differs by 1 h", None), ("date: differs by 1 h", None),
    ]  # fmt: skip
    rows = html[html.index("<section id=files") :].split("<tr")
    for link in links:  # each link finds at least a row
        assert any(str(link["data-find"]) in row for row in rows)


@pytest.mark.parametrize(
    ("folder_mode", "mode"), [(0o700, 0o600), (0o750, 0o640), (0o2750, 0o640), (0o755, 0o644), (0o710, 0o600)]
)
def test_who_may_read_the_output_may_read_the_report(tmp_path: Path, folder_mode: int, mode: int) -> None:
    dest = tmp_path / "dest"
    state = dest / ".pef-tui"
    state.mkdir(parents=True)
    state.chmod(0o700)
    dest.chmod(folder_mode)
    progress = Progress()
    progress.output = str(dest)
    path = ReportPage(scratch=str(tmp_path)).write_last(progress)
    assert os.stat(path).st_mode & 0o777 == mode
    assert state.stat().st_mode & 0o777 == 0o700 | (mode & 0o044) >> 2


def test_the_rows_of_a_large_page_are_in_files_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_module, "INLINE_BYTES", 5_000)
    monkeypatch.setattr(row_files, "FILE_BYTES", 3_000)
    target = tmp_path / "r.html"
    target_rows = tmp_path / "r.html.rows"
    tmp_path.chmod(0o750)

    def written(count: int) -> str:
        sample = ReportPage(scratch=str(tmp_path))
        for number in range(count):
            sample.add(media(f"{number}.jpg", f"F{number % 2}"))
        sample.write(str(target), Progress(), False)
        sample.close()
        return target.read_text()

    for count in (200, 300):
        html = written(count)
        token = re.findall('data-rows="r.html.rows/([0-9a-f]{8}-)"', html)[0]
        files = sorted(target_rows.iterdir(), key=lambda path: int(re.findall(r"-(\d+)\.js", path.name)[0]))
        assert all(path.name.startswith(token) for path in files), "those of the page before are removed"
        assert {path.stat().st_mode & 0o777 for path in files} == {0o640}
        assert target_rows.stat().st_mode & 0o777 == 0o750
        names = []
        for number, path in enumerate(files):
            found = re.fullmatch(r"pefRows\((\d+),(.*)\)\n", path.read_text(), re.S)
            assert found and int(found[1]) == number
            names += [
                (section, re.findall("<td>(.*?)<td", row)[0])
                for section, rows in json.loads(found[2])
                for row in rows
            ]
        assert names == [(part, f"{n}.jpg") for part in (0, 1) for n in range(part, count, 2)]
        ranges = [tuple(map(int, pair)) for pair in re.findall('data-files="(\\d+) (\\d+)"', html)]
        assert ranges[0][0] == 0 and ranges[1][1] == len(files) - 1
        assert ranges[0][1] <= ranges[1][0] <= ranges[0][1] + 1
    (target_rows / "mine.js").write_text("")
    assert "data-files" not in written(3)
    assert [path.name for path in target_rows.iterdir()] == ["mine.js"], "other files stay"


def test_a_page_of_a_million_files_is_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = ReportPage(scratch=str(tmp_path))
    records = [media(f"IMG_20190101_{number:06}.jpg", f"Photos from {number}") for number in range(500)]
    for record in records:
        sample.add(record)
    for number in range(500):  # a thousand blocks of a thousand rows
        section, data = (
            f"Photos from {number}",
            b"<tr><td>IMG_20190101_123456.jpg<td class=written>written<td><td>\n",
        )
        sample._spool.add(section, data * 2000)
    sample.write(str(tmp_path / "r.html"), Progress(), False)
    assert (tmp_path / "r.html").stat().st_size < 20_000_000
    assert sum(path.stat().st_size for path in (tmp_path / "r.html.rows").iterdir()) > 50_000_000


def test_rows_that_cannot_be_written_leave_the_page_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_module, "INLINE_BYTES", 100)
    target = tmp_path / "r.html"
    target.write_text("before")
    sample = ReportPage(scratch=str(tmp_path))
    for number in range(20):
        sample.add(media(f"{number}.jpg"))
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        sample.write(str(target), Progress(), False)
    assert target.read_text() == "before" and not list((tmp_path / "r.html.rows").iterdir())
