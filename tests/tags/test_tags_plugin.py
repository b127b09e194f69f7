"""The plugin offers its stage and its mappers in a fixed order."""

import pytest

from pef_tui.settings import Settings
from pef_tui.tags import plugin


def test_mappers_in_order() -> None:
    mappers = sorted(plugin.pef_tag_mappers(Settings()), key=lambda mapper: mapper.order)
    assert [mapper.name for mapper in mappers] == ["dates", "gps", "people", "text", "favourites", "albums"]
    assert mappers[-1].order < 100


def test_the_stage_and_the_zone_of_the_settings() -> None:
    assert [stage.name for stage in plugin.pef_stages(Settings(timezone="Europe/Zurich"))] == ["taken"]
    with pytest.raises(ValueError, match="'Europe/Bern'"):
        list(plugin.pef_stages(Settings(timezone="Europe/Bern")))
