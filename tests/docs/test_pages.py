"""The check of the rendered pages finds each kind of fault, and reports nothing for a correct page."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tools import mkdocs_hook, pages

PAGE = (
    '<!doctype html><meta charset="utf-8"><style>code.kept {{ white-space: nowrap }}</style>'
    "<body><article>{}</article>"
)
PIXEL = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
MENU = (
    '<nav class="md-nav--primary"><ul><li>{}</li>'
    '<li><a class="md-nav__link" href="other.html">Other</a></li></ul></nav>'
)
LABEL, LINK = (
    '<label class="md-nav__link"{}>Start</label>',
    '<a class="md-nav__link" href="start.html">Start</a>',
)
pytestmark = pytest.mark.timeout(600)
GOOD = {
    "lists": "<h2>a</h2><ol><li>x</li></ol><p>y</p><h2>b</h2><ol><li>z</li></ol>",
    "code": r"<p><code>a|b</code> <code>\xff</code> <code>* ? &lt; | \ /</code></p><pre>a \| ** | --- |</pre>",
    "menu": "<p>x</p>" + MENU.format(LABEL.format(" hidden") + LINK),
    "table": '<div style="overflow-x: auto"><table><tr><td><p style="width: 3000px">x</p></td></tr></table></div>',
    "picture": f'<img alt="a pixel" src="{PIXEL}">',
    "flag": f'<p style="width: 5em">word <code class="kept">--dry-run</code> <code>{"-word" * 10}</code></p>',
    "ids": '<p id="a">x</p><p id="b">y</p>',
}
BAD = {
    "lists": ("<ol><li>x</li></ol><p>y</p><ol><li>z</li></ol>", "a numbered list begins again at 1"),
    "bar": (r"<table><tr><td><code>a\|b</code></td></tr></table>", "markup is shown"),
    "bold": ("<p>a **bold** word</p>", "markup is shown"),
    "link": ("<p>[a link](a.md)</p>", "markup is shown"),
    "row": ("<p>| a | b |</p>", "markup is shown"),
    "menu": ("<p>x</p>" + MENU.format(LABEL.format("") + LINK), 'twice in the menu: "Start"'),
    "target": (
        "<p>x</p>" + MENU.format(LINK.replace("start", "other")),
        "two entries of the menu lead to other.html",
    ),
    "wide": ('<p style="width: 3000px">x</p>', "px wide, the window"),
    "cut": (
        '<p style="width: 3000px">x</p><style>body { overflow: hidden }</style>',
        "<p> is cut at the right",
    ),
    "picture": ('<p>x<img alt="none" src="missing.png"></p>', "the picture missing.png is not shown"),
    "description": (f'<p>x<img src="{PIXEL}"></p>', "has no description"),
    "flag": ('<p style="width: 5em">word <code>--dry-run</code></p>', "code is broken into 2 lines"),
    "ids": ('<p id="a">x</p><p id="a">y</p>', "the id a is there twice"),
    "empty": ("", "the page has no text"),
}


@pytest.fixture(scope="module")
def chromium() -> str:
    path = pages.find_chromium()
    if path is None:
        assert not os.environ.get("CI"), "Chromium is missing"
        pytest.skip("no Chromium")
    return path


@pytest.mark.long
def test_each_fault_is_found_at_each_width_and_nothing_else(chromium: str, tmp_path: Path) -> None:
    for name, body in GOOD.items():
        (tmp_path / f"good-{name}.html").write_text(PAGE.format(f"{body}<p>text</p>"))
    for name, (body, _) in BAD.items():
        (tmp_path / f"{name}.html").write_text(PAGE.format(body))
    found: dict[tuple[str, int], str] = {}
    for fault in pages.check(tmp_path, chromium):
        found[fault.page, fault.width] = f"{found.get((fault.page, fault.width), '')}{fault.text}; "
    for name, (_, text) in BAD.items():
        for width, _ in pages.SIZES:
            assert text in found.pop((f"{name}.html", width), "nothing"), (name, width)
    assert found == {}


def test_pictures_of_each_page_are_saved(chromium: str, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(PAGE.format("<p>x</p>"))
    pages.save_pictures(tmp_path, chromium, tmp_path / "pictures")
    saved = sorted((tmp_path / "pictures").iterdir())
    assert [path.name for path in saved] == sorted(f"a-{width}.png" for width, _ in pages.SIZES)
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in saved)


def test_the_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pages.main([str(tmp_path)]) == 2
    (tmp_path / "a.html").write_text("<article>x</article>")
    faults = [pages.Fault("a.html", 390, "is wrong")]
    monkeypatch.setattr(pages, "find_chromium", lambda: "chromium")
    monkeypatch.setattr(pages, "check", lambda site, chromium: faults)
    assert pages.main([str(tmp_path)]) == 1
    assert "a.html (390 px wide): is wrong" in capsys.readouterr().out
    faults.clear()
    assert pages.main([str(tmp_path)]) == 0


@pytest.mark.parametrize(("ci", "code"), [("true", 1), ("", 0)])
def test_a_missing_chromium_is_an_error_in_ci_only(
    ci: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.html").write_text("<article>x</article>")
    monkeypatch.setattr(pages, "find_chromium", lambda: None)
    monkeypatch.setenv("CI", ci)
    assert pages.main([str(tmp_path)]) == code


def test_both_sides_agree_on_short_code() -> None:
    script = Path(pages.__file__).with_name("pages_check.js").read_text()
    assert f"LONGEST_KEPT = {mkdocs_hook.LONGEST_KEPT};" in script
