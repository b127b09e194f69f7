"""Rules between two runs: a preview and its run, a run and the next one, runs with sources in another order."""

from __future__ import annotations

from after import Fault
from program import Ran, Tree

SETTLED = ("unchanged", "excluded", "duplicate", "unmatched", "failed", "copied")
"""Outcomes of files that a run leaves unchanged. In place, `copied` means that a file needs nothing."""


def nothing_changes(state_before: Tree, dest: Tree, ran: Ran, last: Ran) -> None:
    """A run directly after a finished one changes nothing."""
    earlier = last.of("media")
    for identity, line in ran.of("media").items():
        was = earlier[identity]["outcome"]
        if line["outcome"] != "unchanged" and not (line["outcome"] in SETTLED and line["outcome"] == was):
            raise Fault(
                "nothing to do", f"{line['source']!r} was {was}, now {line['outcome']} ({line['reason']})"
            )
    names = sorted(
        name for name in state_before.keys() | dest.keys() if state_before.get(name) != dest.get(name)
    )
    if names:
        raise Fault("nothing to do", f"a further run touches {names[:3]}")


def as_foretold(preview: Ran, ran: Ran) -> None:
    """A preview reports what the run then does."""
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
                    continue  # a link has no writer; its copy may have one, where links are not possible
                if foretold[identity].get(field) != line.get(field):
                    raise Fault(
                        "preview equals run",
                        f"{line['source']!r}: {field} was to be {foretold[identity].get(field)!r}, "
                        f"became {line.get(field)!r} ({line.get('reason')})",
                    )


def same_pictures(left_side: Tree, right_side: Tree, kind: str) -> None:
    """Two output folders have the same pictures, tags and times, under any names."""
    first = sorted((lying.data, lying.mtime_ns) for lying in left_side.values())
    second = sorted((lying.data, lying.mtime_ns) for lying in right_side.values())
    if first == second:
        return
    only = [name for name, lying in left_side.items() if (lying.data, lying.mtime_ns) not in second]
    only_there = [name for name, lying in right_side.items() if (lying.data, lying.mtime_ns) not in first]
    raise Fault(
        kind, f"{len(first)} files and {len(second)}; only in one {only}, only in the other {only_there}"
    )
