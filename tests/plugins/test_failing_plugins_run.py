"""Tags that are missing because a plugin failed are written by the next run in which the plugin works."""

from pathlib import Path

import pytest
from plugin_runs import Ended, export, run

FAILS = """
from pathlib import Path
broken = Path(__file__).with_name("broken")
def check(name):
    if broken.exists() and name in broken.read_text().split(): raise OSError("no data")
"""
MAPPER = """
@hookimpl
def pef_tag_mappers():
    yield TagMapper("mine", tags)
def tags(match):
    yield TagEdit("XMP-dc:Source", "first")
    check(match.media.name)
    yield TagEdit("XMP-photoshop:City", "Vienna")
"""
STAGE = """
@hookimpl
def pef_stages():
    yield Stage("mine", look)
def look(matches):
    for match in matches:
        check(match.media.name)
        yield replace(match, facts={**match.facts, "mine.city": "Vienna"})
@hookimpl
def pef_tag_mappers():
    yield TagMapper("mine", tags)
def tags(match):
    if city := match.facts.get("mine.city"):
        yield TagEdit("XMP-photoshop:City", city)
"""
PLUGINS = {"mapper": FAILS + MAPPER, "stage": "from msgspec.structs import replace\n" + FAILS + STAGE}
FILES = 25  # a mapper is silenced after 20 errors


def city_of(path: Path) -> bool:
    return b"<photoshop:City>Vienna</photoshop:City>" in path.read_bytes()


def states(folder: Path) -> dict[str, tuple[int, int, bool]]:
    """Return inode, modification time, and whether it has the tag of the plugin, of each output."""
    paths = sorted((folder / "Photos from 2019").iterdir())
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns, city_of(path)) for path in paths}


def outcomes(ended: Ended) -> dict[str, int]:
    words = [line["outcome"] for line in ended.media]
    return {word: words.count(word) for word in set(words)}


@pytest.mark.parametrize("options", [(), ("-q",)], ids=["lines", "counts"])
@pytest.mark.parametrize("broken", [["03.jpg"], [f"{n:02}.jpg" for n in range(FILES)]], ids=["one", "all"])
@pytest.mark.parametrize("kind", PLUGINS)
def test_missing_tags_are_written_once_the_plugin_works(
    tmp_path: Path, kind: str, broken: list[str], options: tuple[str, ...]
) -> None:
    source, plugin, flag, out = export(tmp_path, FILES), PLUGINS[kind], tmp_path / "broken", tmp_path / "out"
    flag.write_text(" ".join(broken))
    first = run(source, plugin)
    assert first.status == 3 and outcomes(first) == {"written": FILES}
    incomplete = states(out)
    assert {name for name, state in incomplete.items() if not state[2]} == set(broken)

    for _ in range(2):  # it still fails: the loss is reported again, and nothing is rewritten
        again = run(source, plugin, *options)
        assert again.status == 3 and outcomes(again) == {"unchanged": FILES}
        assert states(out) == incomplete

    flag.unlink()
    mended = run(source, plugin, *options)
    assert mended.status == 0 and outcomes(mended) == {
        "written": len(broken),
        **({"unchanged": FILES - len(broken)} if len(broken) < FILES else {}),
    }
    complete = states(out)
    assert all(state[2] for state in complete.values())
    assert {name for name in complete if complete[name] == incomplete[name]} == incomplete.keys() - set(
        broken
    )

    flag.write_text(" ".join(broken))  # finished files are not planned, so the failure cannot reach them
    last = run(source, plugin, *options)
    assert last.status == 0 and outcomes(last) == {"unchanged": FILES} and states(out) == complete


def test_a_file_for_which_the_mended_plugin_has_no_tags_is_settled(tmp_path: Path) -> None:
    plugin = FAILS + MAPPER.replace('    yield TagEdit("XMP-photoshop:City", "Vienna")\n', "").replace(
        '    yield TagEdit("XMP-dc:Source", "first")\n', ""
    ).replace("    check(match.media.name)\n", "    check(match.media.name)\n    return ()\n")
    source, flag = export(tmp_path), tmp_path / "broken"
    flag.write_text("00.jpg")
    assert run(source, plugin).status == 3
    before = states(tmp_path / "out")
    flag.unlink()
    assert outcomes(run(source, plugin)) == {"unchanged": 3}
    flag.write_text("00.jpg")  # it is not planned any more
    ended = run(source, plugin)
    assert (ended.status, outcomes(ended)) == (0, {"unchanged": 3})
    assert states(tmp_path / "out") == before
