"""Digests of Plans: with them, a later run detects that an output has the tags that it would write."""

import pytest

from pef_tui.model import Match, MediaFile, Plan, TagEdit, Value
from pef_tui.planning.planner import plan_digest

MATCH = Match(MediaFile(0, "a.jpg", 9, 0), "")


def plan(value: Value | None = "x", output: str = "a.jpg", **fields: object) -> Plan:
    edits = (TagEdit("XMP-dc:Source", value),)
    return Plan(MATCH, "written", edits, output=output, mtime_ns=5, writer="native", **fields)  # type: ignore[arg-type]


VALUES: tuple[Value | None, ...] = (
    None,
    "",
    "5",
    5,
    5.0,
    1 << 80,
    ("5",),
    ("5", "6"),
    ("56",),
    "\udcff",
    ("\udcff",),
)


def test_every_difference_in_what_is_written_is_one_of_the_digest() -> None:
    plans = [plan(value) for value in VALUES]
    plans += [plan(output="b.jpg"), plan(output="b\udcff.jpg"), plan(output="b\udcfe.jpg")]
    plans += [plan(short_xmp=True), plan(link="c.jpg"), plan(xmp_edits=(TagEdit("XMP-dc:Source", "y"),))]
    assert len({plan_digest(each) for each in plans}) == len(plans)
    assert {len(plan_digest(each)) for each in plans} == {8}


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_what_is_not_written_is_no_part_of_it(value: Value | None) -> None:
    assert plan_digest(plan(value)) == plan_digest(plan(value, reason="else", warnings=("one",)))
