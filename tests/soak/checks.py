"""Rules that must hold after a step, whatever happened before. They use nothing of the program's code."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from after import After, Fault
from export_model import File
from identity import family_of, marker, markers
from program import FileId, Line, Ran, Tree, exact

LIMIT = 44
"""Length from which a name may be cut. A counter then has no meaning."""


def check(state_after: After) -> None:
    """Check all rules that apply after a run that was not killed. Raises Fault."""
    ended_well(state_after.ran)
    counted(state_after)
    outputs = kept_outputs(state_after)
    told_apart(state_after, outputs)
    nothing_unnamed(state_after, outputs)


def _names_missing_part(ran: Ran) -> bool:
    return any("not among the sources" in note for note in ran.summary.get("notes", ()))


def ended_well(ran: Ran) -> None:
    """The run has no traceback, and an exit code that fits the outcomes."""
    if "Traceback" in ran.words or "unexpected" in ran.words or "unexpected" in ran.summary.get("error", ""):
        raise Fault("no traceback", ran.words[-2000:])
    if ran.status == 1 and "--max-errors" in ran.summary.get("error", ""):
        return
    if ran.status not in (0, 3):
        raise Fault("exit code", f"{ran.status}: {ran.words[-1000:]}")
    if ran.summary.get("type") != "summary" or ran.summary.get("exit") != ran.status:
        raise Fault("exit code", f"{ran.status}, but the summary says {ran.summary}")
    failed = sum(line["outcome"] == "failed" for line in ran.of("media").values())
    if failed and ran.status != 3:
        raise Fault("exit code", f"{failed} failed files, exit code {ran.status}")
    if ran.status == 3 and not failed and not ran.summary.get("problems") and not _names_missing_part(ran):
        raise Fault("exit code", "3 where nothing failed and nothing is named")


def counted(state_after: After) -> None:
    """Every file of the sources is reported exactly once, and the sums are right."""
    reports: list[FileId] = []
    for line in state_after.ran.lines:
        if line["type"] in ("media", "json", "other"):
            reports.append((line["root"], exact(line, "source")))
    expected = set(state_after.files)
    if len(reports) != len(set(reports)):
        raise Fault("counted once", f"twice: {sorted({item for item in reports if reports.count(item) > 1})}")
    if set(reports) != expected:
        raise Fault("counted once", f"missing {expected - set(reports)}, invented {set(reports) - expected}")
    summary = state_after.ran.summary
    sums = sum(summary["media"].values()) + sum(summary["json"].values()) + summary["other"]
    if not summary["found"] == sums == len(reports):
        raise Fault("counts add up", f"{summary} for {len(reports)} files")
    for identity, file in state_after.files.items():
        if file.kind == "media" and identity not in state_after.ran.of("media"):
            raise Fault("media are media", f"{identity}")


def kept_outputs(state_after: After) -> dict[bytes, FileId]:
    """Every picture is in DEST, or its outcome states why not. Return the source of each output."""
    outputs: dict[bytes, FileId] = {}
    for identity, line in state_after.ran.of("media").items():
        file, output = state_after.files[identity], exact(line, "output")
        if output:
            if output in outputs and line["outcome"] != "duplicate":
                raise Fault("one output each", f"{identity} and {outputs[output]} at {output!r}")
            outputs.setdefault(output, identity)
        if file.picture is not None:
            _check_kept(state_after, line, file, output)
    return outputs


def _check_kept(state_after: After, line: Line, file: File, output: bytes) -> None:
    picture = file.picture
    assert picture is not None
    if output in state_after.user:
        return
    if output:
        if (lying := state_after.dest.get(output)) is None:
            raise Fault("outputs are there", f"{line['outcome']} at {output!r}, which is not there")
        if line["warnings"] and set(state_after.beside(output)) & state_after.user.keys():
            return
        if not picture.within(lying.data):
            raise Fault("image data", f"{line['source']!r} is not in its output {output!r}")
        if (
            not picture.whole
            and line["outcome"] in ("copied", "unmatched", "sidecar")
            and lying.data != file.data
        ):
            raise Fault("image data", f"damaged {line['source']!r} is other bytes at {output!r}")
        return
    if line["outcome"] in ("failed", "excluded", "unmatched"):
        if not line["reason"]:
            raise Fault("outcome says why", f"{line}")
        return
    if line["outcome"] == "unchanged" and line["reason"]:  # the earlier run wrote no output
        return
    if picture.number in state_after.touched:
        return
    if not picture.whole and any(lying.data == file.data for lying in state_after.dest.values()):
        return
    if not picture.whole or not any(picture.within(lying.data) for lying in state_after.dest.values()):
        raise Fault("image data", f"{line['source']!r} is {line['outcome']} and nowhere in DEST")


def told_apart(state_after: After, outputs: dict[bytes, FileId]) -> None:
    """No output has tags or the time of another picture. Each has those of its own sidecar."""
    lines = state_after.ran.of("media")
    for output, identity in outputs.items():
        file, line = state_after.files[identity], lines[identity]
        if output in state_after.user or file.picture is None:
            continue
        xmp_file = state_after.beside(output)
        if set(xmp_file) & state_after.user.keys():
            continue
        lying = state_after.dest[output]
        answer = markers(lying.data).union(
            *(markers(state_after.dest[name].data) for name in xmp_file if name in state_after.dest)
        )
        rest = {family for family, _ in answer if family != file.picture.family}
        if (text := family_of(lying.mtime_ns)) not in (None, file.picture.family):
            rest.add(int(text or 0))
        for family in rest:
            if not _undecidable(state_after, identity, file, family):
                raise Fault(
                    "no tag of another picture",
                    f"{line['source']!r} of family {file.picture.family} has family {family}'s ({line['rule']})",
                )
        if not rest:
            _has_its_own(state_after, identity, file, line, output, answer)


def _has_its_own(
    state_after: After, identity: FileId, file: File, line: Line, output: bytes, text: set[tuple[int, int]]
) -> None:
    picture = file.picture
    assert picture is not None
    if state_after.xmp == "never" or line["outcome"] not in ("written", "sidecar", "copied", "unchanged"):
        return
    if line["reason"].startswith("failed before"):
        return
    own_value = _own_sidecars(state_after, identity, file)
    if len(own_value) != 1 or _same_elsewhere(state_after, identity, file):
        return
    if state_after.mixed and any("changed since" in warning for warning in line["warnings"]):
        return
    short = state_after.dest.get(
        os.path.splitext(output)[0] + b".xmp"
    )  # it may be that of a file with the same stem
    text = text | (markers(short.data) if short is not None else set())
    if (picture.family, own_value[0].version) not in text:
        raise Fault(
            "tags are there",
            f"{line['outcome']} {line['source']!r}: "
            f"{marker(picture.family, own_value[0].version)} is not in it, but {text}",
        )


def _own_sidecars(state_after: After, identity: FileId, file: File) -> list[File]:
    """Return the sidecars about exactly this name, in its folder and account."""
    return [
        second
        for path, second in _neighbours(state_after, identity)
        if _is_about(second, file) and second.family == (file.picture.family if file.picture else -1)
    ]


def _is_about(json: File, media: File) -> bool:
    return (
        json.kind == "json"
        and json.readable
        and json.family >= 0
        and (json.title, json.counter) == (media.title, media.counter)
    )


def _neighbours(state_after: After, identity: FileId) -> Iterator[tuple[bytes, File]]:
    root, at = identity[0], state_after.place(identity)
    for (other_root, second), file in state_after.files.items():
        if (
            state_after.account(other_root) == state_after.account(root)
            and state_after.place((other_root, second)) == at
        ):
            yield second, file


def _same_elsewhere(state_after: After, identity: FileId, file: File) -> bool:
    """Return whether other SOURCEs or folders have sidecars of this family, or files of this name."""
    root = identity[0]
    for (other_root, second), actual in state_after.files.items():
        if (other_root, second) == identity:
            continue
        if actual.kind == "json" and file.picture is not None and actual.family == file.picture.family:
            if state_after.place((other_root, second)) != state_after.place(identity) or not _is_about(
                actual, file
            ):
                return True
        elif state_after.account(other_root) != state_after.account(root) and (
            actual.title,
            actual.counter,
        ) == (
            file.title,
            file.counter,
        ):
            return True
    return False


def _undecidable(state_after: After, identity: FileId, file: File, family: int) -> bool:
    """Return whether names and dates allow that the file has the sidecar of this family.

    False if a sidecar of that family is in the folder of its own picture. False if the file has its own sidecar, or has
    a date of its own while the sidecar is in another folder.
    """
    if _own_sidecars(state_after, identity, file):
        return False
    sidecars = [
        (at, second)
        for at, second in state_after.files.items()
        if second.kind == "json" and second.family == family
    ]
    for at, json in sidecars:
        single = not any(
            media.picture is not None and media.picture.family == family and _is_about(json, media)
            for _, media in _neighbours(state_after, at)
        )
        if single and (
            not (file.picture and file.picture.dated) or state_after.place(at) == state_after.place(identity)
        ):
            return True
        if any(
            _like(state_after, at, item, json, actual)
            for item, actual in _same_bytes(state_after, identity, file)
        ):
            return True
    return False


def _same_bytes(state_after: After, identity: FileId, file: File) -> list[tuple[FileId, File]]:
    """Return a file and its copies in other folders, which get the same tags."""
    return [
        (item, result)
        for item, result in state_after.files.items()
        if item == identity
        or (
            result.picture is not None
            and file.picture is not None
            and result.picture.number == file.picture.number
        )
    ]


def _like(state_after: After, at: FileId, identity: FileId, json: File, file: File) -> bool:
    """Return whether a file without a sidecar of its family may get this one.

    It is a video or an edited copy, or has a name at the length limit. It is in the folder of the sidecar, or beside a
    copy of the sidecar's picture.
    """
    copied = any(
        second.picture is not None and second.picture.family == json.family and _is_about(json, second)
        for _, second in _neighbours(state_after, identity)
    )
    if state_after.place(at) != state_after.place(identity) and not copied:
        return False
    names, stem = _folded(Path(json.title).stem), _folded(Path(file.title).stem)
    if stem.startswith(names) and stem != names:  # an edited copy that fits no picture of its own better
        own = [second for _, second in _neighbours(state_after, identity) if _is_own(second, file)]
        return all(_is_as_near(json, second, file) for second in own)
    return names == stem and (Path(json.title).suffix != Path(file.title).suffix or len(file.title) >= LIMIT)


def _is_own(second: File, file: File) -> bool:
    return second is not file and file.picture is not None and second.family == file.picture.family


def _is_as_near(json: File, own: File, file: File) -> bool:
    """Return whether two sidecars differ only in the extensions of their titles, and the file (such as a video) has
    neither.
    """
    titles = Path(json.title), Path(own.title)
    same_stem = _folded(titles[0].stem) == _folded(titles[1].stem)
    return same_stem and Path(file.title).suffix not in {title.suffix for title in titles}


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def nothing_unnamed(state_after: After, outputs: dict[bytes, FileId]) -> None:
    """New files in DEST are outputs and their XMP files. Image data that was there is still there."""
    names = set(outputs) | _album_copies(state_after)
    xmp_file = {
        name for output in names for name in (output + b".xmp", os.path.splitext(output)[0] + b".xmp")
    }
    known_values = {*names, *xmp_file, *state_after.before, *state_after.user}
    if unnamed := set(state_after.dest) - known_values:
        raise Fault("outputs are named", f"not reported: {sorted(unnamed)}")


def _album_copies(state_after: After) -> set[bytes]:
    """Outputs for sidecars in albums; each has tags of the sidecar's own family."""
    copies: set[bytes] = set()
    for identity, line in state_after.ran.of("json").items():
        for output in map(os.fsencode, line.get("outputs") or ()):
            copies.add(output)
            if output in state_after.user or output + b".xmp" in state_after.user:
                continue
            if (lying := state_after.dest.get(output)) is None:
                raise Fault("outputs are there", f"{output!r} of the sidecar {line['source']!r} is not there")
            answer = {family for family, _ in markers(lying.data)}
            if rest := answer - {state_after.files[identity].family}:
                raise Fault("no tag of another picture", f"{output!r} of {line['source']!r} has {rest}'s")
    return copies


def not_lost(
    state_before: Tree, dest: Tree, pictures: Mapping[int, Callable[[bytes], bool]], touched: set[int]
) -> None:
    """Whole pictures that were in DEST before a step are in it after."""
    gone = [
        lying.data
        for name, lying in state_before.items()
        if name not in dest or dest[name].data != lying.data
    ]
    for number, within in pictures.items():
        if number in touched or not any(map(within, gone)):
            continue
        if not any(within(lying.data) for lying in dest.values()):
            raise Fault("nothing lost in DEST", f"picture {number} was in DEST and is no more")


def users_files(user: dict[bytes, bytes], dest: Tree) -> None:
    """The user's files are what they were."""
    for name, data in user.items():
        if name not in dest:
            raise Fault("the user's files", f"{name!r} is gone")
        if dest[name].data != data:
            raise Fault("the user's files", f"{name!r} was replaced")
