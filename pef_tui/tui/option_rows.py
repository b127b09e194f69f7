"""Settings as lines: name, value, what it means; Enter changes one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from pef_tui.config import ConfigError, options, typed
from pef_tui.tui.asking import AskText
from pef_tui.tui.content import said
from pef_tui.tui.flow import Flow

MEANINGS = {
    ("existing", "fill"): "keep what a file says, add what is missing",
    ("existing", "overwrite"): "Google's values replace those of the file",
    ("existing", "never"): "leave files alone, write XMP files",
    ("timezone", ""): "by place, camera and neighbours",
    ("dates_from_names", "False"): "names alone date nothing",
    ("dates_from_names", "True"): "names date what nothing else dates",
    ("unmatched", "copy"): "copy what has no JSON too",
    ("unmatched", "skip"): "leave out what has no JSON",
    ("extensions", "fix"): "a JPEG called .heic gets its right name",
    ("extensions", "keep"): "wrong names are kept",
    ("xmp", "auto"): "where a file cannot hold tags",
    ("xmp", "always"): "beside every picture",
    ("xmp", "never"): "none at all",
    ("only", ""): "pictures and videos",
    ("only", "photo"): "pictures only",
    ("only", "video"): "videos only",
    ("layout", ""): "the folders of the export",
    ("albums", "folder"): "a copy in each album's folder",
    ("albums", "link"): "one file, links in the albums' folders",
    ("albums", "tag"): "one file, its albums as a tag",
    ("albums", "none"): "the folders of the years only",
}
"""One line for a value, where it says more than the value."""


def shown_value(value: object) -> str:
    """A value for people."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "-"
    return str(value) if value != "" else "-"


def cycled(name: str, value: object) -> object:
    """The next value of a switch or a choice; None for a setting that has to be typed."""
    option = options()[name]
    if option.kind == "switch":
        return not value
    if option.choices:
        ring = (*(("",) if option.default == "" else ()), *option.choices)
        return ring[(ring.index(str(value)) + 1) % len(ring)]
    return None


class OptionRows(OptionList):
    """Some of the settings. `Changed` after each change."""

    DEFAULT_CSS = """
    OptionRows { height: auto; border: none; padding: 0; background: transparent; text-wrap: nowrap;
                 text-overflow: ellipsis; }
    OptionRows:focus { border: none; }
    """

    class Changed(Message):
        """A setting was changed."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(
        self, flow: Flow, names: Sequence[str], describe: Callable[[str], Content], **more: Any
    ) -> None:
        """`describe`: the line of a setting."""
        self._flow, self._names, self._describe = flow, [n for n in names if n in options()], describe
        super().__init__(*self._rows(), compact=True, **more)

    def _rows(self) -> list[Option]:
        return [Option(self._describe(name), id=name) for name in self._names]

    @property
    def name_at_cursor(self) -> str:
        """The setting under the cursor; "" for none."""
        return self._names[self.highlighted] if self.highlighted is not None else ""

    def renew(self) -> None:
        """Show the values as they are now."""
        for name in self._names:
            self.replace_option_prompt(name, self._describe(name))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """The next value, or a window to type one."""
        event.stop()
        name = event.option_id or ""
        value = cycled(name, getattr(self._flow.settings, name))
        if value is not None:
            self._set(name, value)
        else:
            self._type(name)

    def _set(self, name: str, value: object) -> None:
        self._flow.change(**{name: value})
        self.renew()
        self.post_message(self.Changed(name))

    def _type(self, name: str) -> None:
        option = options()[name]
        value = getattr(self._flow.settings, name)
        text = ", ".join(value) if isinstance(value, tuple) else str(value)
        allowed = f"{option.text}\n{option.allowed}" + ", separated by commas" * (option.kind == "list")

        def taken(answer: str | None) -> None:
            if answer is not None:
                self._set(name, typed(name, answer))

        self.app.push_screen(AskText(name, allowed, text, lambda given: problem_of(name, given)), taken)


def problem_of(name: str, text: str) -> str:
    """What is wrong with a text typed for a setting; "" for nothing."""
    try:
        typed(name, text)
    except ConfigError as error:
        return str(error)
    return ""


def short_row(flow: Flow, name: str) -> Content:
    """A setting and what its value means, in one line; what is not the default stands out."""
    value = getattr(flow.settings, name)
    meaning = MEANINGS.get((name, str(value)), shown_value(value))
    return said((f"{name:<11}", "dim"), (meaning, "bold" if value != options()[name].default else ""))
