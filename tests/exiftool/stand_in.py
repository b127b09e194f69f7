"""A stand-in for ExifTool: speaks its stay-open protocol and plays the faults listed in `script.json` in its folder.

The script is a list of words, one a command, counted over all processes in `count`; after its end every command is
answered as it should be. `log` has what was asked: one JSON list of arguments a line.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

HERE = Path(sys.argv[0]).resolve().parent


def main() -> None:
    if sys.argv[1:] == ["-config", "", "-ver"]:
        print("13.54")
        return
    assert sys.argv[1:] == ["-config", "", "-stay_open", "True", "-@", "-"], sys.argv
    args: list[str] = []
    while line := sys.stdin.buffer.readline():
        args.append(line.decode("utf-8", "surrogateescape").rstrip("\n"))
        if args[-2:] == ["-stay_open", "False"]:
            return
        if args[-1].startswith("-execute"):
            command(args)
            args = []
    time.sleep(3600)  # like ExifTool, it does not end with its input


def command(args: list[str]) -> None:
    number = args[-1].removeprefix("-execute")
    status = args[-2].replace("${status}", "0")
    with (HERE / "log").open("a") as log:
        log.write(json.dumps(args) + "\n")
    out, post = f"{{ready{number}}}\n", f"{status}\n"
    fault = next_fault()
    if fault == "die before":
        os._exit(1)
    if fault == "slow":
        time.sleep(1.5)
    if fault == "hang":
        time.sleep(3600)
    if fault == "deaf":
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        time.sleep(3600)
    if fault == "other number":
        out, post = "{ready7}\n", "=0=post7\n"
    if fault == "garbage":
        post = f"\x00\x7f nonsense post{number}\n"
    if fault == "flood":
        sys.stderr.write("Warning: x\n" * 60_000)
        sys.stdout.write("y" * 300_000 + "\n")
    if fault == "endless":
        while True:
            sys.stderr.write("Warning: x\n" * 1000)
    if fault == "replace and die":
        replace(args[-4], b"half")
        os._exit(1)
    if fault == "tell":
        report = {
            "env": dict(os.environ),
            "cwd": os.readlink("/proc/self/cwd"),
            "sid": os.getsid(0),
            "pid": os.getpid(),
        }
        out = json.dumps(report) + "\n" + out
    if fault in ("no space", "nothing", "interop", "damaged", "no picture", "lie", "lossy"):
        text, counts = SAYS[fault]
        post = f"{text}={int(text.startswith('Error'))}=post{number}\n"
        out = counts + out
        if fault == "lossy":
            replace(args[-4], b"-")
    elif "-j" in args:
        out = (
            json.dumps([{"SourceFile": argument} for argument in args if argument.startswith("/")])
            + "\n"
            + out
        )
    elif "-overwrite_original" in args:
        replace(args[-4], b"+")
        out = "    1 image files updated\n" + out
    if fault == "die inside":
        out, post = out[:-3], ""
    for stream, text in ((sys.stdout, out), (sys.stderr, post)):
        stream.write(text)
        stream.flush()
    if fault in ("die inside", "die after"):
        os._exit(1)


SAYS = {
    "no space": ("Error: Error writing output file - /x\n", "    1 files weren't updated due to errors\n"),
    "nothing": ("", "    0 image files updated\n    1 image files unchanged\n"),
    "interop": ("Error: Truncated InteropIFD directory - /x\n", "    0 image files updated\n"),
    "damaged": ("Error: Bad IFD0 directory - /x\n", "    0 image files updated\n"),
    "no picture": ("Error: Not a valid JPG (looks more like a PNG) - /x\n", "    0 image files updated\n"),
    "lossy": ("Warning: Truncated PreviewIFD directory. IFD dropped. - /x\n", "    1 image files updated\n"),
    "lie": ("", "    1 image files updated\n"),
}


def next_fault() -> str:
    count = HERE / "count"
    played = int(count.read_text()) if count.exists() else 0
    count.write_text(str(played + 1))
    script = json.loads((HERE / "script.json").read_text()) if (HERE / "script.json").exists() else []
    return script[played] if played < len(script) else "answer"


def replace(path: str, extra_bytes: bytes) -> None:
    """Write as ExifTool does: make another file, and rename it over the first."""
    new = Path(path + "_exiftool_tmp")
    new.write_bytes(Path(path).read_bytes() + extra_bytes)
    new.rename(path)


if __name__ == "__main__":
    main()
