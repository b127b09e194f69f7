"""Report homely and unclear phrases in the texts of the code and of the documentation.

Read from Python files: docstrings, comments, and string literals of two words or more (messages, help texts).
Read from Markdown files: everything except code blocks, code spans, addresses of links and HTML comments.
The phrases, the advice for each, and the paths not checked yet are in `tools/prose.toml`.
"""

import argparse
import ast
import io
import re
import sys
import tokenize
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
RULES = ROOT / "tools/prose.toml"
_PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "CODE_OF_CONDUCT.md")
PATHS = ("pef_tui", "plugins", "bench", "tools", "docs", *_PAGES)

_TWO_WORDS = re.compile(r"[A-Za-z{}]\S*\s+\S*[A-Za-z{}]")
_FENCE = re.compile(r"^[ \t]*(```+|~~~+).*?(?:^[ \t]*\1|\Z)", re.M | re.S)
_NOT_PROSE = re.compile(r"<!--.*?-->|(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)|\]\([^)\s]*\)|<https?://[^>]*>", re.S)


@dataclass(frozen=True)
class Rules:
    """One pattern for all phrases, the advice for each, and the paths to leave out."""

    pattern: re.Pattern[str]
    advice: tuple[str, ...]
    unchecked: tuple[str, ...]


@dataclass(frozen=True)
class Text:
    """A piece of prose and the number of its first line."""

    line: int
    text: str


@dataclass(frozen=True)
class Finding:
    """A forbidden phrase in a file, and what to write in its place."""

    file: str
    line: int
    phrase: str
    advice: str

    def __str__(self) -> str:
        return f'{self.file}:{self.line}: "{self.phrase}": write: {self.advice}'


def load_rules(path: Path = RULES) -> Rules:
    """Read the phrases and the unchecked paths.

    Raises `tomllib.TOMLDecodeError`, `KeyError` or `re.error` if the file is not valid.
    """
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    phrases = [re.sub(r"\((?!\?)", "(?:", phrase).replace(" ", r"\s+") for phrase in table["phrases"]]
    pattern = re.compile("|".join(rf"\b({phrase})\b" for phrase in phrases), re.IGNORECASE)
    return Rules(pattern, tuple(table["phrases"].values()), tuple(table["unchecked"]))


def python_texts(source: str) -> Iterator[Text]:
    """Yield the comments and string literals of a Python file.

    Comments on consecutive lines are one text, and so are the parts of an f-string, with `{}` for each value.
    """
    comments: list[tuple[int, str]] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            if comments and token.start[0] != comments[-1][0] + 1:
                yield _joined(comments)
                comments = []
            comments.append((token.start[0], token.string.lstrip("#")))
    if comments:
        yield _joined(comments)
    tree = ast.parse(source)
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        text = _literal(node)
        if text is not None and id(node) not in inside and _TWO_WORDS.search(text):
            yield Text(getattr(node, "lineno", 1), text)


def _joined(comments: list[tuple[int, str]]) -> Text:
    return Text(comments[0][0], "\n".join(text for _, text in comments))


def _literal(node: ast.AST) -> str | None:
    """Return the text of a string literal or f-string, None for any other node."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_literal(part) or "{}" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def markdown_text(source: str) -> Text:
    """Return the prose of a Markdown file, with code and addresses replaced by as many empty lines."""
    return Text(1, _NOT_PROSE.sub(_blank, _FENCE.sub(_blank, source)))


def _blank(match: re.Match[str]) -> str:
    return "`" + "\n" * match.group().count("\n")


def findings(file: str, source: str, rules: Rules) -> Iterator[Finding]:
    """Yield the forbidden phrases of one file, by the extension of its name."""
    texts = python_texts(source) if file.endswith(".py") else [markdown_text(source)]
    for text in texts:
        for match in rules.pattern.finditer(text.text):
            line = text.line + text.text.count("\n", 0, match.start())
            advice = rules.advice[(match.lastindex or 1) - 1]
            yield Finding(file, line, " ".join(match.group().split()), advice)


def files(paths: Iterable[str], root: Path, unchecked: Iterable[str] = ()) -> Iterator[str]:
    """Yield the Python and Markdown files at or below `paths` that are not below an unchecked path, sorted."""
    skipped = {root / path for path in unchecked}
    for path in paths:
        start = root / path
        for file in sorted(start.rglob("*")) if start.is_dir() else [start]:
            if file.suffix in {".py", ".md"} and skipped.isdisjoint({file, *file.parents}):
                yield file.relative_to(root).as_posix()


def main(arguments: list[str] | None = None) -> int:
    """Print the findings; return 1 if there are any, else 0."""
    parser = argparse.ArgumentParser(description="Report unclear phrases in code and documentation.")
    parser.add_argument("paths", nargs="*", default=PATHS, help="files or folders, from the project's root")
    parser.add_argument("--all", action="store_true", help="include the unchecked paths")
    options = parser.parse_args(arguments)
    rules = load_rules()
    checked = files(options.paths, ROOT, () if options.all else rules.unchecked)
    lines = [
        str(each) for file in checked for each in findings(file, (ROOT / file).read_text("utf-8"), rules)
    ]
    print(*lines, sep="\n", end="\n" if lines else "")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
