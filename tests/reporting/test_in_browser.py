"""Open the report page in a real browser: script under the page's own policy, search, print, dark and light mode."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from test_report_page import HOSTILE, media

from pef_tui.progress import Progress
from pef_tui.reporting.html import ReportPage, row_files
from pef_tui.reporting.html import page as page_module

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium here")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    sample, progress = ReportPage(scratch=str(folder)), Progress()
    records = [media(f"IMG_{number}.jpg", f"F{number % 3}") for number in range(300)]
    for record in [
        *records,
        media("cut.jpg", "F1", "failed", reason="cut short", person="Bob", description="At the lake"),
        media(HOSTILE, HOSTILE),
    ]:
        progress.add(record)
        sample.add(record)
    sample.write(str(folder / "r.html"), progress, False)
    return folder / "r.html"


def browse(page: Path, *arguments: str) -> str:
    """Return the output of Chromium for this page."""
    profile = page.with_name("profile")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]
    options = [str(BROWSER), *flags, f"--user-data-dir={profile}", *arguments, page.as_uri()]
    environ = {**os.environ, "HOME": str(page.parent)}
    ran = subprocess.run(options, capture_output=True, text=True, timeout=90, check=False, env=environ)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return ran.stdout


def acted(page: Path, act: str) -> str:
    """The title of the page after a script: a copy that has it, and whose policy allows it in addition to its own."""
    digest = base64.b64encode(hashlib.sha256(act.encode()).digest()).decode()
    html = page.read_text().replace("script-src ", f"script-src 'sha256-{digest}' ", 1)
    copy = page.with_name("acted.html")
    copy.write_text(html.replace("</body>", f"<script>{act}</script></body>"))
    result = re.search(
        "<title>FOUND:(.*?)</title>", browse(copy, "--dump-dom", "--virtual-time-budget=12000"), re.S
    )
    assert result is not None
    return result[1]


SHOW_ROWS = """setTimeout(() => {
      const rows = [...document.querySelectorAll("details.f:not([hidden])[open] tbody tr:not([hidden])")];
      document.title = "FOUND:" + rows.map(row => row.cells[0].textContent).join("|");
    }, 3000);"""


def searched(page: Path, text: str, outcome: str = "") -> str:
    """The rows after somebody typed and picked."""
    return acted(
        page,
        f"""
    const box = document.querySelector("#find input"), word = document.querySelector("#find select");
    box.value = {text!r}; word.value = {outcome!r}; box.dispatchEvent(new Event("input"));
    {SHOW_ROWS}""",
    )


def test_the_script_runs_under_the_pages_own_policy_and_nothing_else_does(page: Path) -> None:
    text = browse(page, "--dump-dom", "--virtual-time-budget=2000")
    assert re.search('<div id="find">', text), "the search is shown once its script ran"
    assert text.count("<script>") == 1 and "<img" not in text


@pytest.mark.parametrize(
    ("text", "outcome", "actual"),
    [
        ("img_77", "", "IMG_77.jpg"),
        ("CUT", "", "cut.jpg"),
        ("", "failed", "cut.jpg"),
        ("f2/ img_299.", "", "IMG_299.jpg"),
        ("bob", "", "cut.jpg"),
        ("at the lake", "", "cut.jpg"),
        ('"the lake"', "", "cut.jpg"),
        ('"lake the"', "", ""),
    ],
)
def test_what_is_typed_is_found(page: Path, text: str, outcome: str, actual: str) -> None:
    assert searched(page, text, outcome) == actual


def test_it_is_painted_dark_and_light_and_printed(page: Path) -> None:
    sizes = []
    for number, flags in enumerate(([], ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"])):
        picture = page.with_name(f"{number}.png")
        browse(page, f"--screenshot={picture}", "--window-size=900,1400", *flags)
        sizes.append(picture.read_bytes())
    assert sizes[0] != sizes[1] and all(len(size) > 10_000 for size in sizes)
    paper = page.with_name("r.pdf")
    browse(page, f"--print-to-pdf={paper}", "--no-pdf-header-footer")
    assert paper.read_bytes().startswith(b"%PDF") and paper.stat().st_size > 10_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page whose rows are in files beside it."""
    folder = tmp_path_factory.mktemp("large")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page_module, "INLINE_BYTES", 1000)
        patch.setattr(row_files, "FILE_BYTES", 8000)
        sample, progress = ReportPage(scratch=str(folder)), Progress()
        records = [media(f"IMG_{number}.jpg", f"F{number % 3}") for number in range(300)]
        failed = media("cut & <b>.jpg", "F1", "failed", reason='cut "short"', person="Bob", held="1")
        for record in [*records, failed, media(HOSTILE, HOSTILE)]:
            progress.add(record)
            sample.add(record)
        sample.write(str(folder / "r.html"), progress, False)
        assert len(list((folder / "r.html.rows").iterdir())) > 3
    return folder / "r.html"


@pytest.mark.parametrize(
    ("text", "outcome", "actual"),
    [
        ("img_77.", "", "IMG_77.jpg"),
        ("bob", "", "cut &amp; &lt;b&gt;.jpg"),
        ("", "failed", "cut &amp; &lt;b&gt;.jpg"),
        ("cut & <b>", "", "cut &amp; &lt;b&gt;.jpg"),
        ("f2/ img_299.", "", "IMG_299.jpg"),
    ],
)
def test_rows_beside_the_page_are_found(large: Path, text: str, outcome: str, actual: str) -> None:
    assert "IMG_77" not in large.read_text()
    assert searched(large, text, outcome) == actual


def test_a_folder_of_a_large_page_is_opened(large: Path) -> None:
    names = acted(large, f"document.querySelectorAll('details.f')[1].open = true; {SHOW_ROWS}").split("|")
    assert len(names) == 100 and names[0] == "IMG_0.jpg"


@pytest.mark.parametrize("kind", ["problems", "conflicts"])
@pytest.mark.parametrize("size", ["page", "large"])
def test_links_show_the_files_of_a_line(kind: str, size: str, request: pytest.FixtureRequest) -> None:
    target = request.getfixturevalue(size)
    if size == "page" and kind == "conflicts":
        pytest.skip("it has no conflict")
    found = acted(target, f"document.querySelector('#{kind} a[data-find]').click(); {SHOW_ROWS}")
    assert found.startswith("cut") and "|" not in found


def test_missing_files_of_rows_are_named(large: Path, tmp_path: Path) -> None:
    alone = tmp_path / "r.html"
    alone.write_bytes(large.read_bytes())
    script = """document.querySelector('details.f').open = true;
    setTimeout(() => { document.title = "FOUND:" + document.querySelector("output").textContent; }, 3000);"""
    assert acted(alone, script) == "the folder r.html.rows is missing beside this page"
