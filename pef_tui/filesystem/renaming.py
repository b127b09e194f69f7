"""Rename files with one system call, with or without replacing an existing file."""

from __future__ import annotations

import ctypes
import errno
import os
from typing import Any

from pef_tui.system_calls import c_function

_NO_REPLACE = 1
"""The flag RENAME_NOREPLACE of renameat2 (linux/fs.h)."""
_UNSUPPORTED = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})


class NoReplaceUnsupported(Exception):
    """Raised if the system or the file system cannot rename without replacing."""


def replace_file(old: str, new: str, old_folder: int, new_folder: int) -> None:
    """Rename `old` in the folder `old_folder` to `new` in the folder `new_folder`. Replace an existing file.

    The folders are descriptors. Raises OSError.
    """
    os.replace(old, new, src_dir_fd=old_folder, dst_dir_fd=new_folder)


def rename_if_free(old: str, new: str, old_folder: int, new_folder: int) -> None:
    """Rename as `replace_file` does, but only if the name `new` is free. Otherwise raise FileExistsError.

    Raises NoReplaceUnsupported, OSError.
    """
    if _RENAMEAT2 is None:
        raise NoReplaceUnsupported
    if _RENAMEAT2(old_folder, os.fsencode(old), new_folder, os.fsencode(new), _NO_REPLACE) == 0:
        return
    number = ctypes.get_errno()
    if number in _UNSUPPORTED:
        raise NoReplaceUnsupported
    raise OSError(number, os.strerror(number), new)


def _find_renameat2() -> Any | None:
    if (function := c_function("renameat2")) is None:
        return None
    function.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    return function


_RENAMEAT2 = _find_renameat2()
