from __future__ import annotations

from pathlib import Path

from app_pilot import make_session

from pef_tui.testing.export import sidecar, takeout
from pef_tui.tui.session.survey import Survey, language_words


def test_a_survey_counts_files(tmp_path: Path) -> None:
    first = takeout(
        tmp_path / "1", {"Photos from 2019/a.jpg": sidecar("a.jpg"), "Trip/b.mp4": sidecar("b.mp4")}
    )
    second = takeout(tmp_path / "2", {"Photos from 2021/c.jpg": sidecar("c.jpg"), "Trip/d.txt": b"text"})
    packed = tmp_path / "part.tgz"
    packed.write_bytes(b"x" * 1000)
    session = make_session(tmp_path, first, second, packed)
    survey = session.start_survey()
    survey._thread.join(20)
    assert (survey.photos, survey.videos, survey.sidecars, survey.other_files) == (2, 1, 3, 1)
    assert (survey.folders, survey.parts, survey.packed_bytes) == (3, 3, 1000)
    assert sorted(survey.years) == [2019, 2021] and survey.is_over and not survey.error
    assert session.expected_files == 0, "what is packed is not known yet"


def test_a_survey_finds_years_and_languages_by_folder_names(tmp_path: Path) -> None:
    names = ("Fotos von 2019", "Fotos von 2020", "Foto_s uit 2018", "2017年の写真", "Summer 2016", "Trip")
    export = takeout(tmp_path, {f"{name}/a.jpg": None for name in names})
    survey = make_session(tmp_path, export).start_survey()
    survey._thread.join(20)
    assert sorted(survey.years) == [2016, 2017, 2018, 2019, 2020]
    assert dict(survey.languages) == {"German": 2, "Dutch": 1, "Japanese": 1}
    assert language_words(survey) == "names in German, Japanese, Dutch"


def test_a_survey_that_fails_is_one_line(tmp_path: Path, export: Path) -> None:
    def broken() -> None:
        raise RuntimeError("[/x]\x1b")

    survey = Survey(make_session(tmp_path, export).settings, broken)  # type: ignore[arg-type]
    survey._run()
    assert survey.error.startswith(r"the sources cannot be read: RuntimeError: [/x]\x1b")
