"""Pictures whose time zone nothing states: how many got the zone of the machine is reported everywhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import arguments, run_here, run_with
from export_layouts import lay, picture

from pef_tui.pipeline import run as pipeline
from pef_tui.plugins.host import PluginHost
from pef_tui.settings import Settings
from pef_tui.tui.session.run_thread import RunThread
from pef_tui.tui.text.done import problem_text, problems, result

ROME = {"latitude": 41.9, "longitude": 12.5, "altitude": 0.0}
FILES = picture("a.jpg", 1) | picture("b.jpg", 2) | picture("c.jpg", 3, geoData=ROME, taken=1_500_000_000)


@pytest.fixture(autouse=True)
def own_zone() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return lay(tmp_path / "source", FILES)


def test_json_words_and_report(source: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "report.html"
    for flags in (["--dry-run"], []):
        summary = run_here(source, tmp_path / "out", "--report", str(page), *flags)[-1]
        assert summary["assumed_zones"] == 2
        words = (
            "2 files: time zone unknown, that of this machine assumed (JST) (--timezone ZONE sets another)\n"
        )
        assert words in capfd.readouterr().err
        assert "Time zone assumed: 2</h3><p>time zone unknown, that of this machine assumed (JST)." in (
            page.read_text()
        )
    assert "--timezone ZONE" in page.read_text()


def test_nothing_is_reported_with_a_zone(
    source: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_here(source, tmp_path / "out", "--timezone", "Europe/Berlin")[-1]["assumed_zones"] == 0
    assert "zone" not in capfd.readouterr().err
    assert "assumed:" not in (tmp_path / "out/.pef-tui/report.html").read_text()


def test_files_that_are_left_out_do_not_count(source: Path, tmp_path: Path) -> None:
    assert run_here(source, tmp_path / "out", "--exclude", "a.jpg")[-1]["assumed_zones"] == 1
    assert run_with(arguments(source, tmp_path / "out", "--exclude", "a.jpg"))[-1]["assumed_zones"] == 0


def test_the_done_screen_says_how_to_set_the_zone(source: Path, tmp_path: Path) -> None:
    settings = Settings(sources=(str(source),), output=str(tmp_path / "out"))
    run = RunThread(settings, lambda: PluginHost(settings, only=""), lambda record: None)
    for record in pipeline.run(settings, PluginHost(settings, only=""), run.progress):
        run.progress.add(record)
    run.ending = "done"
    assert "2  with an assumed time zone" in result(run).plain
    [problem] = [each for each in problems(run, None) if "zone" in each.cause]
    assert problem.count == 2
    assert "set the timezone option and run again" in problem_text(problem).plain
