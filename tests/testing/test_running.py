import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pef_tui import Filter, Match, TagEdit, TagMapper, hookimpl
from pef_tui.testing import Ran, plugin_host, run_mapper, run_plugin, sidecar
from pef_tui.testing.running import plugin_name


class Links:
    """A plugin that is an object."""

    @hookimpl
    def pef_tag_mappers(self) -> list[TagMapper]:
        return [TagMapper("links", links)]

    @hookimpl
    def pef_filters(self) -> list[Filter]:
        return [Filter("gif", lambda match: "a film strip" if match.media.name.endswith(".gif") else None)]


def links(match: Match) -> list[TagEdit]:
    return [TagEdit("XMP-dc:Source", str(match.sidecar and match.sidecar.url))]


def test_a_run_with_a_plugin(pef_run: Callable[..., Ran], tmp_path: Path) -> None:
    files = {"Trip/a.jpg": sidecar("a.jpg", url="https://example.org"), "Trip/b.gif": sidecar("b.gif")}
    ran = pef_run(Links(), files)
    assert ran.output == tmp_path / "out" and (ran.output / "Trip/a.jpg").is_file()
    assert ran.tags("a.jpg")["XMP-dc:Source"] == "https://example.org"
    assert (ran.media["b.gif"].outcome, ran.media["b.gif"].reason) == ("excluded", "a film strip")


def test_a_plugin_that_is_not_loaded_is_an_error_of_the_test(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        run_plugin(tmp_path, Links(), {}, plugin=("no:Links",))


def test_a_host_has_our_plugins_and_those_given() -> None:
    host = plugin_host(Links(), workers=3)
    assert [plugin.name for plugin in host.plugins] == [
        "takeout",
        "tags",
        "write",
        "workers",
        "doctor",
        "Links",
    ]
    assert host.settings.workers == 3


def test_names_of_plugins() -> None:
    assert plugin_name(sys.modules[__name__]) == "test-running"
    assert plugin_name(Links()) == "Links"


def test_facts_reach_the_mapper() -> None:
    actual = run_mapper(
        lambda match: [TagEdit("XMP-photoshop:City", match.facts["x.city"])], {}, facts={"x.city": "Graz"}
    )
    assert actual == {"XMP-photoshop:City": "Graz"}
