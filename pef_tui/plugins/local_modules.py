"""Load plugins that are a Python file or an importable module, and derive a version from their content."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def version_of_module(name: str) -> str | None:
    """Return a hash of the file of the module `name`; "" if it cannot be read, None if there is no such module."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    try:
        return None if spec is None else hex_digest(Path(spec.origin or "").read_bytes(), 4)
    except OSError:
        return ""


def hex_digest(content: bytes, size: int) -> str:
    """Return a hash of `content` as hexadecimal text. `size`: length of the hash in bytes (two digits each)."""
    return hashlib.blake2b(content, digest_size=size).hexdigest()


def load_file(path: Path) -> ModuleType:
    """Run the Python file at `path` as a module, and return it. Raises ImportError, and what the file raises."""
    spec = importlib.util.spec_from_file_location(f"pef_tui_local_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError("is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module  # dataclasses and msgspec look a class's module up there
    spec.loader.exec_module(module)
    return module
