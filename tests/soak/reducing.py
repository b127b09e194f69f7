"""Shorten a history that breaks a rule, and write it as a script."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from after import Fault
from world import Step, replay

SIMPLE: dict[str, tuple[Any, ...]] = {
    "at": (0, 1, 2),
    "part": (1,),
    "folder": (0, 1),
    "stem": (0, 1),
    "format": ("jpg", "png"),
    "json": ("beside", "none", True, False),
    "naming": ("new",),
    "dated": (False,),
    "account": ("A",),
    "preview": (False,),
    "repeat": (False,),
    "force": (False,),
    "then_edit": (False,),
    "order": (0,),
    "keep_time": (False,),
    "mode": ("append",),
    "variant": ("file",),
    "present": (False,),
    "kill_at": (0,),
    "edit": (-1,),
}
"""Values to try in place of others, the simplest first."""


def reduced(steps: list[Step], fault: Fault, seconds: float = 120) -> tuple[list[Step], Fault]:
    """Return the shortest history found within `seconds` that breaks the same rule, and its fault."""
    result = _breaks(steps, fault.rule)
    if result is None:
        return steps, Fault(fault.rule, f"{fault.seen}\n\nnot seen again when the history was repeated")
    reduction = _Reduction(steps, result, time.monotonic() + seconds)
    while reduction.shorter() or reduction.simpler():
        pass
    return reduction.steps, reduction.found


class _Reduction:
    """The shortest history found so far."""

    def __init__(self, steps: list[Step], actual: Fault, end: float) -> None:
        self.steps = steps
        self.found = actual
        self._end = end

    def shorter(self) -> bool:
        """Leave out groups of steps: half of them first, single ones last. Return whether this shortened the
        history.
        """
        progress, size = False, max(1, len(self.steps) // 2)
        while True:
            at = len(self.steps) - size
            while at > -size:
                progress |= self._try(self.steps[: max(0, at)] + self.steps[max(0, at + size) :])
                at -= size
            if size == 1:
                return progress
            size //= 2

    def simpler(self) -> bool:
        """Replace values by simpler ones. Return whether the history still breaks the rule with one of them."""
        progress = False
        for at, (name, arguments) in enumerate(self.steps):
            for key, simple in _simpler(arguments):
                step = (name, {**self.steps[at][1], key: simple})
                progress |= self._try([*self.steps[:at], step, *self.steps[at + 1 :]])
        return progress

    def _try(self, steps: list[Step]) -> bool:
        if time.monotonic() > self._end or steps == self.steps:
            return False
        if (fault := _breaks(steps, self.found.rule)) is None:
            return False
        self.steps, self.found = steps, fault
        return True


def _breaks(steps: list[Step], rule: str) -> Fault | None:
    fault = replay(steps)
    return fault if fault is not None and fault.rule == rule else None


def _simpler(arguments: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in arguments.items():
        for simple in SIMPLE.get(key, ()):
            if simple == value and type(simple) is type(value):
                break
            if isinstance(simple, bool) == isinstance(value, bool):
                yield key, simple


def script(steps: list[Step]) -> str:
    """Return the history as Python code. It runs from the root of the project."""
    lines = [f"    world.{name}({_given(arguments)})" for name, arguments in steps]
    head = [
        "import sys",
        'sys.path.insert(0, "tests/soak")',
        "from world import World",
        "",
        "world = World()",
        "try:",
    ]
    return "\n".join([*head, *lines, "finally:", "    world.close()"])


def _given(arguments: dict[str, Any]) -> str:
    return ", ".join(f"{key}={value!r}" for key, value in arguments.items())
