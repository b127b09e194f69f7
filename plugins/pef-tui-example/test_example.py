from collections.abc import Callable

import pef_tui_example
import pytest

from pef_tui.testing import Ran, sidecar


@pytest.mark.parametrize("tag", ["XMP-dc:Source", "XMP-dc:Identifier"])
def test_the_link_is_written(tag: str, pef_run: Callable[..., Ran]) -> None:
    files = {"Trip/a.jpg": sidecar("a.jpg", url="https://example.org/1")}
    ran = pef_run(pef_tui_example, files, tables={"example": {"tag": tag}})
    assert ran.tags("a.jpg")[tag] == "https://example.org/1"
