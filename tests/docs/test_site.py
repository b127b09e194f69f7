"""The hooks of the site change only inline code."""

from __future__ import annotations

from tools.mkdocs_hook import LONGEST_KEPT, on_page_content, on_page_markdown


def test_escaped_bars_in_code_of_tables_lose_the_backslash() -> None:
    page = "| `--only photo\\|video` | a \\| b |\n\n`a\\|b`"
    assert on_page_markdown(page) == "| `--only photo|video` | a \\| b |\n\n`a\\|b`"


def test_short_code_is_kept_in_one_line() -> None:
    longest = "&lt;" + "x" * (LONGEST_KEPT - 1)
    page = f"<p><code>--dry-run</code> <code>{longest}</code> <code>{longest}x</code></p>"
    html = f"{page}<pre><span></span><code>--json</code></pre>"
    kept = on_page_content(html)
    assert kept.count('<code class="kept">') == 2
    assert f"<code>{longest}x</code>" in kept and "<pre><span></span><code>--json</code></pre>" in kept
