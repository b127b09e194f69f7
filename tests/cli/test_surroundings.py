"""What `--doctor` says of Perl and the terminal."""

from pathlib import Path

import pytest

from pef_tui.doctor.environment_checks import check_perl, check_terminal


def findings_for(environ: dict[str, str], size: tuple[int, int] | None = (100, 30)) -> list[tuple[str, str]]:
    return [(finding.level, finding.what) for finding in check_terminal(environ, size)]


@pytest.mark.parametrize(
    ("environ", "size", "first", "rest_count"),
    [
        ({"TERM": "xterm-256color"}, (100, 30), "TERM xterm-256color, 100 x 30, 256 colours", []),
        (
            {"TERM": "xterm", "COLORTERM": "truecolor"},
            (100, 30),
            "TERM xterm, 100 x 30, 16 million colours",
            [],
        ),
        ({"TERM": "xterm", "NO_COLOR": "1"}, (100, 30), "TERM xterm, 100 x 30, colour off (NO_COLOR)", []),
        ({"TERM": "dumb"}, (100, 30), "TERM dumb, 100 x 30, few colours", ["screens cannot be drawn"]),
        (
            {},
            (40, 10),
            "TERM not set, 40 x 10, few colours",
            ["screens cannot be drawn", "screens are made for"],
        ),
        (
            {"TERM": "xterm", "TMUX": "x", "SSH_CONNECTION": "y"},
            (100, 30),
            "TERM xterm, 100 x 30, inside tmux, over SSH, few colours",
            ["TERM inside tmux is xterm"],
        ),
        (
            {"TERM": "tmux-256color", "TMUX": "x"},
            (100, 30),
            "TERM tmux-256color, 100 x 30, inside tmux, 256 colours",
            [],
        ),
        (
            {"TERM": "xterm", "SSH_CONNECTION": "y"},
            (100, 30),
            "TERM xterm, 100 x 30, over SSH, few colours",
            ["without tmux a lost connection"],
        ),
    ],
)
def test_the_terminal(
    environ: dict[str, str], size: tuple[int, int], first: str, rest_count: list[str]
) -> None:
    actual = findings_for(environ, size)
    assert actual[0] == ("ok", first)
    assert [kind[: len(start)] for (_, kind), start in zip(actual[1:], rest_count, strict=True)] == rest_count


@pytest.mark.parametrize(
    ("text", "level"), [("5.36.0", "ok"), ("5.8.9", "warning"), ("nonsense", "note"), (None, "note")]
)
def test_perl(text: str | None, level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if text is not None:
        (tmp_path / "perl").write_text(f"#!/bin/sh\necho {text}\n")
        (tmp_path / "perl").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert check_perl().level == level
