"""What plugins are given is their own, and Ctrl-C is not theirs."""

import signal
from pathlib import Path

import pytest
from plugin_runs import export, run

from pef_tui import TagEdit, xmp_packet
from pef_tui.guard import Watched
from pef_tui.testing import sidecar, takeout

MAPPER = "@hookimpl\ndef pef_tag_mappers():\n    yield TagMapper('m', work)\n\ndef work(match):\n"
FILTER = "@hookimpl\ndef pef_filters():\n    yield Filter('f', work)\n\ndef work(match):\n"


def test_what_a_mapper_changes_is_a_copy(tmp_path: Path) -> None:
    text = (
        MAPPER
        + "    match.state.tags['EXIF:DateTimeOriginal'] = '1999:01:01 00:00:00'\n    match.facts['x'] = 1\n"
    )
    text += "    yield from ()\n" + FILTER.replace("work", "keep") + "    match.facts.clear()"
    ended = run(export(tmp_path), text)
    assert [line["conflicts"] for line in ended.media] == [[]] * 3
    assert all("EXIF:DateTimeOriginal" in line["tags"] for line in ended.media)


def test_what_a_plugin_changes_of_xmp_files_and_origins_is_a_copy(tmp_path: Path) -> None:
    packet = xmp_packet([TagEdit("XMP-dc:Description", "mine")])
    said = sidecar(
        "a.jpg", description="Google's", googlePhotosOrigin={"mobileUpload": {"deviceType": "ANDROID_PHONE"}}
    )
    source = takeout(tmp_path, {"Trip/a.jpg": said, "Trip/a.jpg.xmp": packet})
    clears = (
        "def clear(match):\n"
        "    match.xmp.tags.clear(); match.sidecar.google_photos_origin.mobile_upload.clear()\n"
        "    match.json.sidecar.google_photos_origin.mobile_upload.clear()\n"
        "@hookimpl\ndef pef_tag_mappers():\n    yield TagMapper('m', clear, 1)\n"
        "def sees(plan):\n    plan.match.xmp.tags.clear(); plan.match.state.tags.clear(); return False\n"
        "@hookimpl\ndef pef_writers():\n    yield Writer('w', sees, None, 1)\n"
    )
    [line] = run(source, clears, "--layout", "{camera}/{name}").media
    assert line["output"] == "android phone/a.jpg"
    assert [conflict["file"] for conflict in line["conflicts"]] == ["mine"]


def test_ctrl_c_is_no_fault_of_a_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of a run Python's own handler raises KeyboardInterrupt, wherever the program is."""
    watched = Watched("mapper", "mine", "m", [])
    with pytest.raises(KeyboardInterrupt):
        watched.failed(KeyboardInterrupt())
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        watched.failed(KeyboardInterrupt())
    finally:
        signal.signal(signal.SIGINT, before)
    assert watched.errors == 1
