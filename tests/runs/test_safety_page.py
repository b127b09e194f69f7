from __future__ import annotations

import json

from fault_counts import BEGIN, COUNTS, END, PAGE, attempts_table, declared_attempts


def test_the_safety_page_lists_every_kind_of_fault_test() -> None:
    kinds, counts = declared_attempts(), json.loads(COUNTS.read_text())
    assert list(counts) == list(kinds), "run make test-fault-docs to write the list again"
    assert all(count > 0 for count in counts.values())
    page = PAGE.read_text().split(BEGIN)[1].split(END)[0]
    assert page.strip() == attempts_table(counts, kinds).strip()
