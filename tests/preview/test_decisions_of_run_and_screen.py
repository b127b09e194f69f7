"""The Review screen and the run find the same decision for each conflict, by whatever a decision names it."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from preview_cases import CONTAINER, hour, outcome, planned_files

from pef_tui.model import Album, Choice, Outcome
from pef_tui.preview.decisions import Choices
from pef_tui.tags.decisions import DecisionRule, Decisions

TITLE = "What a long way"
FILES = ("a.jpg", "b.jpg", "caf\u00e9.jpg", "byte\udcff.jpg")


def previewed() -> Iterator[Outcome]:
    """Return files of an album whose folder has another name, of an album in two parts of an export, and of a year
    folder.
    """
    for name in FILES:
        for folder, title in (("What a lo(1)", TITLE), ("Oslo", "Oslo"), ("Photos from 2019", "")):
            yield titled(outcome(name, folder, conflicts=(hour(), hour("more text", "description"))), title)
        yield moved(
            titled(outcome(name, "Oslo", conflicts=(hour(),)), "Oslo"), "Takeout 2/Google Photos/Oslo"
        )


def titled(planned: Outcome, title: str) -> Outcome:
    match = replace(planned.plan.match, album=Album(title) if title else None)
    return replace(planned, plan=replace(planned.plan, match=match))


def moved(planned: Outcome, directory: str) -> Outcome:
    """Return the same file in another source."""
    match = planned.plan.match
    media = replace(match.media, root=1, path=f"{directory}/{match.media.name}")
    return replace(planned, plan=replace(planned.plan, match=replace(match, media=media)))


def of_run(outcomes: list[Outcome], rules: tuple[DecisionRule, ...]) -> dict[tuple[int, str], Choice]:
    decisions = Decisions(rules)
    return {
        (row, conflict.unit): decisions.choose(each.plan.match, conflict)
        for row, each in enumerate(outcomes)
        for conflict in each.plan.conflicts
    }


def on_screen(outcomes: list[Outcome], before: tuple[DecisionRule, ...], withdrawn: int) -> tuple[
    dict[tuple[int, str], Choice], tuple[DecisionRule, ...]
]:  # fmt: skip
    """Preview with some decisions, then withdraw one. Return the displayed choices, and the remaining decisions."""
    choices = of_run(outcomes, before)
    rows = planned_files(*(
        replace(each, plan=replace(each.plan, conflicts=tuple(
            replace(conflict, choice=choices[row, conflict.unit]) for conflict in each.plan.conflicts
        )))
        for row, each in enumerate(outcomes)
    ))  # fmt: skip
    screen = Choices(rows, before)
    screen.remove(withdrawn)
    groups = rows.groups.sorted()
    return {(row, group.unit): group.choice(row) for group in groups for row in group.rows}, screen.rules


def test_an_album_by_its_title_when_a_decision_on_a_file_is_withdrawn() -> None:
    outcomes = [titled(outcome("a.jpg", "What a lo(1)", conflicts=(hour(),)), TITLE)]
    rules = DecisionRule("google", folder=TITLE), DecisionRule("keep", file="What a lo(1)/a.jpg")
    shown, left = on_screen(outcomes, rules, 1)
    assert left == rules[:1]
    assert shown == of_run(outcomes, left) == {(0, "date"): "google"}


def random_rule(chance: random.Random) -> DecisionRule:
    folder = chance.choice(("What a lo(1)", "Oslo", "Photos from 2019"))
    directory = chance.choice((f"{CONTAINER}/{folder}", "Takeout 2/Google Photos/Oslo"))
    name = chance.choice((*FILES[:3], "byte\ufffd.jpg", "none.jpg"))
    file, about = "", ""
    match chance.randrange(6):
        case 1:
            about = chance.choice((TITLE, "Oslo"))
        case 2:
            about = chance.choice((folder, f"/{folder}/"))
        case 3:
            about = directory
        case 4:
            file = f"{folder}/{name}"
        case 5:
            file = f"{directory}/{name}"
    if file and chance.random() < 0.3:
        about = chance.choice((folder, directory, TITLE))
    unit, kind = chance.choice((("", ""), ("date", ""), ("date", "differs by 1 h"), ("description", "")))
    return DecisionRule(chance.choice(("keep", "google")), file, about, unit, kind)


@pytest.mark.parametrize("seed", range(200))
def test_any_decisions(seed: int) -> None:
    chance = random.Random(seed)
    outcomes = list(previewed())
    rules = tuple(random_rule(chance) for _ in range(chance.randrange(2, 7)))
    shown, left = on_screen(outcomes, rules, chance.randrange(len(rules)))
    assert shown == of_run(outcomes, left)
