"""Replace the words of file names and texts, but not what Google and cameras put into them.

Kept are: punctuation and emoji, counters such as `(1)`, extensions, suffixes of edited copies, the names of Google's
own folders, the year of a year folder, the first word of a camera's name (`IMG`), and where a name was cut.
"""

from __future__ import annotations

import re
import unicodedata
from html.entities import html5

from pef_tui.anonymise.letters import LetterMap
from pef_tui.formats.table import MEDIA_EXTENSIONS
from pef_tui.takeout.companions import SUFFIXES, VIDEOS
from pef_tui.takeout.languages import SPECIAL, language_of
from pef_tui.takeout.naming import (
    MEDIA_UNITS,
    SIDECAR_UNITS,
    SUPPLEMENTAL,
    folded,
    split,
    uncount,
    units,
)
from pef_tui.takeout.system_files import FILE_REASON, folder_reason, name_reason

EXTENSIONS = frozenset(
    extension.lstrip(".")
    for extension in (
        *(*MEDIA_EXTENSIONS, *VIDEOS),
        *(
            ".json",
            ".xmp",
            ".html",
            ".csv",
            ".txt",
            ".pdf",
            ".zip",
            ".tgz",
            ".tar",
            ".gz",
            ".mp",
            ".mv",
            ".icloud",
        ),
    )
)
"""Extensions that are kept, in lower case without dot. Any other one is replaced like a word."""
CAMERA_WORDS = frozenset(
    (
        *(
            "IMG",
            "VID",
            "MVIMG",
            "PXL",
            "DSC",
            "DSCN",
            "DSCF",
            "PANO",
            "BURST",
            "MOV",
            "GOPR",
            "WA",
            "WP",
            "P",
        ),
        *("DJI", "PHOTO", "VIDEO", "SCREENSHOT", "PORTRAIT", "COVER"),
    )
)
"""Words, in capitals, that are kept at the beginning of a name."""
CONTAINERS = frozenset(
    folded(name)
    for name in ("Takeout", "Google Photos", "Google Fotos", "Google Foto", "Google Фото", "Google")
)
"""Names of folders above the folders of Google Photos that are kept, folded."""
KEPT_FOLDERS = frozenset(folded(name) for names in SPECIAL.values() for name in names) | CONTAINERS
"""Names of folders that are kept, folded."""

_METADATA = "metadata"
_FREQUENT = (
    "jpg",
    "jpeg",
    "heic",
    "png",
    "gif",
    "webp",
    "mp4",
    "mov",
    "dng",
    "tif",
    "avi",
    "3gp",
    "m4v",
    "mp",
)
"""Extensions that are recognized if a name was cut inside them."""
_REFERENCE = "&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
_TOKEN = re.compile(rf"{_REFERENCE}|\([0-9]{{1,5}}\)|[^\W\d_]+|\d+|.", re.DOTALL)
_YEAR = re.compile(r"(?:18|19|20)[0-9]{2}")
_TAKEOUT = re.compile(r"Takeout(?: ?\(?[0-9]{1,3}\)?)?")
_PART = re.compile(
    r"(?i)(takeout-)([0-9]{8}t[0-9]{6}z)((?:-[0-9]+)*(?: ?\([0-9]+\))?(?:\.(?:zip|tgz|tar|tar\.gz))?)"
)
_SYSTEM_WORDS = frozenset(("synoeastream", "synoresource"))


class NameMap:
    """Replaces words in names and texts, equal words equally."""

    def __init__(self, key: bytes) -> None:
        """`key`: up to 64 random bytes, as for `LetterMap`."""
        self._letters = LetterMap(key)

    def text(self, text: str) -> str:
        """Return a text with all its words and numbers replaced; only HTML character references stay."""
        return "".join(
            f"({self._letters.replace(token[1:-1])})"
            if token[0] == "(" and token != "("
            else self._token(token)
            for token in _tokens(text)
        )

    def path(self, path: str) -> str:
        """Return the path of a file with the words of its folders and its name replaced."""
        *folders, name = path.split("/")
        return "/".join((*map(self.folder, folders), self.file(name)))

    def folder(self, name: str) -> str:
        """Return the name of a folder, or the title of an album, with its words replaced. The years in it are kept."""
        if (
            folded(name) in KEPT_FOLDERS
            or _TAKEOUT.fullmatch(name)
            or language_of(name)
            or folder_reason(name)
        ):
            return name
        return "".join(map(self._folder_token, _tokens(name)))

    def source(self, name: str) -> str:
        """Return the name of a source, a folder or an archive. The number of a part is kept."""
        if match := _PART.fullmatch(name):
            return match[1] + "".join(map(self._token, _stamp(match[2]))) + match[3]
        stem, extension = split(name)
        if extension.lower() in (".zip", ".tgz", ".tar", ".gz"):
            return self.folder(stem) + extension
        return self.folder(name)

    def file(self, name: str) -> str:
        """Return the name of a file with its words replaced."""
        if "@" not in name and not name.startswith("._") and name_reason(name) == FILE_REASON:
            return name
        stem, extension = split(name)
        if extension.lower() == ".json":
            return self._sidecar(stem) + extension
        return self.title(name)

    def title(self, name: str) -> str:
        """Return the name of a picture, or the title in a sidecar, with its words replaced."""
        stem, extension = split(name)
        if extension and extension[1:].lower() not in EXTENSIONS and not _is_motion(extension):
            stem, extension = name, ""
        bare, counter = uncount(stem)
        is_cut = units(bare) + units(extension) >= MEDIA_UNITS
        body, suffix = _split_suffix(bare, is_cut=is_cut)
        kept = f"({counter})" if counter else ""
        return self._body(body) + suffix + kept + extension

    def _sidecar(self, base: str) -> str:
        """Return the name of a JSON file, without `.json`, with its words replaced."""
        bare, counter = uncount(base)
        kept = f"({counter})" if counter else ""
        if folded(bare) == _METADATA:
            return bare + kept
        stem, tail = split(bare)
        if not (tail and SUPPLEMENTAL.startswith(tail)):
            stem, tail = bare, ""
        if not tail and units(bare) >= SIDECAR_UNITS:
            return self._cut_title(bare) + kept
        inner, inner_counter = uncount(stem)
        return self.title(inner) + (f"({inner_counter})" if inner_counter else "") + tail + kept

    def _cut_title(self, text: str) -> str:
        """Return a title that was cut at the limit of sidecars, with its words replaced. It may end in a part of an
        extension.
        """
        stem, end = split(text)
        part = end[1:].lower()
        if end and (part in EXTENSIONS or any(extension.startswith(part) for extension in _FREQUENT)):
            body, suffix = _split_suffix(stem, is_cut=False)
            return self._body(body) + suffix + end
        body, suffix = _split_suffix(text, is_cut=True)
        return self._body(body) + suffix

    def _body(self, text: str) -> str:
        """Return the stem of a name, without counter and suffix, with its words replaced."""
        tokens = _tokens(text)
        return "".join(
            token if _is_kept(tokens, index) else self._inner_token(token, tokens[index - 1] if index else "")
            for index, token in enumerate(tokens)
        )

    def _inner_token(self, token: str, before: str) -> str:
        """Return the replacement of a token in a stem. It does not become an extension by chance."""
        replaced = self._token(token)
        return token if before == "." and replaced.lower() in EXTENSIONS else replaced

    def _folder_token(self, token: str) -> str:
        """Return the replacement of a token of a folder. A year stays one, and no other number becomes one."""
        if _is_year(token) or token.casefold() == "google":
            return token
        replaced = self._token(token)
        return token if _is_year(replaced) else replaced

    def _token(self, token: str) -> str:
        if token[0] == "&" and len(token) > 1:
            is_reference = token[1] == "#" or token[1:] in html5
            return token if is_reference else f"&{self.text(token[1:-1])};"
        return self._letters.replace(token) if token[0].isalnum() else token


def _is_kept(tokens: list[str], index: int) -> bool:
    """Return whether a token of a stem is none of the user's words, and is kept."""
    token, before = tokens[index], tokens[index - 1] if index else ""
    if not index:
        return token.upper() in CAMERA_WORDS and len(tokens) > 1 and tokens[1][0] in "_-0123456789"
    if before == ".":
        return token.lower() in EXTENSIONS
    if before == "~":
        return token.isdigit() and len(token) < 3
    return before == "@" and token.lower() in _SYSTEM_WORDS


def _is_year(token: str) -> bool:
    return _YEAR.fullmatch("".join(str(unicodedata.decimal(char, char)) for char in token)) is not None


def _tokens(text: str) -> list[str]:
    """Return the words, numbers, character references and other characters of a text. Marks belong to their letter."""
    tokens: list[str] = []
    for token in _TOKEN.findall(text):
        is_mark = unicodedata.category(token[0])[0] == "M"
        follows_mark = bool(tokens) and unicodedata.category(tokens[-1][-1])[0] == "M"
        if tokens and tokens[-1][0].isalpha() and (is_mark or (follows_mark and token[0].isalpha())):
            tokens[-1] += token
        else:
            tokens.append(token)
    return tokens


def _stamp(text: str) -> list[str]:
    return re.findall(r"[0-9]+|[^0-9]", text)


def _is_motion(extension: str) -> bool:
    return re.fullmatch(r"(?i)\.m[pv](?:~\d+)?", extension) is not None


def _split_suffix(stem: str, *, is_cut: bool) -> tuple[str, str]:
    """Split the suffix of an edited copy off a stem: `a-edited` becomes `a`, `-edited`; "" without suffix.

    `is_cut`: whether the stem is as long as it can be, so that only the beginning of a suffix may be there.
    """
    body, dash, word = stem.rpartition("-")
    suffix = folded(dash + word)
    is_part = is_cut and any(whole.startswith(suffix) for whole in SUFFIXES)
    return (body, dash + word) if body and word and (suffix in SUFFIXES or is_part) else (stem, "")
