"""Generate `docs/reference.md` from the docstrings of the plugin interface: `python -m tools.reference FILE`."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pef_tui
from pef_tui import google_json, hooks, model, settings
from pef_tui.xmp import xmp_packet

EXAMPLES = {
    "pef_scanners": "other-sources",
    "pef_filters": "leaving-files-out",
    "pef_matchers": "other-sources",
    "pef_stages": "work-on-many-pictures-at-once",
    "pef_tag_mappers": "the-first-one-in-ten-minutes",
    "pef_writers": "other-writers",
    "pef_executors": "other-places-to-write",
    "pef_settings": "settings-of-a-plugin",
    "pef_checks": "for-doctor",
}
"""Anchor in docs/plugins.md with an example of each hook."""


def reference() -> str:
    """Return the page."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    modules = google_json, model, hooks, settings
    documented = {name: node for module in modules for name, node in _nodes(module)}
    aliases = {name: texts for module in modules for name, texts in _aliases(module)}
    yield "# Plugin reference"
    yield ""
    yield "All names that `pef_tui` exports, generated from the program. [Writing plugins](plugins.md) explains them."
    yield ""
    yield "## Hooks"
    hook_class = documented["Hooks"]
    assert isinstance(hook_class, ast.ClassDef)
    for hook in hook_class.body:
        if isinstance(hook, ast.FunctionDef):
            arguments = ", ".join(argument.arg for argument in hook.args.args if argument.arg != "self")
            yield f"\n### `{hook.name}({arguments})`\n"
            example = f"[Example](plugins.md#{EXAMPLES[hook.name]})."
            yield f"{ast.get_docstring(hook)} Yields {_registration(hook)}. {example}"
    yield "\n## Types"
    for name in sorted(pef_tui.__all__):
        node = documented.get(name)
        if isinstance(node, ast.ClassDef):
            yield from _class(node)
        elif name in aliases:
            yield "\n".join((f"\n### `{name}`\n", f"`{aliases[name][0]}`\n", aliases[name][1]))
    yield "\n### `hookimpl`\n\nMarks a function with the name of a hook as an implementation of that hook."
    signature = str(inspect.signature(xmp_packet)).replace("'", "")
    yield f"\n### `xmp_packet`\n\n`xmp_packet{signature}`\n"
    yield inspect.getdoc(xmp_packet) or ""


def _registration(hook: ast.FunctionDef) -> str:
    assert isinstance(hook.returns, ast.Subscript)
    return f"`{ast.unparse(hook.returns.slice)}`"


def _class(node: ast.ClassDef) -> Iterator[str]:
    yield f"\n### `{node.name}`\n"
    yield ast.get_docstring(node) or ""
    fields = list(_fields(node))
    if fields:
        yield "\n| field | type | default | |\n| --- | --- | --- | --- |"
        for name, kind, default, text in fields:
            cells = (f"`{name}`", f"`{kind}`", f"`{default}`" if default else "", text)
            yield "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
    for member in node.body:
        if isinstance(member, ast.FunctionDef) and not member.name.startswith("_"):
            is_property = any(ast.unparse(decorator) == "property" for decorator in member.decorator_list)
            arguments = [ast.unparse(argument) for argument in member.args.args if argument.arg != "self"]
            signature = member.name if is_property else f"{member.name}({', '.join(arguments)})"
            yield f"\n- `{signature}`: {' '.join((ast.get_docstring(member) or '').split())}"


def _fields(node: ast.ClassDef) -> Iterator[tuple[str, str, str, str]]:
    """Yield name, type, default and docstring of each field of a Struct. Raises ValueError if a field has none."""
    for position, statement in enumerate(node.body):
        if not (isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)):
            continue
        name = statement.target.id
        if name.startswith("_"):
            continue
        following = node.body[position + 1] if position + 1 < len(node.body) else None
        kind, text = _annotation(statement.annotation)
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            text = inspect.cleandoc(str(following.value.value)).replace("\0", "\\0")
        if not text:
            raise ValueError(f"{node.name}.{name} has no docstring")
        yield name, kind, ast.unparse(statement.value) if statement.value else "", text


def _annotation(node: ast.expr) -> tuple[str, str]:
    """Return the type, and the description in `Annotated`."""
    if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Annotated":
        assert isinstance(node.slice, ast.Tuple)
        kind, meta = node.slice.elts
        assert isinstance(meta, ast.Call)
        text = meta.args[0]
        return ast.unparse(kind), str(text.value) if isinstance(text, ast.Constant) else ast.unparse(text)
    return ast.unparse(node), ""


def _nodes(module: ModuleType) -> Iterator[tuple[str, ast.stmt]]:
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.ClassDef):
            yield node.name, node


def _aliases(module: ModuleType) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield name, type and docstring of each exported alias of a type. Raises ValueError if it has no docstring."""
    body = ast.parse(inspect.getsource(module)).body
    for node, following in zip(body, [*body[1:], ast.Pass()], strict=True):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name in pef_tui.__all__ and not isinstance(node.value, ast.Call):
                if not (isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)):
                    raise ValueError(f"{name} has no docstring")
                yield name, (ast.unparse(node.value), inspect.cleandoc(str(following.value.value)))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference(), encoding="utf-8")
