"""`--completion bash|zsh|fish`: scripts with which a shell completes the flags, generated from their descriptions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pef_tui.cli.args import Flag, all_flags

FILES = {"FILE", "PATH", "FILE.html"}
FOLDERS = {"DEST"}
"""Names of values in the help (`Flag.metavar`) that are paths of files (`FILES`) or folders (`FOLDERS`)."""


def completion(shell: str) -> str:
    """Return the completion script for `shell`, a key of `SHELLS`."""
    return "\n".join(SHELLS[shell](all_flags())) + "\n"


def _bash(flags: list[Flag]) -> Iterator[str]:
    yield '# bash: eval "$(pef-tui --completion bash)"'
    yield "_pef_tui() {"
    yield "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} joined="
    yield "    COMPREPLY=()"
    # `--flag=value` is three words, or one word if COMP_WORDBREAKS has no `=`
    yield "    if [[ $word == = ]]; then word="
    yield "    elif [[ $before == = ]]; then before=${COMP_WORDS[COMP_CWORD-2]}"
    yield "    elif [[ $word == --*=* ]]; then joined=${word%%=*}=; before=${word%%=*}; word=${word#*=}"
    yield "    fi"
    yield "    _pef_tui_values"
    yield '    COMPREPLY=("${COMPREPLY[@]/#/$joined}")'
    yield "}"
    yield "_pef_tui_values() {"
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
    all_names = " ".join(name for flag in flags for name in flag.names)
    yield f'    [[ $word == -* ]] && {{ COMPREPLY=($(compgen -W "{all_names}" -- "$word")); return; }}'
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
            prefix = "*" if flag.repeatable else f"({' '.join(flag.names)})"
            joint = (
                "" if not flag.metavar else "=" if name.startswith("--") else "+"
            )  # also --flag=VALUE, -fVALUE
            yield f"        {_raw(prefix + name + joint + '[' + _zsh_text(flag.text) + ']' + _zsh_value(flag))} \\"
    yield "        '*:SOURCE:_files'"
    yield "}"
    # if zsh autoloads this file from fpath, the file is the body of the function, so it must complete at once
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
    """Return the text in single quotes for sh and zsh, where a backslash inside single quotes is not special."""
    return "'" + text.replace("'", "'\\''") + "'"


def _quoted(text: str) -> str:
    """Return the text in single quotes for fish, with backslashes doubled."""
    return "'" + text.replace("\\", "\\\\").replace("'", "'\\''") + "'"


SHELLS: dict[str, Callable[[list[Flag]], Iterator[str]]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
"""Function that yields the lines of the script, by shell."""
