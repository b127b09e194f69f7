"""The language of the search on the Review screen: plain words, and terms such as `person:Ann` and `year:2019`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from pef_tui.preview.columns import mask_and, mask_or
from pef_tui.preview.names import fold
from pef_tui.preview.planned_files import FLAGS, UNKNOWN, PlannedFiles, preview_word

KEYS = {
    "person": "a name among the people of the picture",
    "year": "the year in which it was taken: 2019, or 2015-2019",
    "camera": "maker or model of the camera",
    "outcome": "an outcome, or conflict, warning, ambiguous",
    "album": "the folder or the title of its album",
    "desc": "a text in the description",
}
"""The keys of terms, with their meaning."""
_WORD = re.compile(r'(?:(\w+):)?(?:"([^"]*)"?|([^\s"]+))')
_YEARS = re.compile(r"(\d{4})(?:-(\d{4}))?")

Mask = bytes | bytearray


class Term(NamedTuple):
    """One word of a search. `key`: one of `KEYS`; "" for a plain word."""

    key: str
    value: str


class Query(NamedTuple):
    """A search. A file matches if it has every plain word and every person, and for each other key one of its terms."""

    terms: tuple[Term, ...]
    problem: str = ""
    """What is wrong with the search, for the user; "" if nothing is."""


def parse(text: str) -> Query:
    """Return the words of a search. Quotes hold blanks together: `person:"Ann Lee"`.

    A word whose key is not in `KEYS` is a plain word. A term without a value is left out, because it is still typed.
    """
    terms, problem = [], ""
    for match in _WORD.finditer(text.replace("\0", "")):
        key = (match[1] or "").casefold()
        value = match[2] if match[2] is not None else match[3]
        if value.endswith(":") and value[:-1].casefold() in KEYS:
            continue
        if match[1] and key not in KEYS:
            key, value = "", f"{match[1]}:{value}"
        if key == "year" and _years(value) is None:
            problem = f"year: needs a year or two, as in year:2019 or year:2015-2019, not {value}"
            continue
        if value:
            terms.append(Term(key, value))
    return Query(tuple(terms), problem)


def masks(files: PlannedFiles, query: Query, count: int) -> Iterator[Mask]:
    """Yield masks of the first `count` rows. The rows in all masks match the query."""
    for key, mask_of in _MASKS.items():
        found = [mask_of(files, term.value, count) for term in query.terms if term.key == key]
        if key in ("", "person"):
            yield from found
        elif found:
            yield _any(found)


def _any(found: list[Mask]) -> Mask:
    mask = found[0]
    for other in found[1:]:
        mask = mask_or(mask, other)
    return mask


def _years(value: str) -> tuple[int, int] | None:
    """Return the first and the last year of a term; None if the value is no year."""
    match = _YEARS.fullmatch(value)
    if match is None:
        return None
    first, last = int(match[1]), int(match[2] or match[1])
    return (first, last) if 1 <= first <= last < 9999 else None


def _taken_in(files: PlannedFiles, value: str, count: int) -> Mask:
    years = _years(value)
    if years is None:
        return bytes(count)
    start, end = (datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (years[0], years[1] + 1))
    return bytes([seconds != UNKNOWN and start <= seconds < end for seconds in files.taken[:count]])


def _with_outcome(files: PlannedFiles, value: str, count: int) -> Mask:
    folded = value.casefold()
    words = [
        word
        for word in files.outcomes.words
        if any(name.startswith(folded) for name in (word, preview_word(word).removeprefix("to ")))
    ]
    bits = sum(bit for flag, bit in FLAGS.items() if flag.startswith(folded.removesuffix("s")))
    flagged = bytes(files.flags[:count]).translate(bytes(bool(code & bits) for code in range(256)))
    return mask_or(files.outcomes.mask(words)[:count], flagged)


def _with_text(files: PlannedFiles, text: str, count: int) -> Mask:
    """Return the mask of the rows with `text` in their name or Folder.

    A text with `/`, such as `rip/IMG_1`, selects the files in Folders that end with `rip` whose names start with
    `IMG_1`.
    """
    head, slash, tail = text.rpartition("/")
    if slash:
        ending = fold(head)
        inside = folder_mask(files, _folders(files, lambda path: path.endswith(ending)), count)
        return files.names.starting_with(fold(tail), inside) if tail else inside
    needle = fold(text)
    in_name = bytes(files.names.containing(needle)[:count])
    folders = _folders(files, lambda path: needle in path)
    return mask_or(in_name, folder_mask(files, folders, count)) if folders else in_name


def _in_album(files: PlannedFiles, value: str, count: int) -> Mask:
    needle = fold(value)
    folders = {*_folders(files, lambda path: needle in path), *files.search_index.folders_titled(needle)}
    return folder_mask(files, folders, count)


def _folders(files: PlannedFiles, fits: Callable[[bytes], bool]) -> list[int]:
    return [number for number, path in enumerate(files.folders) if fits(fold(path))]


def folder_mask(files: PlannedFiles, numbers: Iterable[int], count: int) -> bytes:
    """Return the mask of the first `count` rows that selects the rows whose Folder has a number in `numbers`.

    If there are few numbers, each byte of a number is compared in all rows at once, which is faster than row by row.
    """
    folder_numbers = set(numbers)
    column = files.folder[:count].tobytes()
    if len(files.folders) <= 256:
        return column[::4].translate(bytes(byte_value in folder_numbers for byte_value in range(256)))
    if len(folder_numbers) > 64:
        return bytes([number in folder_numbers for number in files.folder[:count]])
    mask = bytes(count)
    for number in folder_numbers:
        number_mask = bytes([1]) * count
        for byte_index, byte in enumerate(number.to_bytes(4, "little")):
            table = bytes(byte_value == byte for byte_value in range(256))
            number_mask = mask_and(number_mask, column[byte_index::4].translate(table))
        mask = mask_or(mask, number_mask)
    return mask


_MASKS: dict[str, Callable[[PlannedFiles, str, int], Mask]] = {
    "": _with_text,
    "person": lambda files, value, count: files.search_index.people.mask(fold(value), count),
    "camera": lambda files, value, count: files.search_index.cameras.mask(fold(value), count),
    "desc": lambda files, value, count: files.search_index.described(fold(value), count),
    "year": _taken_in,
    "outcome": _with_outcome,
    "album": _in_album,
}
