"""The page in a real browser: its script runs under its own policy, the search finds, it prints, dark and light."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from test_report_page import HOSTILE, media

from pef_tui.progress import Progress
from pef_tui.report_page import ReportPage

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium here")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    made, progress = ReportPage(scratch=str(folder)), Progress()
    records = [media(f"IMG_{number}.jpg", f"F{number % 3}") for number in range(300)]
    for record in [*records, media("cut.jpg", "F1", "failed", reason="cut short"), media(HOSTILE, HOSTILE)]:
        progress.add(record)
        made.add(record)
    made.write(str(folder / "r.html"), progress, False)
    return folder / "r.html"


def browse(page: Path, *arguments: str) -> str:
    """What Chromium says to this page."""
    profile = page.with_name("profile")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]
    asked = [str(BROWSER), *flags, f"--user-data-dir={profile}", *arguments, page.as_uri()]
    environ = {**os.environ, "HOME": str(page.parent)}
    ran = subprocess.run(asked, capture_output=True, text=True, timeout=90, check=False, env=environ)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return ran.stdout


def searched(page: Path, text: str, outcome: str = "") -> str:
    """The page after somebody typed and picked: a copy that does so by itself (the page's own policy forbids that)."""
    html = re.sub("<meta http-equiv[^>]*>", "", page.read_text())
    act = f"""<script>
    const box = document.querySelector("#find input"), word = document.querySelector("#find select");
    box.value = {text!r}; word.value = {outcome!r}; box.dispatchEvent(new Event("input"));
    setTimeout(() => {{
      const rows = [...document.querySelectorAll("details.f:not([hidden])[open] tbody tr:not([hidden])")];
      document.title = "FOUND:" + rows.map(row => row.cells[0].textContent).join("|");
    }}, 1500);</script></body>"""
    copy = page.with_name("searched.html")
    copy.write_text(html.replace("</body>", act))
    found = re.search(
        "<title>FOUND:(.*?)</title>", browse(copy, "--dump-dom", "--virtual-time-budget=6000"), re.S
    )
    assert found is not None
    return found[1]


def test_the_script_runs_under_the_pages_own_policy_and_nothing_else_does(page: Path) -> None:
    shown = browse(page, "--dump-dom", "--virtual-time-budget=2000")
    assert re.search('<div id="find">', shown), "the search is shown once its script ran"
    assert shown.count("<script>") == 1 and "<img" not in shown


@pytest.mark.parametrize(
    ("text", "outcome", "found"),
    [
        ("img_77", "", "IMG_77.jpg"),
        ("CUT", "", "cut.jpg"),
        ("", "failed", "cut.jpg"),
        ("f2/ img_299.", "", "IMG_299.jpg"),
    ],
)
def test_what_is_typed_is_found(page: Path, text: str, outcome: str, found: str) -> None:
    assert searched(page, text, outcome) == found


def test_it_is_painted_dark_and_light_and_printed(page: Path) -> None:
    sizes = []
    for number, flags in enumerate(([], ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"])):
        picture = page.with_name(f"{number}.png")
        browse(page, f"--screenshot={picture}", "--window-size=900,1400", *flags)
        sizes.append(picture.read_bytes())
    assert sizes[0] != sizes[1] and all(len(each) > 10_000 for each in sizes)
    paper = page.with_name("r.pdf")
    browse(page, f"--print-to-pdf={paper}", "--no-pdf-header-footer")
    assert paper.read_bytes().startswith(b"%PDF") and paper.stat().st_size > 10_000
