"""`--completion bash|zsh|fish`: what shells offer for the command, made from the flags that there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pef_tui.flags import Flag, every_flag

FILES = {"FILE", "PATH", "FILE.html"}
FOLDERS = {"DEST"}
"""What values are called that are paths."""


def completion(shell: str) -> str:
    """The script for this shell."""
    return "\n".join(SHELLS[shell](every_flag())) + "\n"


def _bash(flags: list[Flag]) -> Iterator[str]:
    yield '# bash: eval "$(pef-tui --completion bash)"'
    yield "_pef_tui() {"
    yield "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}"
    yield "    COMPREPLY=()"
    yield '    case "$before" in'
    for flag in flags:
        names = "|".join(flag.names)
        if flag.choices:
            yield f'    {names}) COMPREPLY=($(compgen -W "{" ".join(flag.choices)}" -- "$word")); return ;;'
        elif flag.metavar in FOLDERS:
            yield f'    {names}) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;'
        elif flag.metavar and flag.metavar not in FILES:
            yield f"    {names}) return ;;"
    yield "    esac"
    every = " ".join(name for flag in flags for name in flag.names)
    yield f'    [[ $word == -* ]] && {{ COMPREPLY=($(compgen -W "{every}" -- "$word")); return; }}'
    yield "    compopt -o filenames"
    yield '    mapfile -t COMPREPLY < <(compgen -f -- "$word")'
    yield "}"
    yield "complete -F _pef_tui pef-tui"


def _zsh(flags: list[Flag]) -> Iterator[str]:
    yield "#compdef pef-tui"
    yield '# zsh: pef-tui --completion zsh > "${fpath[1]}/_pef-tui"'
    yield "_pef_tui() {"
    yield "    _arguments -s \\"
    for flag in flags:
        for name in flag.names:
            many = "*" if flag.many else f"({' '.join(flag.names)})"
            yield f"        {_raw(many + name + '[' + _zsh_text(flag.text) + ']' + _zsh_value(flag))} \\"
    yield "        '*:SOURCE:_files'"
    yield "}"
    # loaded by its name from fpath this file is the function itself, and what it is to complete waits
    yield 'if [[ $funcstack[1] == _pef-tui ]]; then _pef_tui "$@"; else compdef _pef_tui pef-tui; fi'


def _zsh_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")


def _zsh_value(flag: Flag) -> str:
    if flag.choices:
        return f":{flag.metavar.replace(':', '')}:({' '.join(flag.choices)})"
    if flag.metavar in FOLDERS:
        return f":{flag.metavar}:_files -/"
    if flag.metavar:
        return f":{flag.metavar}:" + ("_files" if flag.metavar in FILES else " ")
    return ""


def _fish(flags: list[Flag]) -> Iterator[str]:
    yield "# fish: pef-tui --completion fish > ~/.config/fish/completions/pef-tui.fish"
    for flag in flags:
        names = " ".join(
            f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in flag.names
        )
        line = f"complete -c pef-tui {names} -d {_quoted(flag.text)}"
        if flag.choices:
            line += f" -x -a {_quoted(' '.join(flag.choices))}"
        elif flag.metavar:
            line += " -r -F" if flag.metavar in FILES | FOLDERS else " -x"
        yield line


def _raw(text: str) -> str:
    """In single quotes as sh and zsh have them: a backslash is one."""
    return "'" + text.replace("'", "'\\''") + "'"


def _quoted(text: str) -> str:
    """In single quotes as fish has them."""
    return "'" + text.replace("\\", "\\\\").replace("'", "'\\''") + "'"


SHELLS: dict[str, Callable[[list[Flag]], Iterator[str]]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
"""Who writes for which shell."""
