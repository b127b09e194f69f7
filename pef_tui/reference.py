"""`docs/reference.md`, made from the docstrings of the plugin interface: `python -m pef_tui.reference FILE`."""

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

COMMON = {
    "name": "What it is called where it is told; unique among its kind.",
    "order": "Lower ones come first.",
    "root": "Number of its source among the SOURCE arguments, from 0.",
    "path": "Below its source, with `/`.",
    "size": "Bytes.",
    "mtime_ns": "Modification time, nanoseconds since 1970.",
    "match": "The Match it is about.",
    "plan": "The Plan it is about.",
    "media": "The picture or video.",
    "file": "The file it is about.",
    "output": "Path below the output folder; None where nothing is put there.",
    "reason": "Why, in words.",
    "warnings": "What is doubtful, each in one line.",
    "writer": "Name of the writer.",
    "outcome": "One of the words of its type.",
    "latitude": "Degrees, south negative.",
    "longitude": "Degrees, west negative.",
    "altitude": "Metres.",
    "title": "As Google has it.",
    "description": "As Google has it.",
    "value": "A text, a number or a tuple of texts; None removes the tag.",
    "tag": "`group:tag` in ExifTool's spelling.",
    "unit": "The unit it is about.",
    "album": "Of its folder, where that is an album.",
    "json": "JSON files.",
}
"""Meaning of fields that are the same everywhere."""
SAID = {
    "Conflict.file": "What the file says.",
    "Conflict.google": "What Google says.",
    "Finding.level": "How grave it is.",
    "Finding.what": "What was found, in one line.",
    "Finding.advice": "What to do about it.",
    "Check.run": "Looks, and yields what it finds.",
    "Folder.media": "Files whose name says that they are media.",
    "Folder.json": "JSON files, read.",
    "JsonFile.kind": "What it is by its content.",
    "JsonFile.sidecar": "Where it is one.",
    "JsonFile.album": "Where it describes an album.",
    "Listing.files": "Regular files only, sorted by name.",
    "Origin.from_partner_sharing": "There where a partner shared it.",
    "Origin.from_shared_album": "There where it came from a shared album.",
    "Origin.mobile_upload": "There where a phone uploaded it: `deviceType`, `deviceFolder`.",
    "Origin.composition": "There where Google made it: a collage, an animation.",
    "Match.sidecar": "None where there is none.",
    "Match.json": "The file the sidecar was read from.",
    "Matcher.match": "One Match for each file it knows; the others are left to the next matcher.",
    "Outcome.word": "What became of it.",
    "Person.name": "As it was given in Google Photos.",
    "Plan.conflicts": "What the file says otherwise, and keeps.",
    "Plan.reason": "Why there is nothing to write.",
    "SettingsTable.type": "A frozen Struct with defaults.",
    "Sidecar.description": "What was written under it; may have several lines.",
    "Sidecar.photo_taken_time": "When it was taken.",
    "Sidecar.people": "Who is in it; `names` has each once.",
    "Sidecar.favorited": "True where it is a favourite.",
    "Sidecar.archived": "True where it is in the archive.",
    "Sidecar.trashed": "True where it is in the bin.",
    "Sidecar.url": "Its page on Google Photos.",
    "Sidecar.google_photos_origin": "How it came to Google Photos.",
    "Stage.run": "A generator from Matches to the same Matches.",
    "Stamp.timestamp": "As it stands in the JSON.",
    "TagMapper.map": "Called for each picture; yields what it should have.",
    "TagEdit.when": "`missing`, `merge` or `always`.",
    "Span.start": "The first byte, from 0.",
    "Span.stop": "The byte behind the last.",
    "Staged.plan": "What is to be written.",
    "Writer.open": "Makes a session, once for each thread that needs it.",
    "Scanner.open": "Opens a source it accepts.",
}
"""Meaning of fields that say no more in the code than their type."""

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
"""Where Writing plugins shows each hook."""


def reference() -> str:
    """The page."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    documented = {
        name: node for module in (google_json, model, hooks, settings) for name, node in _nodes(module)
    }
    yield "# Plugin reference"
    yield ""
    yield "Everything that `pef_tui` exports. Made from the program; [Writing plugins](plugins.md) explains it."
    yield ""
    yield "## Hooks"
    hook_class = documented["Hooks"]
    assert isinstance(hook_class, ast.ClassDef)
    for each in hook_class.body:
        if isinstance(each, ast.FunctionDef):
            arguments = ", ".join(argument.arg for argument in each.args.args if argument.arg != "self")
            yield f"\n### `{each.name}({arguments})`\n"
            shown = f"[Example](plugins.md#{EXAMPLES[each.name]})."
            yield f"{ast.get_docstring(each)} Yields {_registration(each)}. {shown}"
    yield "\n## Types"
    for name in sorted(pef_tui.__all__):
        node = documented.get(name)
        if isinstance(node, ast.ClassDef):
            yield from _class(node)
        elif name == "OpenFile":
            yield f"\n### `{name}`\n\n`Callable[[MediaFile], BinaryIO]`: opens a file of a Folder. Raises OSError."
    yield "\n### `hookimpl`\n\nMarks a function, of the name of a hook, as an implementation of it."
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
    for each in node.body:
        if isinstance(each, ast.FunctionDef) and not each.name.startswith("_"):
            is_property = any(ast.unparse(one) == "property" for one in each.decorator_list)
            arguments = [ast.unparse(argument) for argument in each.args.args if argument.arg != "self"]
            shown = each.name if is_property else f"{each.name}({', '.join(arguments)})"
            yield f"\n- `{shown}`: {' '.join((ast.get_docstring(each) or '').split())}"


def _fields(node: ast.ClassDef) -> Iterator[tuple[str, str, str, str]]:
    """Name, type, default and meaning of each field of a Struct."""
    for place, each in enumerate(node.body):
        if not (isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)):
            continue
        name = each.target.id
        following = node.body[place + 1] if place + 1 < len(node.body) else None
        text = SAID.get(f"{node.name}.{name}") or COMMON.get(name, "")
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            text = inspect.cleandoc(str(following.value.value)).replace("\0", "\\0")
        kind, meaning = _annotation(each.annotation)
        yield name, kind, ast.unparse(each.value) if each.value else "", text or meaning


def _annotation(node: ast.expr) -> tuple[str, str]:
    """The type, and what `Annotated` says of the field."""
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


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference(), encoding="utf-8")
