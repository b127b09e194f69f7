#!/bin/bash
# Run pef-tui for some accounts of a list, one after the other, and record how each run ended:
#
#     run-account.sh LIST SOURCES OUTPUTS RECORDS [OPTION ...]
#
# LIST has the name of one account in each line. The export of account NAME is SOURCES/NAME, and its output is
# OUTPUTS/NAME. RECORDS/NAME.exit gets the exit code, RECORDS/NAME.jsonl the lines of `pef-tui --status --json`, and
# RECORDS/NAME.log the messages of the last run. The OPTIONs are passed to pef-tui.
#
# Task number I (from 1) of an array handles the lines (I - 1) * SIZE + 1 to I * SIZE. I is $TASK, or is set by Slurm
# (SLURM_ARRAY_TASK_ID) or Kubernetes (JOB_COMPLETION_INDEX, from 0). SIZE is $TASK_SIZE (1).
#
# An account whose recorded exit code is 0 is left out, unless $REPEAT is 1. The exit code of this script is 0 if all
# runs ended with 0; 3 if some files failed; else the first other code. After TERM, the current run ends its batch, and
# no other run begins. $PEF_TUI is the program, if it is not in PATH.
set -uo pipefail

[ $# -ge 4 ] || { echo "usage: $0 LIST SOURCES OUTPUTS RECORDS [OPTION ...]" >&2; exit 2; }
list=$1 sources=$2 outputs=$3 records=$4
shift 4
size=${TASK_SIZE:-1}
if [ -n "${JOB_COMPLETION_INDEX:-}" ]; then
    task=$((JOB_COMPLETION_INDEX + 1))
else
    task=${TASK:-${SLURM_ARRAY_TASK_ID:-}}
fi
[[ $task =~ ^[1-9][0-9]*$ ]] || { echo "$0: the number of the task is missing: set TASK" >&2; exit 2; }
[[ $size =~ ^[1-9][0-9]*$ ]] || { echo "$0: TASK_SIZE is no number: $size" >&2; exit 2; }
[ -r "$list" ] || { echo "$0: $list cannot be read" >&2; exit 2; }
mkdir -p "$records" "$outputs" || exit 1

run='' stopped=''
trap 'stopped=1; [ -z "$run" ] || kill -TERM "$run" 2> /dev/null' TERM INT

# await PID: set `code` to the exit code of a child. A signal to this script ends `wait` early, so it waits again.
await() {
    wait "$1"
    code=$?
    while [ "$code" -gt 128 ] && kill -0 "$1" 2> /dev/null; do
        wait "$1"
        code=$?
    done
    if [ "$code" -gt 128 ]; then # the signal, or the end of the child
        wait "$1"
        local last=$?
        [ "$last" -eq 127 ] || code=$last
    fi
}

# record NAME CODE: the exit code is written last, and under its name only when it is complete
record() {
    "${PEF_TUI:-pef-tui}" --status --json -o "$outputs/$1" > "$records/$1.jsonl.new" 2> /dev/null
    mv -f "$records/$1.jsonl.new" "$records/$1.jsonl"
    echo "$2" > "$records/$1.exit.new" && mv -f "$records/$1.exit.new" "$records/$1.exit"
}

result=0 first=$(((task - 1) * size + 1))
while IFS= read -r name <&3 || [ -n "$name" ]; do
    [ -n "$name" ] || continue
    if [[ $name == */* || $name == .* ]]; then
        echo "$0: $name in $list is no name of an account" >&2
        case $result in 0 | 3) result=2 ;; esac
        continue
    fi
    [ "${REPEAT:-}" = 1 ] || [ "$(cat "$records/$name.exit" 2> /dev/null)" != 0 ] || continue
    rm -f "$records/$name.exit"
    "${PEF_TUI:-pef-tui}" --batch "$sources/$name" -o "$outputs/$name" "$@" 2> "$records/$name.log" &
    run=$!
    await "$run"
    run=''
    record "$name" "$code"
    case $result in 0 | 3) [ "$code" -eq 0 ] || result=$code ;; esac
    [ -z "$stopped" ] || break
done 3< <(sed -n "${first},$((task * size))p" "$list")
[ -z "$stopped" ] || case $result in 0 | 3) result=143 ;; esac
exit "$result"
