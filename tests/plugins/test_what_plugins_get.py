"""Plugins get objects of their own, and Ctrl-C is not passed to them."""

import signal
from pathlib import Path

import pytest
from plugin_runs import export, run

from pef_tui import TagEdit, xmp_packet
from pef_tui.plugins.calls import RegistrationMonitor
from pef_tui.progress import Notes
from pef_tui.testing import sidecar, takeout

MAPPER = "@hookimpl\ndef pef_tag_mappers():\n    yield TagMapper('m', work)\n\ndef work(match):\n"
FILTER = "@hookimpl\ndef pef_filters():\n    yield Filter('f', work)\n\ndef work(match):\n"


def test_what_a_mapper_changes_is_a_copy(tmp_path: Path) -> None:
    text = (
        MAPPER
        + "    match.metadata.tags['EXIF:DateTimeOriginal'] = '1999:01:01 00:00:00'\n    match.facts['x'] = 1\n"
    )
    text += "    yield from ()\n" + FILTER.replace("work", "keep") + "    match.facts.clear()"
    ended = run(export(tmp_path), text)
    assert [line["conflicts"] for line in ended.media] == [[]] * 3
    assert all("EXIF:DateTimeOriginal" in line["tags"] for line in ended.media)


def test_what_a_plugin_changes_of_xmp_files_and_origins_is_a_copy(tmp_path: Path) -> None:
    packet = xmp_packet([TagEdit("XMP-dc:Description", "mine")])
    sidecar_json = sidecar(
        "a.jpg", description="Google's", googlePhotosOrigin={"mobileUpload": {"deviceType": "ANDROID_PHONE"}}
    )
    source = takeout(tmp_path, {"Trip/a.jpg": sidecar_json, "Trip/a.jpg.xmp": packet})
    clears = (
        "def clear(match):\n"
        "    match.xmp.tags.clear(); match.sidecar.google_photos_origin.mobile_upload.clear()\n"
        "    match.json.sidecar.google_photos_origin.mobile_upload.clear()\n"
        "@hookimpl\ndef pef_tag_mappers():\n    yield TagMapper('m', clear, 1)\n"
        "def sees(plan):\n    plan.match.xmp.tags.clear(); plan.match.metadata.tags.clear(); return False\n"
        "@hookimpl\ndef pef_writers():\n    yield Writer('w', sees, None, 1)\n"
    )
    [line] = run(source, clears, "--layout", "{camera}/{name}").media
    assert line["output"] == "android phone/a.jpg"
    assert [conflict["file"] for conflict in line["conflicts"]] == ["mine"]


def test_ctrl_c_is_no_fault_of_a_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of a run, Python's own handler raises KeyboardInterrupt anywhere in the program."""
    watched = RegistrationMonitor("mapper", "mine", "m", Notes())
    with pytest.raises(KeyboardInterrupt):
        watched.add_error(KeyboardInterrupt())
    state_before = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        watched.add_error(KeyboardInterrupt())
    finally:
        signal.signal(signal.SIGINT, state_before)
    assert watched.errors == 1


SERVICE = """
import json
from pef_tui import Match, Matcher, Sidecar, Timestamp, hookimpl

@hookimpl
def pef_matchers():
    yield Matcher("service", match, order=50, reads=True)

def match(folder, open_file):
    for file in folder.json:
        if file.name.endswith(".service.json"):
            with open_file(file) as stream:
                taken = json.load(stream)["when"]
            for media in folder.media:
                if media.name + ".service.json" == file.name:
                    sidecar = Sidecar(media.name, photo_taken_time=Timestamp(taken))
                    yield Match(media, folder.path, sidecar, file, "service")
"""


def test_the_json_of_another_service_is_used_if_a_matcher_names_it(tmp_path: Path) -> None:
    source = takeout(
        tmp_path,
        {
            "Trip/a.jpg": None,
            "Trip/a.jpg.service.json": {"when": 1_561_977_296, "by": "x"},
            "Trip/b.jpg.service.json": {"when": 1_561_977_296, "by": "x"},
        },
    )
    for outcome in ("written", "unchanged"):
        ended = run(source, SERVICE, "--timezone", "UTC")
        [line] = ended.media
        assert (line["outcome"], line["rule"]) == (outcome, "service")
        assert line["sidecar"].endswith("Trip/a.jpg.service.json")
        json_lines = {line["source"][-18:]: line["outcome"] for line in ended.lines if line["type"] == "json"}
        assert json_lines == {"/a.jpg.service.json"[-18:]: "used", "/b.jpg.service.json"[-18:]: "other"}
