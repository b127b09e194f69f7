"""Which tags are written: selected by `--tags`, properties that only Google has, texts by cameras."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tag_cases import match

from pef_tui.model import Match
from pef_tui.settings import TAGS_BY_DEFAULT, Settings, wanted_tags
from pef_tui.tags.plugin import MAPPERS, pef_tag_mappers
from pef_tui.tags.policy import decide

SAID = match(people=("Ana",), description="a text", favorited=True)
assert SAID.sidecar is not None
GOOGLE = replace(
    SAID, sidecar=replace(SAID.sidecar, archived=True, trashed=True, url="https://photos.google.com/photo/x")
)


def tags(file_match: Match, switches: str) -> dict[str, object]:
    edits = [edit for mapper in pef_tag_mappers(Settings(tags=switches)) for edit in mapper.map(file_match)]
    return {edit.tag: edit.value for edit in decide(file_match, edits).edits}


def test_only_what_is_asked_for_is_written() -> None:
    assert {mapper.name for mapper in MAPPERS} >= wanted_tags("") == set(TAGS_BY_DEFAULT)
    usual = tags(GOOGLE, "")
    assert usual["XMP-dc:Subject"] == ("Ana",) and "XMP-dc:Source" not in usual
    assert "XMP-dc:Subject" not in tags(GOOGLE, "-people")
    assert "XMP-dc:Description" not in tags(GOOGLE, "-text, -favourites")
    assert "XMP-xmp:Rating" not in tags(GOOGLE, "-text, -favourites")
    extra = tags(GOOGLE, "+link,+archived,+trashed")
    assert extra["XMP-dc:Source"] == "https://photos.google.com/photo/x"
    assert extra["XMP-dc:Subject"] == ("Ana", "Archived", "Trashed")
    assert extra["XMP-digiKam:TagsList"] == ("People/Ana", "Google Photos/Archived", "Google Photos/Trashed")
    assert tags(SAID, "+link,+archived,+trashed") == usual


@pytest.mark.parametrize("wrong", ["people", "+faces", "-", "+people;-text"])
def test_what_cannot_be_meant(wrong: str) -> None:
    with pytest.raises(ValueError, match="separated by commas"):
        wanted_tags(wrong)
