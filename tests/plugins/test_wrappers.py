"""Whatever mistake a plugin makes: the run continues, no file is lost, the plugin is named, the output is valid
JSON.
"""

from pathlib import Path

import pytest
from plugin_runs import IMPORTS, command, export, run

MAPPER = "@hookimpl\ndef pef_tag_mappers():\n    yield TagMapper('m', work)\n\ndef work(match):\n"
STAGE = "@hookimpl\ndef pef_stages():\n    yield Stage('s', work)\n\ndef work(matches):\n"
FILTER = "@hookimpl\ndef pef_filters():\n    yield Filter('f', work)\n\ndef work(match):\n"
MATCHER = "@hookimpl\ndef pef_matchers():\n    yield Matcher('j', work, 50)\n\ndef work(folder):\n"
WRITER = """
class Session:
    def write(self, staged):
        for each in staged:
            {write}
    def close(self):
        {close}

@hookimpl
def pef_writers():
    yield Writer('w', lambda plan: {accepts}, lambda: {open}, 1)
"""
SCANNER = """
class Reader:
    def __init__(self, source): self.source = source
    def listings(self):
        {listings}
    def open(self, path): {open}
    def problems(self): return ['one problem']
    def close(self): raise ValueError('cannot close')

@hookimpl
def pef_scanners():
    yield Scanner('own', lambda path: {accepts}, {make}, 1)
"""


def writer(
    accepts: str = "True", open: str = "Session()", write: str = "yield None", close: str = "pass"
) -> str:
    return WRITER.format(accepts=accepts, open=open, write=write, close=close)


def scanner(
    accepts: str = "True", make: str = "Reader", listings: str = "yield", open: str = "raise KeyError(path)"
) -> str:
    return SCANNER.format(accepts=accepts, make=make, listings=listings, open=open)


WHOLE = {
    "hook raises midway": (
        "@hookimpl\ndef pef_tag_mappers():\n    yield TagMapper('m', lambda match: ())\n    raise KeyError('x')",
        "plugin mine: pef_tag_mappers",
        "KeyError",
    ),
    "hook yields a million": (
        "@hookimpl\ndef pef_filters():\n    for n in range(1_000_000): yield Filter(str(n), lambda match: None)",
        "plugin mine: pef_filters",
        "yields more than 1000 objects",
    ),
    "hook closes": (
        "@hookimpl\ndef pef_filters(): raise GeneratorExit",
        "plugin mine: pef_filters",
        "GeneratorExit",
    ),
    "mapper closes": (MAPPER + "    raise GeneratorExit", "mapper m of plugin mine", "GeneratorExit"),
    "mapper is cancelled": (
        "import asyncio\n" + MAPPER + "    raise asyncio.CancelledError",
        "mapper m of plugin mine",
        "CancelledError",
    ),
    "stage closes": (
        STAGE + "    for match in matches: raise GeneratorExit",
        "stage s of plugin mine",
        "GeneratorExit",
    ),
    "hook is interrupted": (
        "@hookimpl\ndef pef_filters(): raise KeyboardInterrupt",
        "plugin mine: pef_filters",
        "KeyboardInterrupt",
    ),
    "mapper is interrupted": (
        MAPPER + "    raise KeyboardInterrupt",
        "mapper m of plugin mine",
        "KeyboardInterrupt",
    ),
    "stage is interrupted": (
        STAGE + "    for match in matches: raise KeyboardInterrupt",
        "stage s of plugin mine",
        "KeyboardInterrupt",
    ),
    "mapper wants a million": (
        MAPPER + "    return [TagEdit('XMP-dc:Source', 'x')] * 1_000_000",
        "mapper m of plugin mine",
        "more than 1000 tags",
    ),
    "matcher finds a million": (
        MATCHER + "    return [Match(folder.media[0], folder.path)] * 1_000_000",
        "matcher j of plugin mine",
        "or matched twice",
    ),
    "mapper closes the streams": (
        MAPPER
        + "    print('word')\n    sys.stdout.close()\n    sys.stderr.close()\n    print('word')\n    1 / 0",
        "mapper m of plugin mine",
        "ZeroDivisionError",
    ),
    "import closes the streams": (
        "sys.stdout.close()\nsys.stderr.close()\nprint('word')\n1 / 0",
        "plugin mine (",
        "ZeroDivisionError",
    ),
    "raises at import": ("1 / 0", "plugin mine (", "ZeroDivisionError"),
    "leaves at import": ("sys.exit(3)", "plugin mine (", "SystemExit: 3"),
    "is no Python": ("def (", "plugin mine (", "SyntaxError"),
    "raises at registration": ("@hookimpl\ndef pef_tag_mappers(nonsense): pass", "plugin mine (", "nonsense"),
    "raises in a hook": (
        "@hookimpl\ndef pef_filters(): raise KeyError('x')",
        "plugin mine: pef_filters",
        "KeyError",
    ),
    "yields the wrong thing": (
        "@hookimpl\ndef pef_stages(): yield 7",
        "plugin mine: pef_stages",
        "int, not Stage",
    ),
    "mapper raises": (
        MAPPER + "    raise ValueError('a\\nb')",
        "mapper m of plugin mine",
        "ValueError: a; b",
    ),
    "mapper leaves": (MAPPER + "    sys.exit()", "mapper m of plugin mine", "SystemExit"),
    "mapper is of the wrong type": (
        MAPPER + "    return ['x']",
        "mapper m of plugin mine",
        "str, not TagEdit",
    ),
    "mapper answers no list": (MAPPER + "    return 7", "mapper m of plugin mine", "TypeError"),
    "mapper never ends": (
        MAPPER + "    while True: yield TagEdit('XMP-dc:Source', 'x')",
        "mapper m of plugin mine",
        "more than 1000 tags",
    ),
    "tag with a line break": (
        MAPPER + "    yield TagEdit('XMP-dc:Source\\n-FileName', 'x')",
        "mapper m of plugin mine",
        "not a tag that may be written",
    ),
    "tag that renames files": (
        MAPPER + "    yield TagEdit('System:FileName', '/etc/passwd')",
        "mapper m of plugin mine",
        "not a tag that may be written",
    ),
    "value of 10 MB": (
        MAPPER + "    yield TagEdit('XMP-dc:Source', 'x' * 10_000_000)",
        "mapper m of plugin mine",
        "a value of 10,000,000 characters",
    ),
    "value that is none": (
        MAPPER + "    yield TagEdit('XMP-dc:Source', float('nan'))",
        "mapper m of plugin mine",
        "a value is a text",
    ),
    "value that is a dict": (
        MAPPER + "    yield TagEdit('XMP-dc:Source', {})",
        "mapper m",
        "a value is a text",
    ),
    "error that cannot be told": (
        "class Odd(Exception):\n    def __str__(self): raise self\n" + MAPPER + "    raise Odd",
        "mapper m of plugin mine",
        "Odd: cannot say what",
    ),
    "mapper writes into a frozen Match": (
        MAPPER + "    match.folder = 'x'",
        "mapper m of plugin mine",
        "immutable",
    ),
    "name with a line break": (
        "@hookimpl\ndef pef_tag_mappers():\n    yield TagMapper('a\\nb', lambda match: 1 / 0)",
        "mapper a\\nb of plugin mine",
        "ZeroDivisionError",
    ),
    "filter raises": (FILTER + "    1 / 0", "filter f of plugin mine", "ZeroDivisionError"),
    "filter answers a number": (FILTER + "    return 7", "filter f of plugin mine", "int, not a text"),
    "matcher raises": (MATCHER + "    1 / 0", "matcher j of plugin mine", "ZeroDivisionError"),
    "matcher raises late": (
        MATCHER + "    yield Match(folder.media[0], folder.path)\n    1 / 0",
        "matcher j of plugin mine",
        "ZeroDivisionError",
    ),
    "matcher makes up a file": (
        MATCHER + "    yield Match(MediaFile(0, '../../etc/passwd', 1, 1), folder.path)",
        "matcher j of plugin mine",
        "no file of the Folder",
    ),
    "matcher moves a file": (
        MATCHER + "    yield Match(folder.media[0], '../elsewhere')",
        "matcher j of plugin mine",
        "in another Folder",
    ),
    "stage raises": (
        STAGE + "    yield next(matches)\n    1 / 0",
        "stage s of plugin mine",
        "ZeroDivisionError",
    ),
    "stage raises at once": (STAGE + "    1 / 0", "stage s of plugin mine", "ZeroDivisionError"),
    "stage leaves": (STAGE + "    for match in matches: sys.exit()", "stage s of plugin mine", "SystemExit"),
    "stage drops": (
        STAGE + "    for match in matches:\n        if '01.jpg' not in match.media.path: yield match",
        "stage s of plugin mine",
        "leaves out a Match (",
    ),
    "stage keeps all": (
        STAGE + "    list(matches)\n    yield from ()",
        "stage s of plugin mine",
        "keeps Matches back",
    ),
    "stage ends early": (
        STAGE + "    yield next(matches)",
        "stage s of plugin mine",
        "ends before its Matches do",
    ),
    "stage doubles": (
        STAGE + "    for match in matches:\n        yield match\n        yield match",
        "stage s of plugin mine",
        "one too often",
    ),
    "stage turns them round": (
        STAGE + "    yield from reversed(list(matches))",
        "stage s of plugin mine",
        "leaves out",
    ),
    "stage yields numbers": (
        STAGE + "    for match in matches: yield 7",
        "stage s of plugin mine",
        "int, not Match",
    ),
    "writer cannot tell": (writer(accepts="1 / 0"), "writer w of plugin mine", "ZeroDivisionError"),
    "scanner cannot tell": (scanner(accepts="1 / 0"), "scanner own of plugin mine", "ZeroDivisionError"),
}


@pytest.mark.parametrize("case", WHOLE)
def test_a_plugin_that_fails_costs_nothing_but_its_own(case: str, tmp_path: Path) -> None:
    text, names, report = WHOLE[case]
    ended = run(export(tmp_path), "print('noise')\nos.system('echo more')\n" + text)
    notes = [note for note in ended.summary["notes"] if names in note]
    assert report in notes[0], ended.summary
    assert notes[1:] in ([], [f"{names}: silenced after 20 errors"])
    assert [line["outcome"] for line in ended.media] == ["written"] * 3
    assert all("EXIF:DateTimeOriginal" in line["tags"] for line in ended.media)
    assert ended.status == 3 and ended.summary["found"] == 6
    assert all((tmp_path / "out/Photos from 2019" / f"{number:02}.jpg").is_file() for number in range(3))
    assert all("\n" not in note for note in ended.summary["notes"])


WRITERS = {
    "cannot be opened": writer(open="1 / 0"),
    "leaves": writer(write="sys.exit()"),
    "closes": writer(write="raise GeneratorExit"),
    "closes at once": writer(open="(_ for _ in ()).throw(GeneratorExit)"),
    "answers nonsense": writer(write="yield 7"),
    "answers a word nobody knows": writer(write="yield Written('done')"),
    "answers nothing": writer(write="if False: yield"),
    "breaks the copy": writer(write="open(each.path, 'wb').close(); yield Written('written')"),
    "removes the copy": writer(write="os.unlink(each.path); yield Written('written')"),
}


@pytest.mark.parametrize("case", WRITERS)
def test_a_writer_that_fails_leaves_the_file_unchanged(case: str, tmp_path: Path) -> None:
    source = export(tmp_path)
    ended = run(source, WRITERS[case])
    assert ended.status == 3
    for line in ended.media:
        assert line["outcome"] == "failed" and line["reason"]
        original = source / "Google Photos" / line["output"]
        assert (tmp_path / "out" / line["output"]).read_bytes() == original.read_bytes()
    assert ended.summary["found"] == 6
    second_run = command(source)
    assert [line["outcome"] for line in second_run.media] == ["written"] * 3


def test_a_writer_that_cannot_close_is_reported(tmp_path: Path) -> None:
    ended = run(export(tmp_path), writer(write="yield Written('declined')", close="1 / 0"))
    assert [line["outcome"] for line in ended.media] == ["written"] * 3
    assert any("writer w of plugin mine: ZeroDivisionError" in note for note in ended.summary["notes"])


LISTS_ONE = "yield Listing('Photos from 2019', (MediaFile(self.source.root, 'a.jpg', 9, 1),)); "
SCANNERS = {
    "cannot open": (scanner(make="lambda source: 1 / 0"), 0, "cannot be opened: ZeroDivisionError"),
    "lists nonsense": (scanner(listings="yield 7"), 0, "lists int, not Listing"),
    "stops in the middle": (
        scanner(listings=LISTS_ONE + "1 / 0"),
        1,
        "ends early, what comes behind is left out",
    ),
    "closes in the middle": (
        scanner(listings=LISTS_ONE + "raise GeneratorExit"),
        1,
        "ends early, what comes behind is left out",
    ),
    "lists nothing but None": (scanner(listings="yield None"), 0, "lists NoneType, not Listing"),
    "lists out of order": (scanner(listings=LISTS_ONE + "yield Listing('A', ())"), 1, "out of order"),
    "lists another source's files": (
        scanner(listings="yield Listing('A', (MediaFile(9, 'a.jpg', 9, 1),))"),
        0,
        "of its source's number",
    ),
}


@pytest.mark.parametrize("case", SCANNERS)
def test_a_scanner_that_fails_is_reported_with_what_it_did_not_read(case: str, tmp_path: Path) -> None:
    text, actual, report = SCANNERS[case]
    ended = run(export(tmp_path), text)
    assert any(report in problem for problem in ended.summary["problems"])
    assert ended.summary["found"] == actual
    assert [line["outcome"] for line in ended.media] == ["failed"] * actual
    assert all("the reader failed: KeyError" in line["reason"] for line in ended.media)


def test_a_slow_mapper_is_reported_once(tmp_path: Path) -> None:
    ended = run(export(tmp_path), MAPPER + "    time.sleep(1.2)\n    return ()")
    slow = [note for note in ended.summary["notes"] if "is slow" in note]
    assert len(slow) == 1 and slow[0].startswith("mapper m of plugin mine: is slow, 1,2")


def test_a_mapper_is_silenced_after_20_errors(tmp_path: Path) -> None:
    ended = run(export(tmp_path, 25), MAPPER + "    1 / 0")
    notes = [note for note in ended.summary["notes"] if "plugin mine" in note]
    assert len(notes) == 2 and notes[1] == "mapper m of plugin mine: silenced after 20 errors"
    assert [line["outcome"] for line in ended.media] == ["written"] * 25


def test_a_stage_is_begun_again_until_it_is_silenced(tmp_path: Path) -> None:
    text = STAGE + "    yield next(matches)\n    yield next(matches)\n    next(matches)\n    1 / 0"
    ended = run(export(tmp_path, 70), text)
    notes = [note for note in ended.summary["notes"] if "plugin mine" in note]
    assert notes[1:] == ["stage s of plugin mine: silenced after 20 errors"]
    assert [line["outcome"] for line in ended.media] == ["written"] * 70


def test_what_a_stage_finds_out_reaches_the_mappers(tmp_path: Path) -> None:
    text = (
        "from msgspec.structs import replace\n"
        + STAGE
        + "    for match in matches: yield replace(match, facts={'mine.city': 'Graz'})\n"
        "@hookimpl\ndef pef_tag_mappers():\n"
        "    yield TagMapper('m', lambda match: [TagEdit('XMP-photoshop:City', match.facts['mine.city'])])\n"
    )
    ended = run(export(tmp_path), text)
    assert [line["tags"]["XMP-photoshop:City"] for line in ended.media] == ["Graz"] * 3


def test_a_name_counts_once(tmp_path: Path) -> None:
    text = "@hookimpl\ndef pef_scanners():\n    yield Scanner('directory', lambda path: True, None, 500)"
    ended = run(export(tmp_path), text)
    assert "plugin mine: pef_scanners: the name directory is taken" in ended.summary["notes"]
    assert ended.summary["found"] == 6


def test_a_process_that_is_ended_by_a_plugin_continues_with_the_next_run(tmp_path: Path) -> None:
    """`os._exit` cannot be stopped. So the test only checks that nothing is damaged."""
    source = export(tmp_path)
    ended = run(source, MAPPER + "    if '02' in match.media.path: os._exit(9)\n    return ()", apart=True)
    assert ended.status == 9
    second_run = command(source)
    assert second_run.status == 0
    assert {line["outcome"] for line in second_run.media} <= {"written", "unchanged"} and len(
        second_run.media
    ) == 3


def test_tracing_states_every_hook_and_every_registration(tmp_path: Path) -> None:
    ended = run(export(tmp_path), MAPPER + "    return [TagEdit('XMP-dc:Source', 'x')]", "--trace-plugins")
    assert "trace: pef_tag_mappers of plugin mine: m (100), " in ended.words
    assert "trace: pef_tag_mappers of plugin tags: dates (10), gps (20)" in ended.words
    assert "trace: mapper m of plugin mine: 3 calls, 0 errors, 0.0" in ended.words
    assert "trace: mapper dates of plugin tags: 3 calls, 0 errors, 0.0" in ended.words
    assert any(line.startswith("mapper m of plugin mine: 3 calls") for line in ended.summary["trace"])
    assert "trace:" not in command(export(tmp_path / "other")).words


def test_a_plugin_cannot_be_loaded_from_where_one_stands(tmp_path: Path) -> None:
    source = export(tmp_path)
    (tmp_path / "msgspec.py").write_text(IMPORTS + "raise SystemExit('loaded')")
    assert command(source, apart=True).status == 0
