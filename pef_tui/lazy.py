"""Import modules on first use, because a run without work needs only few of them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


def lazy(module: str, attribute: str) -> Callable[..., Any]:
    """Return a function that calls the function `attribute` of `module`. Its first call imports the module."""
    target: Callable[..., Any] | None = None

    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal target
        if target is None:
            target = getattr(import_module(module), attribute)
        return target(*args, **kwargs)

    return call
