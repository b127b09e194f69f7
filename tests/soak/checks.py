"""What must hold after a step, whatever came before. Knows nothing of how the program works."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

from after import After, Fault
from export_model import File
from identity import family_of, marker, markers
from program import FileId, Line, Ran, Tree, exact

SETTLED = ("unchanged", "excluded", "duplicate", "unmatched", "failed", "copied")
"""What a run may say of files that it does not touch; `copied` of those in place that need nothing."""
LIMIT = 44
"""Letters from which on a name may be cut, so that a counter says nothing."""


def check(after: After) -> None:
    """All that must hold after a run that was not killed. Raises Fault."""
    ended_well(after.ran)
    counted(after)
    outputs = kept(after)
    told_apart(after, outputs)
    nothing_unnamed(after, outputs)


def ended_well(ran: Ran) -> None:
    """No traceback, an exit code that fits the outcomes."""
    if "Traceback" in ran.words or "unexpected" in ran.words or "unexpected" in ran.summary.get("error", ""):
        raise Fault("no traceback", ran.words[-2000:])
    if ran.status not in (0, 3):
        raise Fault("exit code", f"{ran.status}: {ran.words[-1000:]}")
    if ran.summary.get("type") != "summary" or ran.summary.get("exit") != ran.status:
        raise Fault("exit code", f"{ran.status}, but the summary says {ran.summary}")
    failed = sum(line["outcome"] == "failed" for line in ran.of("media").values())
    if failed and ran.status != 3:
        raise Fault("exit code", f"{failed} failed files, exit code {ran.status}")
    if ran.status == 3 and not failed and not ran.summary.get("problems"):
        raise Fault("exit code", "3 where nothing failed and nothing is named")


def counted(after: After) -> None:
    """Every file of the sources is told exactly once, and the sums are right."""
    told: list[FileId] = []
    for line in after.ran.lines:
        if line["type"] in ("media", "json", "other"):
            told.append((line["root"], exact(line, "source")))
    expected = set(after.files)
    if len(told) != len(set(told)):
        raise Fault("counted once", f"twice: {sorted({each for each in told if told.count(each) > 1})}")
    if set(told) != expected:
        raise Fault("counted once", f"missing {expected - set(told)}, invented {set(told) - expected}")
    summary = after.ran.summary
    sums = sum(summary["media"].values()) + sum(summary["json"].values()) + summary["other"]
    if not summary["found"] == sums == len(told):
        raise Fault("counts add up", f"{summary} for {len(told)} files")
    for identity, file in after.files.items():
        if file.kind == "media" and identity not in after.ran.of("media"):
            raise Fault("media are media", f"{identity}")


def kept(after: After) -> dict[bytes, FileId]:
    """Every picture is in DEST, or the outcome says why not; where each output came from."""
    outputs: dict[bytes, FileId] = {}
    for identity, line in after.ran.of("media").items():
        file, output = after.files[identity], exact(line, "output")
        if output:
            if output in outputs and line["outcome"] != "duplicate":
                raise Fault("one output each", f"{identity} and {outputs[output]} at {output!r}")
            outputs.setdefault(output, identity)
        if file.picture is not None:
            _kept(after, line, file, output)
    return outputs


def _kept(after: After, line: Line, file: File, output: bytes) -> None:
    picture = file.picture
    assert picture is not None
    if output and (
        output in after.user or (line["warnings"] and set(after.beside(output)) & after.user.keys())
    ):
        return
    if output:
        if (lying := after.dest.get(output)) is None:
            raise Fault("outputs are there", f"{line['outcome']} at {output!r}, which is not there")
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
    if line["outcome"] == "unchanged" and line["reason"]:  # the earlier run's, which put it nowhere
        return
    if picture.number in after.touched:
        return
    if not picture.whole and any(lying.data == file.data for lying in after.dest.values()):
        return
    if not picture.whole or not any(picture.within(lying.data) for lying in after.dest.values()):
        raise Fault("image data", f"{line['source']!r} is {line['outcome']} and nowhere in DEST")


def told_apart(after: After, outputs: dict[bytes, FileId]) -> None:
    """No tags and no time of another picture; and those of its own sidecar are there."""
    lines = after.ran.of("media")
    for output, identity in outputs.items():
        file, line = after.files[identity], lines[identity]
        if output in after.user or file.picture is None:
            continue
        beside = after.beside(output)
        if set(beside) & after.user.keys():
            continue
        lying = after.dest[output]
        said = markers(lying.data).union(
            *(markers(after.dest[name].data) for name in beside if name in after.dest)
        )
        others = {family for family, _ in said if family != file.picture.family}
        if (shown := family_of(lying.mtime_ns)) not in (None, file.picture.family):
            others.add(int(shown or 0))
        for family in others:
            if not _undecidable(after, identity, file, family):
                raise Fault(
                    "no tag of another picture",
                    f"{line['source']!r} of family {file.picture.family} has family {family}'s ({line['rule']})",
                )
        if not others:
            _has_its_own(after, identity, file, line, output, said)


def _has_its_own(
    after: After, identity: FileId, file: File, line: Line, output: bytes, said: set[tuple[int, int]]
) -> None:
    picture = file.picture
    assert picture is not None
    if after.xmp == "never" or line["outcome"] not in ("written", "sidecar", "copied", "unchanged"):
        return
    if line["reason"].startswith("failed before"):
        return
    own = _own_sidecars(after, identity, file)
    if len(own) != 1 or _same_elsewhere(after, identity, file):
        return
    if after.mixed and any("changed since" in warning for warning in line["warnings"]):
        return
    short = after.dest.get(
        os.path.splitext(output)[0] + b".xmp"
    )  # perhaps that of a file that shares its stem
    said = said | (markers(short.data) if short is not None else set())
    if (picture.family, own[0].version) not in said:
        raise Fault(
            "tags are there",
            f"{line['outcome']} {line['source']!r}: {marker(picture.family, own[0].version)} is not in it, but {said}",
        )


def _own_sidecars(after: After, identity: FileId, file: File) -> list[File]:
    """Sidecars about this very name, in its folder and account."""
    return [
        other
        for path, other in _beside(after, identity)
        if _is_about(other, file) and other.family == (file.picture.family if file.picture else -1)
    ]


def _is_about(json: File, media: File) -> bool:
    return (
        json.kind == "json"
        and json.readable
        and json.family >= 0
        and (json.title, json.counter) == (media.title, media.counter)
    )


def _beside(after: After, identity: FileId) -> Iterator[tuple[bytes, File]]:
    root, at = identity[0], after.place(identity)
    for (other_root, other), file in after.files.items():
        if after.account(other_root) == after.account(root) and after.place((other_root, other)) == at:
            yield other, file


def _same_elsewhere(after: After, identity: FileId, file: File) -> bool:
    """Do other SOURCEs or folders have sidecars about this family, or files of this name?"""
    root = identity[0]
    for (other_root, other), found in after.files.items():
        if (other_root, other) == identity:
            continue
        if found.kind == "json" and file.picture is not None and found.family == file.picture.family:
            if after.place((other_root, other)) != after.place(identity) or not _is_about(found, file):
                return True
        elif after.account(other_root) != after.account(root) and (found.title, found.counter) == (
            file.title,
            file.counter,
        ):
            return True
    return False


def _undecidable(after: After, identity: FileId, file: File, family: int) -> bool:
    """May this file have that family's sidecar, for all that anybody can tell from names and dates?

    Not where a sidecar of that family lies beside a picture of its own; not where the file has its own sidecar, or a
    date of its own and the sidecar lies in another folder.
    """
    if _own_sidecars(after, identity, file):
        return False
    sidecars = [
        (at, other) for at, other in after.files.items() if other.kind == "json" and other.family == family
    ]
    for at, json in sidecars:
        alone = not any(
            media.picture is not None and media.picture.family == family and _is_about(json, media)
            for _, media in _beside(after, at)
        )
        if alone and (not (file.picture and file.picture.dated) or after.place(at) == after.place(identity)):
            return True
        if any(_like(after, at, each, json, found) for each, found in _same_bytes(after, identity, file)):
            return True
    return False


def _same_bytes(after: After, identity: FileId, file: File) -> list[tuple[FileId, File]]:
    """A file and its copies in other folders, which get what it gets."""
    return [
        (each, found)
        for each, found in after.files.items()
        if each == identity
        or (
            found.picture is not None
            and file.picture is not None
            and found.picture.number == file.picture.number
        )
    ]


def _like(after: After, at: FileId, identity: FileId, json: File, file: File) -> bool:
    """A film or edited copy without a sidecar of its family, or a name at the limit, in the sidecar's own folder or
    beside a copy of its picture.
    """
    copied = any(
        other.picture is not None and other.picture.family == json.family and _is_about(json, other)
        for _, other in _beside(after, identity)
    )
    if after.place(at) != after.place(identity) and not copied:
        return False
    named, stem = _folded(Path(json.title).stem), _folded(Path(file.title).stem)
    if stem.startswith(named) and stem != named:  # an edited copy; of whose own picture nothing is left
        return not any(_own(other, file) for _, other in _beside(after, identity))
    return named == stem and (Path(json.title).suffix != Path(file.title).suffix or len(file.title) >= LIMIT)


def _own(other: File, file: File) -> bool:
    return other is not file and file.picture is not None and other.family == file.picture.family


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def nothing_unnamed(after: After, outputs: dict[bytes, FileId]) -> None:
    """New files in DEST are outputs and their XMP files; image data that was there is there."""
    named = set(outputs) | _album_copies(after)
    beside = {name for output in named for name in (output + b".xmp", os.path.splitext(output)[0] + b".xmp")}
    known = {*named, *beside, *after.before, *after.user}
    if unnamed := set(after.dest) - known:
        raise Fault("outputs are named", f"nobody tells of {sorted(unnamed)}")


def _album_copies(after: After) -> set[bytes]:
    """Outputs that sidecars in albums ask for; each has tags of the sidecar's own family."""
    copies: set[bytes] = set()
    for identity, line in after.ran.of("json").items():
        for output in map(os.fsencode, line.get("outputs") or ()):
            copies.add(output)
            if output in after.user or output + b".xmp" in after.user:
                continue
            if (lying := after.dest.get(output)) is None:
                raise Fault("outputs are there", f"{output!r} of the sidecar {line['source']!r} is not there")
            said = {family for family, _ in markers(lying.data)}
            if others := said - {after.files[identity].family}:
                raise Fault("no tag of another picture", f"{output!r} of {line['source']!r} has {others}'s")
    return copies


def not_lost(
    before: Tree, dest: Tree, pictures: dict[int, Callable[[bytes], bool]], touched: set[int]
) -> None:
    """Whole pictures that were in DEST before a step are in it after."""
    gone = [lying.data for name, lying in before.items() if name not in dest or dest[name].data != lying.data]
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


def nothing_changes(before: Tree, dest: Tree, ran: Ran, last: Ran) -> None:
    """A run that follows a finished one at once does nothing."""
    earlier = last.of("media")
    for identity, line in ran.of("media").items():
        was = earlier[identity]["outcome"]
        if line["outcome"] != "unchanged" and not (line["outcome"] in SETTLED and line["outcome"] == was):
            raise Fault(
                "nothing to do", f"{line['source']!r} was {was}, now {line['outcome']} ({line['reason']})"
            )
    names = sorted(name for name in before.keys() | dest.keys() if before.get(name) != dest.get(name))
    if names:
        raise Fault("nothing to do", f"a further run touches {names[:3]}")


def as_foretold(preview: Ran, ran: Ran) -> None:
    """A preview says what the run then does."""
    for kind in ("media", "json", "other"):
        foretold, did = preview.of(kind), ran.of(kind)
        if foretold.keys() != did.keys():
            raise Fault("preview equals run", f"{kind}: {foretold.keys() ^ did.keys()}")
        for identity, line in did.items():
            for field in (
                "outcome",
                "output",
                "tags",
                "sidecar",
                "sidecar_root",
                "rule",
                "taken",
                "writer",
                "outputs",
            ):
                if field == "writer" and line.get("outcome") == "duplicate":
                    continue  # a link is made by nobody, its copy where none can be made by a writer
                if foretold[identity].get(field) != line.get(field):
                    raise Fault(
                        "preview equals run",
                        f"{line['source']!r}: {field} was to be {foretold[identity].get(field)!r}, "
                        f"became {line.get(field)!r} ({line.get('reason')})",
                    )


def same_pictures(one: Tree, other: Tree, what: str) -> None:
    """Two output folders hold the same pictures, tags and times, whatever their names."""
    first = sorted((lying.data, lying.mtime_ns) for lying in one.values())
    second = sorted((lying.data, lying.mtime_ns) for lying in other.values())
    if first == second:
        return
    only = [name for name, lying in one.items() if (lying.data, lying.mtime_ns) not in second]
    only_there = [name for name, lying in other.items() if (lying.data, lying.mtime_ns) not in first]
    raise Fault(
        what, f"{len(first)} files and {len(second)}; only in one {only}, only in the other {only_there}"
    )
