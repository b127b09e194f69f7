"""The prose check reads all texts for people, and no other text."""

from pathlib import Path

import pytest

from tools import prose

RULES = prose.load_rules()

CODE = [
    ('"""Where the file lies."""\n', [(1, "lies")]),
    ('def f() -> None:\n    """Return it.\n\n    Done anew each\n    time.\n    """\n', [(4, "anew")]),
    ("x = 1  # told by the camera\n", [(1, "told")]),
    ("# first line, all\n# the same phrase\nx = 1\n", [(1, "all the same")]),
    ("# all\n\n# the same: two comments\nx = 1\n", []),
    ('message = "no file tells it"\n', [(1, "tells")]),
    ('message = f"{name} tells {value}"\n', [(1, "tells")]),
    ('message = f"batch in {x} hand"\n', []),
    ('message = ("a file "\n    "lies there")\n', [(1, "lies")]),
    ('told = tells = "told"\n', []),
    ('message = "a file that is in the folder"  # as Google writes it\n', []),
]

MARKDOWN = [
    ("# Title\n\nA file\nlies here.\n", [(4, "lies")]),
    ("A file stays as it\nis.\n", [(1, "as it is")]),
    ("Text.\n\n```\na file lies here\n```\n\ntold\n", [(7, "told")]),
    ("`a note that tells`, ``a `told` b``\n", []),
    ("[a page](told.md) <https://host/told> <!-- told -->\n", []),
    ("a ` b told ` c\n", []),
    ("no code: a ` b told\n", [(1, "told")]),
    ("```\nnever closed: told\n", []),
]


@pytest.mark.parametrize(("source", "expected"), CODE)
def test_code(source: str, expected: list[tuple[int, str]]) -> None:
    assert [(finding.line, finding.phrase) for finding in prose.findings("a.py", source, RULES)] == expected


@pytest.mark.parametrize(("source", "expected"), MARKDOWN)
def test_markdown(source: str, expected: list[tuple[int, str]]) -> None:
    assert [(finding.line, finding.phrase) for finding in prose.findings("a.md", source, RULES)] == expected


@pytest.mark.parametrize(
    "text", ["Told", "it lets go", "files\tlie", "where  that\nis", "a picture who", "came to", "asked for"]
)
def test_phrases_count_in_any_case_and_over_white_space(text: str) -> None:
    assert list(prose.findings("a.md", text, RULES))


@pytest.mark.parametrize(
    "text", ["foretold", "who is in it", "lets you", "the same", "outcome to", "by hand"]
)
def test_words_that_are_allowed(text: str) -> None:
    assert not list(prose.findings("a.md", text, RULES))


def test_a_finding_names_the_place_and_the_advice() -> None:
    (finding,) = prose.findings("docs/a.md", "one\ndone anew\n", RULES)
    assert str(finding) == 'docs/a.md:2: "anew": write: again, from scratch'


def test_each_phrase_keeps_its_own_advice(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text('unchecked = []\n[phrases]\n"(a|b) c" = "first"\n"d|e" = "second"\n"(f)" = "third"\n')
    rules = prose.load_rules(path)
    assert [finding.advice for finding in prose.findings("x.md", "e, b c, f", rules)] == [
        "second",
        "first",
        "third",
    ]


def test_unchecked_paths_are_left_out(tmp_path: Path) -> None:
    for name in (
        "code/a.py",
        "code/part/b.py",
        "code/part/deep/c.py",
        "code/partly.py",
        "docs/x.md",
        "docs/y.png",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert list(prose.files(["code", "docs"], tmp_path, ["code/part", "absent"])) == [
        "code/a.py",
        "code/partly.py",
        "docs/x.md",
    ]


def test_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert prose.main(["tools"]) == 0 and not capsys.readouterr().out
    assert prose.main(["--all", "tests/docs/test_prose.py"]) == 1 and "lies" in capsys.readouterr().out
