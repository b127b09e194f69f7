"""Hooks of MkDocs (`mkdocs.yml`): show code in the pages as GitHub does, and keep flags in one line.

GitHub requires `\\|` in code in tables and shows `|`. Python-Markdown does not require the backslash, and shows it.
Browsers break a line after a hyphen, also in `--dry-run` and `.pef-tui/report.html`.
"""

import re

LONGEST_KEPT = 28
"""Number of characters of the longest code that is kept in one line: it fits on a phone."""
_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)")
_PREFORMATTED = re.compile(r"(<pre\b.*?</pre>)", re.DOTALL)
_INLINE_CODE = re.compile(r"<code>([^<]+)</code>")
_REFERENCE = re.compile(r"&#?\w+;")


def on_page_markdown(markdown: str, **_: object) -> str:
    """Return the page without backslashes before `|` in the code spans of tables."""
    lines = markdown.split("\n")
    return "\n".join(_unescaped(line) if line.startswith("|") else line for line in lines)


def on_page_content(html: str, **_: object) -> str:
    """Return the page with the class `kept` on short code, which `docs/site.css` keeps in one line."""
    parts = _PREFORMATTED.split(html)
    return "".join(
        part if position % 2 else _INLINE_CODE.sub(_kept, part) for position, part in enumerate(parts)
    )


def _unescaped(row: str) -> str:
    return _CODE.sub(lambda span: span[0].replace("\\|", "|"), row)


def _kept(code: re.Match[str]) -> str:
    length = len(_REFERENCE.sub("x", code[1]))
    return f'<code class="kept">{code[1]}</code>' if length <= LONGEST_KEPT else code[0]
