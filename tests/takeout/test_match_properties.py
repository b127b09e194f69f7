"""Whatever Google names a picture, its files are matched with each other, and with no other files."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pef_tui.model import Folder, JsonFile, Match, MediaFile, Sidecar, Timestamp
from pef_tui.takeout import naming as names
from pef_tui.takeout.languages import EDITED
from pef_tui.takeout.matcher import match_folder

EXTENSIONS = (".jpg", ".JPG", ".jpeg", ".heic", ".mp4", ".png", ".PNG", ".MP.jpg")
STEM = st.text(st.sampled_from("ab1 ._-~()é\u0301ß漢\U0001f600&'A"), min_size=1, max_size=12)
LONG = st.builds(lambda stem, length: (stem * 60)[:length], STEM, st.integers(1, 60))
SUFFIX = st.sampled_from(("", *EDITED))
"""Suffixes of edited copies; "" for no edited copy."""

COMPANIONS = frozenset(("edited", "edited-cut", "edited-word", "live", "motion"))


class Shot:
    """A picture as Google exports it: the names of its media file, sidecar and companions."""

    def __init__(self, title: str, counter: int, new: bool, suffix: str, film: bool) -> None:
        self.title = title
        self.media = names.media_name(title, counter)
        self.json = names.sidecar_name(title, counter, new)
        edited = names.media_name(title, counter, suffix) if suffix else ""
        stem, extension = names.split(title)
        self.edited = "" if edited == self.media or extension == ".mp4" else edited
        self.film = names.media_name(stem + ".MOV", counter) if film and extension == ".heic" else ""

    @property
    def files(self) -> list[str]:
        return [name for name in (self.media, self.edited, self.film) if name]


@st.composite
def shots(draw: st.DrawFn) -> list[Shot]:
    """Draw the pictures of one folder. If names would collide, the later picture gets the next counter, as from
    Google.
    """
    samples: list[Shot] = []
    capture_time: set[str] = set()
    titles = draw(st.lists(LONG, min_size=1, max_size=4))
    for stem in draw(st.lists(st.sampled_from(titles), min_size=1, max_size=6)):
        title = stem + draw(st.sampled_from(EXTENSIONS))
        new, suffix, film = draw(st.booleans()), draw(SUFFIX), draw(st.booleans())
        for counter in range(40):
            shot = Shot(title, counter, new, suffix, film)
            claimed = {names.plain(name) for name in _claimed(shot, counter)}
            if not claimed & capture_time:
                samples.append(shot)
                capture_time |= claimed
                break
    return samples


def _claimed(shot: Shot, counter: int) -> list[str]:
    """Return the names that no other picture may have: its files, its sidecar in both namings, the stem of its
    video.
    """
    bases = [names.sidecar_name(shot.title, counter, new) for new in (False, True)]
    return [*shot.files, *bases, names.split(shot.media)[0] + "/"]


def folder(created: list[Shot], roots: random.Random | None = None) -> Folder:
    def root() -> int:
        return roots.randrange(3) if roots else 0

    media = [MediaFile(root(), f"F/{name}", 1, 0) for shot in created for name in shot.files]
    cards = [
        JsonFile(
            root(),
            f"F/{shot.json}",
            1,
            0,
            "sidecar",
            Sidecar(title=shot.title, photo_taken_time=Timestamp(str(n + 1))),
        )
        for n, shot in enumerate(created)
    ]
    return Folder("F", tuple(media), tuple(cards))


def joined(matches: list[Match]) -> dict[str, tuple[str | None, str | None, str, str]]:
    return {m.media.name: (m.json.name if m.json else None, m.rule, m.main, m.reason) for m in matches}


@given(shots())
def test_names_google_would_write_are_matched_back(made: list[Shot]) -> None:
    actual = joined(list(match_folder(folder(made))))
    for shot in made:
        assert actual[shot.media][:3] == (shot.json, "exact", ""), (shot.media, actual)


@given(LONG, st.integers(0, 9999), st.sampled_from(EXTENSIONS), st.booleans(), SUFFIX)
def test_companions_follow_their_picture(
    stem: str, counter: int, extension: str, new: bool, suffix: str
) -> None:
    shot = Shot(stem + extension, counter, new, suffix, True)
    actual = joined(list(match_folder(folder([shot]))))
    assert actual[shot.media][0] == shot.json
    if shot.edited:
        assert actual[shot.edited][0] == shot.json
        assert actual[shot.edited][2] == shot.media
    if shot.film:
        assert (actual[shot.film][0], actual[shot.film][2]) == (shot.json, shot.media)


@given(shots(), st.data())
def test_two_pictures_never_share_a_sidecar(made: list[Shot], data: st.DataObject) -> None:
    complete = folder(made)
    retained = data.draw(st.lists(st.sampled_from(complete.json), unique=True))
    records = data.draw(st.lists(st.sampled_from(complete.media), unique=True, min_size=1))
    holders: dict[str, list[Match]] = {}
    for match in match_folder(replace(complete, json=tuple(retained), media=tuple(records))):
        if match.json is not None:
            holders.setdefault(match.json.name, []).append(match)
    for matches in holders.values():
        own_value = [match for match in matches if match.rule not in COMPANIONS]
        assert len(own_value) <= 1
        mains = {match.main for match in matches if match not in own_value}
        assert mains <= ({own_value[0].media.name} if own_value else {""})


@given(shots(), st.randoms(use_true_random=False))
def test_neither_order_nor_sources_matter(made: list[Shot], chance: random.Random) -> None:
    plain = folder(made)
    split = folder(made, chance)
    media, cards = list(split.media), list(split.json)
    chance.shuffle(media)
    chance.shuffle(cards)
    shuffled = Folder("F", tuple(media), tuple(cards))
    expected = joined(list(match_folder(plain)))
    assert joined(list(match_folder(split))) == expected
    assert joined(list(match_folder(shuffled))) == expected


@given(shots())
def test_every_media_file_is_reported_once(made: list[Shot]) -> None:
    complete = folder(made)
    assert sorted(m.media.path for m in match_folder(complete)) == sorted(f.path for f in complete.media)
