"""Words of Google Photos by language: suffixes of edited copies, special folders, year folders.

The list of suffixes is never complete. So `companions.py` also recognizes edited copies by the form of their names.
"""

from __future__ import annotations

import re

EDITED = (
    "-edited",  # English
    "-bearbeitet",  # German
    "-modifié",  # French
    "-modificato",  # Italian
    "-bewerkt",  # Dutch
    "-edytowane",  # Polish
    "-編集済み",  # Japanese
    "-ha editado",  # Spanish
    "-editado",  # Spanish, Portuguese
    "-editada",  # Spanish, seen in 2023
    "-editat",  # Catalan
    "-已修改",  # Chinese, simplified
    "-编辑",  # Chinese, simplified
    "-已編輯",  # Chinese, traditional
    "-muokattu",  # Finnish
    "-измененный",  # Russian
    "-отредактировано",  # Russian
    "-düzenlendi",  # Turkish
    "-redigeret",  # Danish
    "-upravené",  # Slovak
    "-відредаговано",  # Ukrainian
    "-편집됨",  # Korean
)
"""Suffixes that Google adds to the stem (name without extension) of an edited copy: `a-edited.jpg`."""

EFFECTS = ("-effects", "-smile", "-mix", "-motion", "-animation", "-collage", "-movie", "-pano")
"""Suffixes of files that Google generates from a picture. They are English in every account, in lower or upper case."""

SPECIAL = {
    "trash": (
        *("Trash", "Bin", "Papelera", "Lixeira", "Lixo", "Corbeille", "Papierkorb", "Cestino", "Prullenbak"),
        *("Kosz", "Paperera", "Корзина", "垃圾桶", "回收站", "ゴミ箱", "휴지통"),
    ),
    "archive": (
        *("Archive", "Archivo", "Arquivo", "Archives", "Archiv", "Archivio", "Archief", "Archiwum", "Arxiu"),
        *("Архив", "归档", "已归档", "档案", "アーカイブ", "보관처리됨"),
    ),
    "locked": (
        *("Locked Folder", "Carpeta privada", "Carpeta bloqueada", "Pasta trancada", "Dossier verrouillé"),
        *("Gesperrter Ordner", "Cartella bloccata", "Vergrendelde map", "Folder zablokowany"),
        *(
            "Заблокированная папка",
            "锁定文件夹",
            "私密文件夹",
            "已上锁的文件夹",
            "ロックされたフォルダ",
            "잠긴 폴더",
        ),
    ),
}
"""Names, in several languages, of Google Photos folders that are not albums. Not all of these names were seen."""

YEAR_FOLDERS = {
    "Photos from #": "English",
    "Photos de #": "French",
    "Fotos de #": "Spanish or Portuguese",
    "Fotos del #": "Spanish",
    "Fotos von #": "German",
    "Fotos aus #": "German",
    "Foto da #": "Italian",
    "Foto del #": "Italian",
    "Foto's van #": "Dutch",
    "Foto's uit #": "Dutch",
    "Фото за #": "Russian",
    "Фотографии за #": "Russian",
    "#年的照片": "Chinese",
    "#年の写真": "Japanese",
    "#년 사진": "Korean",
}
"""Names of year folders (`#`: the year) and their languages. The language is only displayed; no rule uses it."""
_YEAR = re.compile(r"(?:18|19|20)[0-9]{2}")


def language_of(folder: str) -> str:
    """Return the language in which the year folder `folder` is named; "" for any other name."""
    return YEAR_FOLDERS.get(_YEAR.sub("#", folder.replace("_", "'"), count=1), "")
