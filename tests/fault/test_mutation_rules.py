"""Check that the patterns of mutations.py still match the code."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.fault.mutations import COVERS_ALL, ROOT, RULES, TESTS, mutations


@pytest.mark.parametrize("rule", [name for name, _, _ in RULES])
def test_every_rule_matches_code(rule: str) -> None:
    assert Counter(mutation.name for mutation in mutations())[rule]


def test_the_tests_that_cover_the_mutations_exist() -> None:
    paths = {COVERS_ALL, *(path for tests in TESTS.values() for path in tests)}
    assert [path for path in paths if not (ROOT / path).exists()] == []
