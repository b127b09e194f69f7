from pathlib import Path

import pytest

from pef_tui.config import ConfigError, load, options
from pef_tui.settings import Settings


@pytest.fixture
def files(tmp_path: Path) -> tuple[dict[str, str], Path, Path]:
    """An environment with a user file, and another file for --config."""
    user = tmp_path / "pef-tui" / "config.toml"
    user.parent.mkdir()
    return {"XDG_CONFIG_HOME": str(tmp_path)}, user, tmp_path / "other.toml"


def test_without_anything_every_value_is_the_default() -> None:
    loaded = load({}, {})
    assert loaded.settings == Settings()
    assert set(loaded.origins.values()) == {"default"}


def test_flag_overrules_environment_overrules_config_overrules_user_file(
    files: tuple[dict[str, str], Path, Path],
) -> None:
    environ, user, other = files
    user.write_text('workers = 1\nexisting = "never"\nxmp = "always"\nprogress = 5\n')
    other.write_text('workers = 2\nexisting = "overwrite"\nxmp = "never"\n')
    environ |= {"PEF_TUI_WORKERS": "3", "PEF_TUI_EXISTING": "fill"}
    loaded = load({"workers": "4"}, environ, str(other))
    settings, origins = loaded.settings, loaded.origins
    assert (settings.workers, settings.existing, settings.xmp, settings.progress) == (4, "fill", "never", 5.0)
    assert [origins[name] for name in ("workers", "existing", "xmp", "progress", "log")] == [
        "flag --workers",
        "environment PEF_TUI_EXISTING",
        str(other),
        str(user),
        "default",
    ]


def test_user_file_can_be_left_aside(files: tuple[dict[str, str], Path, Path]) -> None:
    environ, user, other = files
    user.write_text("workers = 1")
    other.write_text("force = true")
    assert load({}, environ, str(other), user_file=False).settings == Settings(force=True)
    environ |= {"PEF_TUI_NO_CONFIG": "1", "PEF_TUI_CONFIG": str(other)}
    assert load({}, environ).settings == Settings(force=True)


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("DRY_RUN", "yes", True),
        ("DRY_RUN", "0", False),
        ("PROGRESS", "2.5", 2.5),
        ("ALBUM", "Trip*:Summer*", ("Trip*", "Summer*")),
        ("ALBUM", "12:30\nTrip", ("12:30", "Trip")),
        ("TIMEZONE", "Europe/Berlin", "Europe/Berlin"),
        ("SINCE", "2019-02-28", "2019-02-28"),
        ("FORCE", "", False),
    ],
)
def test_environment_is_text_turned_into_values(name: str, raw: str, value: object) -> None:
    assert getattr(load({}, {f"PEF_TUI_{name}": raw}).settings, name.lower()) == value


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        ({"existing": "replace"}, "--existing: fill, overwrite or never, not 'replace'"),
        ({"workers": "many"}, "--workers: a whole number from 0 to 256, not 'many'"),
        ({"workers": "257"}, "--workers: a whole number from 0 to 256, not '257'"),
        ({"progress": "nan"}, "--progress: a number from 0, not 'nan'"),
        ({"max_errors": "-1"}, "--max-errors: a whole number from 0, not '-1'"),
        ({"timezone": "Mars/City"}, "flag --timezone: an IANA zone such as Europe/Berlin, not 'Mars/City'"),
        ({"timezone": "../etc"}, "flag --timezone: an IANA zone such as Europe/Berlin, not '../etc'"),
        ({"since": "20190101"}, "flag --since: a date YYYY-MM-DD, not '20190101'"),
        ({"until": "2019-02-29"}, "flag --until: a date YYYY-MM-DD, not '2019-02-29'"),
    ],
)
def test_bad_values_say_where_and_what_is_allowed(flags: dict[str, object], text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(flags, {})
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("existng = 'fill'", "existng: no such setting, did you mean existing?"),
        ("dry-run = true", "dry-run: no such setting, did you mean dry_run?"),
        ("workers = '2'", "workers: a whole number from 0 to 256, not '2'"),
        ("force = 1", "force: true or false, not 1"),
        ("album = 'Trip'", "album: a list of texts, not 'Trip'"),
        ("plugins = 1", "plugins: tables, not 1"),
        ("workers = ", "is not TOML"),
        ("\xff", "is not TOML"),
        ("a = " + "[" * 5000, "is not TOML"),
        ('"\x1b[2J" = 1', "\\x1b[2J"),
    ],
)
def test_bad_files_are_named_with_the_key(
    files: tuple[dict[str, str], Path, Path], text: str, told: str
) -> None:
    environ, user, _ = files
    user.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError) as caught:
        load({}, environ)
    assert str(caught.value).startswith(str(user))
    assert told in str(caught.value) or (told.startswith("\\") and "is not TOML" in str(caught.value))
    assert "\x1b" not in str(caught.value) and "\n" not in str(caught.value)


def test_missing_config_is_an_error_but_a_missing_user_file_is_not(tmp_path: Path) -> None:
    load({}, {"HOME": str(tmp_path)})
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load({}, {}, str(tmp_path / "none.toml"))


def test_tables_of_plugins_are_joined_by_name(files: tuple[dict[str, str], Path, Path]) -> None:
    environ, user, other = files
    user.write_text("[plugins]\ndisable = ['x']\n[plugins.a]\nn = 1\n[plugins.b]\nn = 1\n")
    other.write_text("[plugins.b]\nn = 2\n")
    tables = load({}, environ, str(other)).settings.plugins
    assert tables == {"disable": ["x"], "a": {"n": 1}, "b": {"n": 2}}


def test_unknown_variables_are_told_and_ignored() -> None:
    loaded = load({}, {"PEF_TUI_EXISTIN": "never", "PEF_TUI_LOAD_PLUGINS": "", "PATH": "/bin"})
    assert loaded.notes == ("PEF_TUI_EXISTIN: no such setting, did you mean PEF_TUI_EXISTING?; ignored",)


def test_every_setting_describes_itself() -> None:
    for option in options().values():
        assert option.kind == "tables" or (option.text and (option.kind == "switch" or option.metavar)), (
            option
        )
