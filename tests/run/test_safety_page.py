from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

FAULT = Path(__file__).parents[1] / "fault"


def test_the_list_of_the_page_is_what_the_suite_tries() -> None:
    sys.path.insert(0, str(FAULT))
    try:
        trying = importlib.import_module("trying")
        kinds = trying.told()
    finally:
        sys.path.remove(str(FAULT))
    tried = json.loads((FAULT / "tried.json").read_text())
    assert list(tried) == list(kinds), "make test-fault-docs writes the list anew"
    assert all(count > 0 for count in tried.values())
    page = trying.PAGE.read_text().split(trying.BEGIN)[1].split(trying.END)[0]
    assert page.strip() == trying.listed(tried, kinds).strip()
