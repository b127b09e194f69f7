"""Suggest the correct spelling of a name that the user misspelled."""

from __future__ import annotations

from collections.abc import Iterable


def suggestion(name: str, names: Iterable[str]) -> str:
    """Return `, did you mean NAME?` with the name of `names` that is most similar to `name`; "" if none is similar.

    Upper and lower case, and `-` and `_`, are equal.
    """
    from difflib import get_close_matches

    by_form = {_form(known): known for known in names}
    near = get_close_matches(_form(name), by_form, 1, cutoff=0.7)
    return f", did you mean {by_form[near[0]]}?" if near else ""


def _form(name: str) -> str:
    return name.lower().replace("-", "_")
