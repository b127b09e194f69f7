from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest
from app_cases import made_flow
from hypothesis import given
from hypothesis import strategies as st

from pef_tui.config import ConfigError, typed
from pef_tui.testing.export import sidecar, takeout
from pef_tui.tui import recent
from pef_tui.tui.advice import OTHERWISE, advice
from pef_tui.tui.before import about_output, about_room, size
from pef_tui.tui.option_rows import cycled
from pef_tui.tui.pace import Pace, rough, sparkline
from pef_tui.tui.path_input import completed
from pef_tui.tui.places import shown_path, state_folder, typed_path
from pef_tui.tui.save import edited, save, toml
from pef_tui.tui.survey import Survey, language_words


def test_the_time_left_is_that_of_the_speed_and_pauses_do_not_count() -> None:
    pace = Pace()
    for second in range(11):
        pace.sample(100.0 + second, second * 10, second * 1000, second / 100, False)
    assert pace.speed() == (10, 1000)
    assert pace.left(1.0) == pytest.approx(90)
    for second in range(11, 1000):
        pace.sample(100.0 + second, 100, 10_000, 0.1, True)
    assert pace.left(1.0) == pytest.approx(90)
    assert len(pace.files) == 10


def test_nothing_is_said_of_the_time_left_before_it_can_be_known() -> None:
    pace = Pace()
    assert pace.left(1) is None
    pace.sample(1, 0, 0, 0, False)
    pace.sample(2, 5, 0, 0.1, False)
    assert pace.left(1) is None
    for second in range(3, 30):
        pace.sample(second, 5, 0, 0.0, False)
    assert pace.left(1) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (2, "a few seconds"),
        (44, "about 40 s"),
        (89, "about 90 s"),
        (150, "about 2 min"),
        (7_300, "about 2 h 00 min"),
    ],
)
def test_times_left_are_rough(seconds: float, words: str) -> None:
    assert rough(seconds) == words


def test_sparklines_are_as_high_as_their_highest() -> None:
    pace = Pace()
    pace.files.extend((0, 1, 2, 4))
    assert sparkline(pace.files, 10) == "▁▃▅█"
    assert sparkline(pace.files, 2) == "▅█"
    assert sparkline(pace.bytes, 10) == ""


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1500, "2 kB"), (52_100_000_000, "52.1 GB"), (3e12, "3.0 TB")],
)
def test_sizes_for_people(count: float, words: str) -> None:
    assert size(count) == words


def test_too_little_room_is_said_unless_an_earlier_run_was_there(tmp_path: Path) -> None:
    assert list(about_room(str(tmp_path), 100, 200)) == []
    [word] = about_room(str(tmp_path), 2_000_000_000, 1_000_000_000)
    assert word.level == "warning" and "1.0 GB free, 1.0 GB more" in word.text
    (tmp_path / ".pef-tui").mkdir()
    assert list(about_room(str(tmp_path), 2_000_000_000, 1_000_000_000)) == []


def test_files_that_lie_in_the_output_are_said(tmp_path: Path) -> None:
    assert list(about_output(str(tmp_path / "new"))) == []
    (tmp_path / "mine.txt").touch()
    assert [word.level for word in about_output(str(tmp_path))] == ["note"]


def test_an_unfinished_run_is_told_and_a_finished_one_too(tmp_path: Path, export: Path) -> None:
    from pef_tui.manifest import Ledger, RunOpened

    flow = made_flow(tmp_path, export)
    run = flow.start_run()
    run.join(60)
    [done] = about_output(flow.output)
    assert "3 files are done by earlier runs" in done.text
    ledger = Ledger.open(flow.output, read_only=False)
    ledger.begin(RunOpened("two", 1_700_000_000_000_000_000, "1", b"", {}, {}))
    ledger.release()
    [begun] = about_output(flow.output)
    assert "did not come to its end" in begun.text


def test_recent_sources_keep_their_bytes_and_their_order(tmp_path: Path) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    odd = os.fsdecode(b"/caf\xe9\n")
    recent.remember(environ, recent.Recent((odd,), "/out"))
    for number in range(20):
        recent.remember(environ, recent.Recent((f"/{number}", "/é")))
    recent.remember(environ, recent.Recent(("/15", "/é"), "/other"))
    kept = recent.load(environ)
    assert [each.sources[0] for each in kept] == ["/15", *(f"/{n}" for n in (19, 18, 17, 16, 14, 13, 12))]
    recent.remember(environ, recent.Recent((odd,), "/out"))
    assert recent.load(environ)[0] == recent.Recent((odd,), "/out")
    assert (tmp_path / "pef-tui" / "recent.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[[[", b'[{"sources":3}]', b"\xff", b'[{"sources":["\xe2\x82\xac"]}]']
)
def test_a_damaged_list_of_recent_sources_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pef-tui").mkdir()
    (tmp_path / "pef-tui" / "recent.json").write_bytes(content)
    assert len(recent.load({"XDG_STATE_HOME": str(tmp_path)})) <= 1


def test_without_a_home_nothing_is_kept_and_nothing_fails() -> None:
    environ = {"HOME": "relative"}
    assert state_folder(environ) is None
    recent.remember(environ, recent.Recent(("/a",)))
    assert recent.load(environ) == []


def test_paths_for_people_and_back(tmp_path: Path) -> None:
    assert shown_path(f"{tmp_path}/a") == "~/a" and typed_path(" ~/a ") == f"{tmp_path}/a"
    assert shown_path("/etc") == "/etc"


def test_paths_are_completed_to_folders_and_archives(tmp_path: Path) -> None:
    for name in ("Takeout", "Takeover", "\x1bTak"):
        (tmp_path / name).mkdir()
    (tmp_path / "Takeaway.zip").touch()
    (tmp_path / "Take.txt").touch()
    assert completed(f"{tmp_path}/Take", archives=True) == f"{tmp_path}/Takeaway.zip"
    assert completed(f"{tmp_path}/Take", archives=False) == f"{tmp_path}/Takeout/"
    assert completed("~/Takeo", archives=False) == "~/Takeout/"
    assert completed(f"{tmp_path}/nothing", archives=True) is None
    assert completed("/nowhere/at/all", archives=True) is None
    assert completed("bare", archives=True) is None


def test_a_survey_counts_what_is_there(tmp_path: Path) -> None:
    first = takeout(
        tmp_path / "1", {"Photos from 2019/a.jpg": sidecar("a.jpg"), "Trip/b.mp4": sidecar("b.mp4")}
    )
    second = takeout(tmp_path / "2", {"Photos from 2021/c.jpg": sidecar("c.jpg"), "Trip/d.txt": b"text"})
    packed = tmp_path / "part.tgz"
    packed.write_bytes(b"x" * 1000)
    flow = made_flow(tmp_path, first, second, packed)
    survey = flow.start_survey()
    survey._thread.join(20)
    assert (survey.photos, survey.videos, survey.sidecars, survey.others) == (2, 1, 3, 1)
    assert (survey.folders, survey.parts, survey.packed) == (3, 3, 1000)
    assert sorted(survey.years) == [2019, 2021] and survey.over and not survey.error
    assert flow.expected == 0, "what is packed is not known yet"


def test_a_survey_tells_years_and_languages_by_the_names_of_folders(tmp_path: Path) -> None:
    names = ("Fotos von 2019", "Fotos von 2020", "Foto_s uit 2018", "2017年の写真", "Summer 2016", "Trip")
    export = takeout(tmp_path, {f"{name}/a.jpg": None for name in names})
    survey = made_flow(tmp_path, export).start_survey()
    survey._thread.join(20)
    assert sorted(survey.years) == [2016, 2017, 2018, 2019, 2020]
    assert dict(survey.languages) == {"German": 2, "Dutch": 1, "Japanese": 1}
    assert language_words(survey) == "names in German, Japanese, Dutch"


def test_a_survey_that_fails_is_one_line(tmp_path: Path, export: Path) -> None:
    def broken() -> None:
        raise RuntimeError("[/x]\x1b")

    survey = Survey(made_flow(tmp_path, export).settings, broken)  # type: ignore[arg-type]
    survey._look()
    assert survey.error.startswith(r"the sources cannot be looked at: RuntimeError: [/x]\x1b")


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        ("No space left on device", "Make room"),
        ("no sidecar", "Google gave no JSON"),
        ("ambiguous", "Review"),
        ("damaged in the archive (a checksum)", "Download this part"),
        ("something else", OTHERWISE),
    ],
)
def test_every_cause_has_an_advice(cause: str, words: str) -> None:
    assert words in advice(cause)


def test_choices_go_round_and_texts_are_typed() -> None:
    value: object = "fill"
    seen = []
    for _ in range(3):
        value = cycled("existing", value)
        seen.append(value)
    assert seen == ["overwrite", "never", "fill"]
    assert (
        cycled("only", "video") == "" and cycled("dry_run", False) is True and cycled("timezone", "") is None
    )


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("workers", " 4 ", 4),
        ("workers", "", 0),
        ("exclude", "a, b ,", ("a", "b")),
        ("timezone", "Asia/Tokyo", "Asia/Tokyo"),
    ],
)
def test_what_is_typed_is_checked(name: str, text: str, value: object) -> None:
    assert typed(name, text) == value


@pytest.mark.parametrize(
    ("name", "text"), [("workers", "x"), ("workers", "999"), ("since", "today"), ("existing", "no")]
)
def test_what_cannot_be_meant_is_refused(name: str, text: str) -> None:
    with pytest.raises(ConfigError, match=name):
        typed(name, text)


TEXTS = (
    "",
    "# only a comment\n",
    "workers = 2\n",
    'workers = 2 # two\nexisting = "never"\n\n[plugins]\nworkers = 9\n',
    'exclude = [\n  "a", # first\n  "b",\n]\nworkers=1',
    '"workers" = 7\n\n\n[keys]\n"app.help" = "f9"\n',
)


@pytest.mark.parametrize("text", TEXTS)
def test_a_saved_key_is_the_only_one_that_changes(text: str) -> None:
    before = tomllib.loads(text)
    assert tomllib.loads(edited(text, {"workers": 4})) == {**before, "workers": 4}
    without = tomllib.loads(edited(text, {"workers": None}))
    assert without == {name: value for name, value in before.items() if name != "workers"}
    for line in text.splitlines():
        if line.startswith("#"):
            assert line in edited(text, {"workers": 4})


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back_from_toml(text: str) -> None:
    assert tomllib.loads(f"a = {toml(text)}") == {"a": text}


def test_what_is_not_understood_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    odd = '"work\\u0065rs" = 3\n'
    path.write_text(odd)
    with pytest.raises(ConfigError, match="is not changed"):
        save(path, {"workers": 4})
    assert path.read_text() == odd
    with pytest.raises(ConfigError, match="cannot be"):
        save(tmp_path / "config.toml" / "x", {"workers": 4})
