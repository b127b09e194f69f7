from pathlib import Path

import pytest

from pef_tui.config import ConfigError, load, options, parse_text
from pef_tui.settings import Settings, duration_seconds


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
    environ, user, second = files
    user.write_text('workers = 1\nexisting = "never"\nxmp = "always"\nprogress = 5\n')
    second.write_text('workers = 2\nexisting = "overwrite"\nxmp = "never"\n')
    environ |= {"PEF_TUI_WORKERS": "3", "PEF_TUI_EXISTING": "fill"}
    loaded = load({"workers": "4"}, environ, str(second))
    settings, origins = loaded.settings, loaded.origins
    assert (settings.workers, settings.existing, settings.xmp, settings.progress) == (4, "fill", "never", 5.0)
    assert [origins[name] for name in ("workers", "existing", "xmp", "progress", "log")] == [
        "flag --workers",
        "environment PEF_TUI_EXISTING",
        str(second),
        str(user),
        "default",
    ]


def test_user_file_can_be_left_aside(files: tuple[dict[str, str], Path, Path]) -> None:
    environ, user, second = files
    user.write_text("workers = 1")
    second.write_text("force = true")
    assert load({}, environ, str(second), user_file=False).settings == Settings(force=True)
    environ |= {"PEF_TUI_NO_CONFIG": "1", "PEF_TUI_CONFIG": str(second)}
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
    ("text", "report"),
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
    files: tuple[dict[str, str], Path, Path], text: str, report: str
) -> None:
    environ, user, _ = files
    user.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError) as caught:
        load({}, environ)
    assert str(caught.value).startswith(str(user))
    assert report in str(caught.value) or (report.startswith("\\") and "is not TOML" in str(caught.value))
    assert "\x1b" not in str(caught.value) and "\n" not in str(caught.value)


def test_missing_config_is_an_error_but_a_missing_user_file_is_not(tmp_path: Path) -> None:
    load({}, {"HOME": str(tmp_path)})
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load({}, {}, str(tmp_path / "none.toml"))


PATHS = {"sources", "output", "decisions", "report", "profile", "log", "metrics", "exiftool", "plugin"}


def test_every_path_is_marked_as_one() -> None:
    assert {name for name, option in options().items() if option.path} == PATHS
    described = {"DEST", "FILE", "PATH", "SOURCE"}
    assert {name for name, option in options().items() if option.metavar in described} == PATHS - {"plugin"}


@pytest.mark.parametrize("name", sorted(PATHS))
@pytest.mark.parametrize("origin", ["flag", "environment", "user file", "--config", "PEF_TUI_CONFIG", "app"])
def test_the_home_directory_is_known_in_every_path(
    name: str, origin: str, files: tuple[dict[str, str], Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    environ, user, _ = files
    monkeypatch.setenv("HOME", "/home/ann")
    is_list = options()[name].kind == "list"
    text = f"{name} = {['~/x', './~', 'a~']}" if is_list else f'{name} = "~/x"'
    expected = ("/home/ann/x", "./~", "a~") if is_list else "/home/ann/x"
    if origin == "app":
        assert parse_text(name, "~/x,./~,a~" if is_list else "~/x") == expected
        return
    flags: dict[str, object] = {}
    config = ""
    if origin == "flag":
        flags = {name: ["~/x", "./~", "a~"] if is_list else "~/x"}
    elif origin == "environment":
        environ[f"PEF_TUI_{name.upper()}"] = "~/x:./~:a~" if is_list else "~/x"
    elif origin == "user file":
        user.write_text(text)
    else:
        user.with_name("more.toml").write_text(text)
        monkeypatch.setenv("HOME", str(user.parent))
        expected = (f"{user.parent}/x", "./~", "a~") if is_list else f"{user.parent}/x"
        if origin == "--config":
            config = "~/more.toml"
        else:
            environ["PEF_TUI_CONFIG"] = "~/more.toml"
    assert getattr(load(flags, environ, config).settings, name) == expected


def test_what_is_no_path_keeps_its_tilde() -> None:
    assert load({"layout": "~/{name}", "album": ["~x"]}, {}).settings == Settings(
        layout="~/{name}", album=("~x",)
    )


def test_a_home_directory_that_is_not_known_stays() -> None:
    assert load({"output": "~no-such-user/x"}, {}).settings.output == "~no-such-user/x"


def test_tables_of_plugins_are_joined_by_name(files: tuple[dict[str, str], Path, Path]) -> None:
    environ, user, second = files
    user.write_text("[plugins]\ndisable = ['x']\n[plugins.a]\nn = 1\n[plugins.b]\nn = 1\n")
    second.write_text("[plugins.b]\nn = 2\n")
    tables = load({}, environ, str(second)).settings.plugins
    assert tables == {"disable": ["x"], "a": {"n": 1}, "b": {"n": 2}}


def test_unknown_variables_are_reported_and_ignored() -> None:
    loaded = load({}, {"PEF_TUI_EXISTIN": "never", "PEF_TUI_LOAD_PLUGINS": "", "PATH": "/bin"})
    assert loaded.notes == ("PEF_TUI_EXISTIN: no such setting, did you mean PEF_TUI_EXISTING?; ignored",)


def test_every_setting_describes_itself() -> None:
    for option in options().values():
        assert option.kind == "tables" or (option.text and (option.kind == "switch" or option.metavar)), (
            option
        )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", 0),
        ("90", 90),
        ("90s", 90),
        ("30m", 1800),
        ("1h30m", 5400),
        ("2d", 172_800),
        ("1.5H", 5400),
        ("0", 0),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert duration_seconds(text) == seconds
    assert load({"lock_wait": text}, {}).settings.lock_wait == text


@pytest.mark.parametrize("text", ["soon", "-5", "5 m", "1m1h", ".", "1.2.3", "s", "5x", "\u0665", "1e3"])
def test_what_is_no_duration_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ConfigError, match="PEF_TUI_LOCK_WAIT: a duration such as 90s, 30m or 1h30m, not"):
        load({}, {"PEF_TUI_LOCK_WAIT": text})
