import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from pef_tui import hooks
from pef_tui.cli.main import main
from pef_tui.config import ConfigError
from pef_tui.hooks import Check, Filter, Finding, SettingsTable, TagMapper, hookimpl
from pef_tui.plugins import host as plugins
from pef_tui.plugins.host import PluginHost
from pef_tui.settings import Settings


class Distribution:
    def __init__(self, name: str, version: str = "1.2") -> None:
        self.name, self.version = name, version


class Entry:
    """The attributes of an entry point that the host uses."""

    def __init__(self, name: str, load: Callable[[], Any], distribution: str = "") -> None:
        self.name, self.load = name, load
        self.dist = Distribution(distribution or f"pef-tui-{name}")


def plugin(**implementations: Callable[..., Any]) -> Any:
    """Return an object with these hook implementations."""
    return type("Plugin", (), {name: staticmethod(hookimpl(item)) for name, item in implementations.items()})


def mapper(name: str, order: int = 100) -> TagMapper:
    return TagMapper(name, lambda match: (), order)


def leave() -> Any:
    sys.exit(3)


def stumble() -> Any:
    raise ValueError("first line\nsecond \x1b line")


@pytest.fixture(autouse=True)
def without_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "BUILT_IN", {"doctor": "pef_tui.doctor"})


def host(
    *entries: Entry, only: str | None = None, tables: dict[str, object] | None = None, p: tuple[str, ...] = ()
) -> PluginHost:
    return PluginHost(Settings(plugins=tables or {}, plugin=p), entries, only)  # type: ignore[arg-type]


def states(actual: PluginHost) -> dict[str, str]:
    return {each.name: each.state for each in actual.plugins}


def test_what_fails_to_load_is_recorded_with_distribution_and_version_and_survived() -> None:
    actual = host(
        Entry("good", lambda: plugin(pef_tag_mappers=lambda: [mapper("m")])),
        Entry("leaves", leave),
        Entry("stumbles", stumble),
        Entry("wrong-argument", lambda: plugin(pef_tag_mappers=lambda nonsense: [])),
        Entry("doctor", lambda: plugin(), "pef-tui-other"),
    )
    assert [name for name, _ in actual.collect("pef_tag_mappers")] == ["good"]
    errors = {item.name: item.error for item in actual.broken}
    assert errors["leaves"].startswith("SystemExit: 3 (test_host.py:")
    assert errors["stumbles"].startswith("ValueError: first line; second \\x1b line (test_host.py:")
    assert "nonsense" in errors["wrong-argument"]
    assert errors["doctor"].startswith("the name is taken by doctor (pef-tui ")
    report = next(note for note in actual.notes if "stumbles" in note)
    assert report.startswith("plugin stumbles (pef-tui-stumbles 1.2): ValueError")
    assert all("\n" not in note and "\x1b" not in note for note in actual.notes)


def test_a_forgotten_hookimpl_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "from pef_tui import Filter, hookimpl\n"
        "def pef_tag_mappers():\n    yield from ()\n"
        "@hookimpl\ndef pef_filters():\n    yield from ()\n"
        "def pef_helper():\n    pass\n"
    )
    actual = PluginHost(Settings(plugin=(str(path),)), entry_points=())
    (note,) = actual.notes
    reason = "pef_tag_mappers is never called: write @hookimpl above it"
    assert note.startswith("plugin mine (") and note.endswith(f": {reason}")
    assert note in actual.notes.warnings
    (mine,) = (plugin for plugin in actual.plugins if plugin.name == "mine")
    assert mine.hooks == ("pef_filters",) and mine.notes == [reason]


def test_hooks_no_one_knows_are_reported() -> None:
    actual = host(Entry("new", lambda: plugin(pef_of_tomorrow=lambda: ())))
    assert actual.notes == ["plugin new (pef-tui-new 1.2): pef_of_tomorrow: no such hook"]
    assert states(actual)["new"] == "loaded"


@pytest.mark.parametrize(
    ("only", "tables", "p", "expected"),
    [
        (None, {}, (), {"a", "b", "doctor"}),
        ("", {}, (), {"doctor"}),
        ("b", {}, (), {"b", "doctor"}),
        ("", {}, ("a",), {"a", "doctor"}),
        (None, {"disable": ["a", "doctor"]}, (), {"b"}),
        (None, {"disable": ["a"]}, ("a",), {"a", "b", "doctor"}),
        (None, {}, ("no:b",), {"a", "doctor"}),
        (None, {}, ("b", "no:b"), {"a", "doctor"}),
    ],
)
def test_plugins_are_chosen_by_variable_table_and_flag(
    only: str | None, tables: dict[str, object], p: tuple[str, ...], expected: set[str]
) -> None:
    entries = [Entry(name, lambda: plugin(pef_filters=lambda: ())) for name in ("b", "a")]
    actual = states(host(*entries, only=only, tables=tables, p=p))
    assert {name for name, state in actual.items() if state == "loaded"} == expected
    assert set(actual.values()) <= {"loaded", "off"}


def test_what_is_off_is_never_imported() -> None:
    host(Entry("a", lambda: pytest.fail("imported")), only="")


def test_registrations_are_sorted_by_order_plugin_and_name() -> None:
    actual = host(
        Entry("z", lambda: plugin(pef_tag_mappers=lambda: [mapper("late", 200), mapper("b"), mapper("a")])),
        Entry("c", lambda: plugin(pef_tag_mappers=lambda settings: iter([mapper("x"), mapper("early", 1)]))),
    )
    pairs = [(name, item.name) for name, item in actual.collect("pef_tag_mappers")]
    assert pairs == [("c", "early"), ("c", "x"), ("z", "a"), ("z", "b"), ("z", "late")]


def yields_then_raises() -> Any:
    yield mapper("half")
    raise RuntimeError("no more")


def endless() -> Any:
    while True:
        yield mapper("again")


@pytest.mark.parametrize(
    ("implementation", "report"),
    [
        (stumble, "ValueError: first line"),
        (leave, "SystemExit"),
        (yields_then_raises, "RuntimeError: no more"),
        (endless, "more than 1000 objects"),
        (lambda: ["text"], "yields str, not TagMapper"),
        (lambda: [Filter("f", lambda match: None)], "yields Filter, not TagMapper"),
        (lambda: [TagMapper(5, print)], "the name of a TagMapper is a text"),  # type: ignore[arg-type]
        (lambda: [TagMapper("m", print, "first")], "its order a whole number"),  # type: ignore[arg-type]
        (lambda: 7, "TypeError"),
    ],
)
def test_a_hook_that_fails_gives_nothing_is_named_and_costs_no_one_else(
    implementation: Callable[[], Any], report: str
) -> None:
    actual = host(
        Entry("bad", lambda: plugin(pef_tag_mappers=implementation)),
        Entry("good", lambda: plugin(pef_tag_mappers=lambda: [mapper("m")])),
        Entry("silent", lambda: plugin(pef_tag_mappers=lambda: None)),
    )
    assert [name for name, _ in actual.collect("pef_tag_mappers")] == ["good"]
    actual.collect("pef_tag_mappers")
    assert len(actual.notes) == 1
    assert actual.notes[0].startswith("plugin bad: pef_tag_mappers: ")
    assert report in actual.notes[0]


def test_printing_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    def speaks() -> Any:
        print("from the hook")
        yield mapper("m")

    def load() -> Any:
        print("from the import")
        return plugin(pef_tag_mappers=speaks)

    host(Entry("loud", load)).collect("pef_tag_mappers")
    assert capsys.readouterr() == ("", "from the import\nfrom the hook\n")


class Links(Struct, frozen=True):
    limit: int = 3


def linked(records: list[object]) -> Entry:
    def mappers(settings: Settings) -> Any:
        records.append(settings.plugins["links"])
        settings.plugins.clear()
        return []

    tables = plugin(pef_settings=lambda: [SettingsTable("links", Links)], pef_tag_mappers=mappers)
    return Entry("links", lambda: tables)


def test_the_table_of_a_plugin_comes_as_its_own_struct_and_cannot_be_spoilt() -> None:
    calls: list[object] = []
    actual = host(linked(calls), tables={"links": {"limit": 5}})
    actual.collect("pef_tag_mappers")
    actual.collect("pef_tag_mappers")
    host(linked(calls)).collect("pef_tag_mappers")
    assert calls == [Links(5), Links(5), Links(3)]


@pytest.mark.parametrize(
    ("tables", "report"),
    [
        ({"links": {"limit": "x"}}, r"\[plugins.links\]: Expected `int`, got `str` - at `limit`"),
        ({"nobody": {}}, r"\[plugins.nobody\]: no plugin of that name is installed"),
        ({"doctor": {}}, r"\[plugins.doctor\]: this plugin has no settings"),
        ({"disable": "links"}, "plugins.disable: a list of names, not 'links'"),
    ],
)
def test_tables_that_do_not_fit_are_refused(tables: dict[str, object], report: str) -> None:
    with pytest.raises(ConfigError, match=report):
        host(linked([]), tables=tables)


def test_tables_of_broken_and_disabled_plugins_are_not_checked() -> None:
    actual = host(
        Entry("broken", stumble),
        linked([]),
        tables={"broken": {"a": 1}, "links": {"b": 1}, "disable": ["links"]},
    )
    assert states(actual) | {"broken": "broken", "links": "off"} == states(actual)
    assert not any("links" in note for note in actual.notes)


def test_a_local_file_or_module_is_a_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "from pef_tui.hooks import *\n@hookimpl\ndef pef_filters():\n    yield Filter('f', lambda match: None)\n"
    (tmp_path / "mine.py").write_text(text)
    (tmp_path / "by_name.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    actual = host(p=(str(tmp_path / "mine.py"), "by_name"))
    assert [name for name, _ in actual.collect("pef_filters")] == ["by_name", "mine"]
    assert [(each.name, each.origin) for each in actual.plugins[1:]] == [
        ("mine", "local"),
        ("by_name", "local"),
    ]


@pytest.mark.parametrize("name", ["no_such_module", "./missing.py", "a.b.c", "../x", ""])
def test_a_local_plugin_that_is_not_there_is_a_usage_error(name: str) -> None:
    with pytest.raises(ConfigError, match=r"no such file|no plugin, module or file"):
        host(p=(name,))


def test_a_check_that_fails_is_a_finding(capfd: pytest.CaptureFixture[str]) -> None:
    from pef_tui.doctor import run_checks

    checks = [
        Check("bad", stumble),
        Check("odd", lambda: ["text"]),  # type: ignore[list-item]
        Check("mine", lambda: [Finding("problem", "it is \x1b[31mloose", "fasten it")]),
    ]
    assert (
        run_checks(host(Entry("three", lambda: plugin(pef_checks=lambda: checks)), Entry("broken", leave)))
        == 1
    )
    text = capfd.readouterr().out
    assert "WARNING bad: the check of plugin three failed: ValueError" in text
    assert "WARNING odd: the check of plugin three failed: TypeError: yields str" in text
    assert "PROBLEM mine: it is \\x1b[31mloose\n        fasten it\n" in text
    assert "leave it out: -p no:broken" in text


def shape(*entries: Entry, tables: dict[str, object] | None = None, **settings: object) -> bytes:
    result = host(*entries, tables=tables)
    return result.shape(Settings(**settings))  # type: ignore[arg-type]


def test_the_shape_changes_with_what_may_plan_differently_and_with_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[object] = []
    plain = shape(linked(calls))
    assert len(plain) == 8
    same = [shape(linked(calls), workers=3, output="x", dry_run=True, log="y", sources=("a",))]
    newer = linked(calls)
    newer.dist.version = "1.3"
    rest = [
        shape(),
        shape(newer),
        shape(linked(calls), tables={"links": {"limit": 4}}),
        shape(linked(calls), existing="never"),
        shape(linked(calls), timezone="Europe/Berlin"),
        shape(linked(calls), exclude=("*.gif",)),
    ]
    monkeypatch.setattr(plugins, "RULES", plugins.RULES + 1)
    rest.append(shape(linked(calls)))
    assert same == [plain]
    assert len({plain, *rest}) == 1 + len(rest)


def listed_plugins(capfd: pytest.CaptureFixture[str], *words: str) -> dict[str, dict[str, Any]]:
    """Return what `--plugins --json` reports, by name."""
    assert main(["--plugins", "--json", "--no-config", *words]) == 0
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    return {line["name"]: line for line in lines}


TROUBLED = """
from pef_tui import *

@hookimpl
def pef_tag_mappers():
    yield TagMapper("m", print, 5)

@hookimpl
def pef_filters():
    1 / 0

@hookimpl
def pef_of_tomorrow(): ...
"""


def test_the_list_and_the_doctor_tell_what_is_wrong_why_it_is_off_and_the_fingerprint(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.py"
    path.write_text(TROUBLED)
    foreign = listed_plugins(capfd, "-p", str(path), "--trace-plugins")["mine"]
    assert foreign["registered"] == ["tag_mappers: m (5)"] and foreign["hooks"] == [
        "pef_filters",
        "pef_tag_mappers",
    ]
    assert foreign["notes"][0] == "pef_of_tomorrow: no such hook"
    assert foreign["notes"][1].startswith("pef_filters: ZeroDivisionError: division by zero (mine.py:")
    assert foreign["trace"][0].startswith("pef_tag_mappers of plugin mine: m (5), ")
    path.write_text(TROUBLED + "# changed")
    assert listed_plugins(capfd, "-p", str(path))["mine"]["fingerprint"] != foreign["fingerprint"]
    assert "trace" not in listed_plugins(capfd)["doctor"]
    off = listed_plugins(capfd, "-p", "no:doctor")["doctor"]
    assert off["notes"] == ["switched off by -p no:doctor"] and off["state"] == "off"
    assert main(["--doctor", "--no-config", "-p", str(path), "-p", "no:nobody"]) == 0
    text = capfd.readouterr().out
    assert "WARNING plugins: mine (" in text and "pef_filters: ZeroDivisionError" in text
    assert "WARNING plugins: nobody is to be left out, but there is no plugin of that name" in text
    assert main(["--plugins", "--no-config", "-p", str(path)]) == 0
    assert f"{'':<20} pef_of_tomorrow: no such hook\n" in capfd.readouterr().out


def test_what_the_variable_leaves_out_says_so() -> None:
    actual = host(Entry("a", lambda: plugin()), only="b")
    assert actual.plugins[-1].notes == ["PEF_TUI_LOAD_PLUGINS does not name it"]


def test_the_fingerprint_of_a_module_is_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    report = set()
    for text in ("one", "two"):
        (tmp_path / "by_hash.py").write_text(f"# {text}\n")
        actual = host(p=("by_hash",))
        report.add(actual.fingerprint(actual.plugins[-1]))
    assert len(report) == 2


def test_hooks_that_are_to_go_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    class Older(hooks.Hooks):
        @hooks.hookspec(warn_on_impl=DeprecationWarning("pef_old goes with 2.0, use pef_filters"))
        def pef_old(self) -> None: ...

    monkeypatch.setattr(hooks, "Hooks", Older)
    actual = host(Entry("late", lambda: plugin(pef_old=lambda: ())), Entry("good", lambda: plugin()))
    assert actual.notes[0] == "plugin late (pef-tui-late 1.2): pef_old goes with 2.0, use pef_filters"
    assert states(actual)["late"] == "loaded"
    assert actual.plugins[-1].notes[:1] == ["pef_old goes with 2.0, use pef_filters"]
