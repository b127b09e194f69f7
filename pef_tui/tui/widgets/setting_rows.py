"""Rows of settings, with name, value and meaning. Enter opens a window to change the setting under the cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from pef_tui.config import ConfigError, options, parse_text
from pef_tui.tui.screens.dialogs import ChoiceDialog, TextDialog
from pef_tui.tui.session.session import Session
from pef_tui.tui.text.safe_content import safe_content
from pef_tui.tui.text.settings import about_setting
from pef_tui.tui.text.values import value_text
from pef_tui.tui.widgets.rows import RowList

MEANINGS = {
    ("existing", "fill"): "keep a file's values, add missing ones",
    ("existing", "overwrite"): "Google's values replace those of the file",
    ("existing", "never"): "do not change tags, write XMP files",
    ("timezone", ""): "by location, camera and nearby pictures",
    ("dates_from_names", "False"): "file names are not used as dates",
    ("dates_from_names", "True"): "file names give dates if nothing else does",
    ("unmatched", "copy"): "copy files without a JSON as well",
    ("unmatched", "skip"): "leave out files without a JSON",
    ("extensions", "fix"): "correct wrong ones (a JPEG named .heic)",
    ("extensions", "keep"): "keep wrong ones",
    ("xmp", "auto"): "if a file cannot hold the tags",
    ("xmp", "always"): "beside every picture",
    ("xmp", "never"): "none",
    ("only", ""): "pictures and videos",
    ("only", "photo"): "pictures only",
    ("only", "video"): "videos only",
    ("layout", ""): "the folders of the export",
    ("albums", "folder"): "a copy in each album's folder",
    ("albums", "link"): "one file, links in the albums' folders",
    ("albums", "tag"): "one file, its albums as a tag",
    ("albums", "none"): "only the folders of the years",
}
"""Short meanings of values, shown on the Choose screen instead of the values."""
RISKS = {
    ("existing", "overwrite"): "dates, places and texts in your files are replaced",
    ("in_place", "True"): "the files in the source itself are changed",
    ("unmatched", "skip"): "pictures without a JSON are not in the output",
    ("xmp", "never"): "tags that a file cannot hold are not written",
    ("hard_links", "replace"): "other names of the same file keep the old content",
    ("symlinks", "replace"): "links in the source become files",
    ("force", "True"): "finished files are written again",
}
"""What a value changes or leaves out that a user may not expect, by setting and value."""


def choices_of(name: str) -> Sequence[object]:
    """Return the values that the setting `name` can have; () if its value must be typed."""
    option = options()[name]
    if option.kind == "switch":
        return (False, True)
    if option.kind != "choice":
        return ()
    return (*(("",) if option.default == "" else ()), *option.choices)


def choice_text(name: str, value: object) -> Content:
    """Return a value of the setting `name` with its meaning and its risk, for a list of values."""
    meaning = MEANINGS.get((name, str(value)), "")
    shown = value_text(value)
    default = " (default)" if value == options()[name].default else ""
    risk = RISKS.get((name, str(value)), "")
    return safe_content(
        (shown if shown != "-" or not meaning else meaning, "bold"),
        f": {meaning}" if meaning and shown != "-" else "",
        (default, "dim"),
        (f". Careful: {risk}" if risk else "", "$text-warning"),
    )


class SettingRows(RowList):
    """A list of settings. It posts `Changed` after each change."""

    DEFAULT_CSS = """
    SettingRows { height: auto; border: none; padding: 0; background: transparent; text-wrap: nowrap;
                 text-overflow: ellipsis; }
    SettingRows:focus { border: none; }
    """

    class Changed(Message):
        """Posted when a setting is changed."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(
        self,
        session: Session,
        names: Sequence[str],
        describe: Callable[[str], Content],
        **widget_options: Any,
    ) -> None:
        """`names`: names of the settings in the list. `describe`: returns the text of the row of a setting."""
        self._session, self._names, self._describe = session, [n for n in names if n in options()], describe
        super().__init__(*self._rows(), compact=True, **widget_options)

    def _rows(self) -> list[Option]:
        return [Option(self._describe(name), id=name) for name in self._names]

    @property
    def name_at_cursor(self) -> str:
        """Return the name of the setting under the cursor; "" if there is none."""
        return self._names[self.highlighted] if self.highlighted is not None else ""

    def refresh_values(self) -> None:
        """Show the current values."""
        for name in self._names:
            self.replace_option_prompt(name, self._describe(name))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Open a window in which the user picks a value, or types one."""
        event.stop()
        name = event.option_id or ""
        if values := choices_of(name):
            self._pick(name, values)
        else:
            self._type(name)

    def _pick(self, name: str, values: Sequence[object]) -> None:
        current = getattr(self._session.settings, name)
        answers = [(f"value-{number}", choice_text(name, value)) for number, value in enumerate(values)]

        def on_answer(answer: str | None) -> None:
            if answer:
                self._set(name, values[int(answer.removeprefix("value-"))])

        highlighted = values.index(current) if current in values else 0
        text = options()[name].text
        self.app.push_screen(ChoiceDialog(name, text, answers, highlighted), on_answer)

    def _set(self, name: str, value: object) -> None:
        self._session.change(**{name: value})
        self.refresh_values()
        self.post_message(self.Changed(name))

    def _type(self, name: str) -> None:
        option = options()[name]
        value = getattr(self._session.settings, name)
        text = ", ".join(value) if isinstance(value, tuple) else str(value)
        allowed = f"{option.text}\n{option.allowed}" + ", separated by commas" * (option.kind == "list")

        def on_answer(answer: str | None) -> None:
            if answer is not None:
                self._set(name, parse_text(name, answer))

        self.app.push_screen(
            TextDialog(name, allowed, text, lambda value: problem_of(name, value)), on_answer
        )


class AboutSetting(Static):
    """What one setting does, its value and origin, the allowed values and the default."""

    def __init__(self, session: Session, **widget_options: Any) -> None:
        super().__init__(**widget_options)
        self._session = session

    def show(self, name: str) -> None:
        """Show the setting `name`, with its flag and its variable in the title."""
        option = options()[name]
        self.border_title = f" {option.flag}   {option.variable} "
        self.update(about_setting(self._session, name))


def problem_of(name: str, text: str) -> str:
    """Return what is wrong with a text that was typed for the setting `name`; "" if nothing is wrong."""
    try:
        parse_text(name, text)
    except ConfigError as error:
        return str(error)
    return ""


def short_row(session: Session, name: str) -> Content:
    """Return a setting and the meaning of its value in one line; bold if it is not the default."""
    value = getattr(session.settings, name)
    meaning = MEANINGS.get((name, str(value)), value_text(value))
    return safe_content((f"{name:<11}", "dim"), (meaning, "bold" if value != options()[name].default else ""))
