"""Draw histories with hypothesis. Each rule is a step of a `World`, which checks the result and records the step."""

from __future__ import annotations

from typing import Any, ClassVar

from after import Fault
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from identity import FORMATS
from people import CHOICES
from world import FILTERS, Step, World

accounts = st.sampled_from(("A", "A", "A", "B"))
parts = st.sampled_from((1, 2))
folders = st.integers(0, 5)
stems = st.integers(0, 10)
formats = st.sampled_from(("jpg", "jpg", *FORMATS))
places = st.sampled_from(("beside", "beside", "beside", "apart", "album", "none"))
namings = st.sampled_from(("new", "new", "old"))
picks = st.integers(0, 30)
switches = st.booleans()
rarely = st.integers(0, 7).map(lambda number: number == 7)


class History(RuleBasedStateMachine):
    """One history. `noted` has the steps of the last history; it is kept for shortening."""

    noted: ClassVar[list[Step]] = []
    histories = 0
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        type(self).noted = []
        type(self).histories += 1

    def teardown(self) -> None:
        """Run once more. The run must find everything in order."""
        try:
            if not self.world.broken:
                self._do("run", preview=True)
        finally:
            self.world.close()

    def _do(self, step: str, /, **arguments: Any) -> None:
        self.noted.append((step, arguments))
        type(self).steps += 1
        try:
            getattr(self.world, step)(**arguments)
        except Fault:
            self.world.broken = True
            raise

    @initialize(
        files=st.lists(
            st.tuples(accounts, parts, folders, stems, formats, places, namings, switches),
            min_size=1,
            max_size=5,
        )
    )
    def begin(self, files: list[tuple[Any, ...]]) -> None:
        names = ("account", "part", "folder", "stem", "format", "json", "naming", "dated")
        for file in files:
            self._do("add", **dict(zip(names, file, strict=True)))

    # -- exports

    @rule(
        account=accounts,
        part=parts,
        folder=folders,
        stem=stems,
        format=formats,
        json=places,
        naming=namings,
        dated=switches,
    )
    def add(self, **arguments: Any) -> None:
        self._do("add", **arguments)

    @rule(at=picks, part=parts, format=st.sampled_from(("mp4", "mov")))
    def live(self, **arguments: Any) -> None:
        self._do("live", **arguments)

    @rule(at=picks, part=parts)
    def edited(self, **arguments: Any) -> None:
        self._do("edited", **arguments)

    @rule(at=picks, folder=folders, part=parts, json=switches)
    def copy(self, **arguments: Any) -> None:
        self._do("copy", **arguments)

    @rule(at=picks, part=parts, json=switches, version=st.sampled_from((1, 1, 2)))
    def same_in_other_account(self, **arguments: Any) -> None:
        self._do("same_in_other_account", **arguments)

    @rule(account=accounts, part=parts, folder=folders, stem=stems)
    def orphan(self, **arguments: Any) -> None:
        self._do("orphan", **arguments)

    @rule(account=accounts, part=parts, folder=folders, kind=st.integers(0, 7))
    def rubbish(self, **arguments: Any) -> None:
        self._do("rubbish", **arguments)

    @precondition(lambda self: self.world.exports.found("media"))
    @rule(at=picks, mode=st.sampled_from(("cut", "empty", "garbage")), really=rarely)
    def damage(self, at: int, mode: str, really: bool) -> None:
        if really:
            self._do("damage", at=at, mode=mode)

    @rule(at=picks, keep_time=switches)
    def new_bytes(self, **arguments: Any) -> None:
        self._do("new_bytes", **arguments)

    @rule(at=picks, keep_time=switches)
    def new_json(self, **arguments: Any) -> None:
        self._do("new_json", **arguments)

    @rule(at=picks, folder=folders, json=switches)
    def move(self, **arguments: Any) -> None:
        self._do("move", **arguments)

    @rule(account=accounts, folder=folders, name=folders)
    def rename_folder(self, **arguments: Any) -> None:
        self._do("rename_folder", **arguments)

    @rule(at=picks)
    def touch(self, **arguments: Any) -> None:
        self._do("touch", **arguments)

    @rule(account=accounts, part=parts, there=switches)
    def present(self, **arguments: Any) -> None:
        self._do("present", **arguments)

    @rule(account=accounts, form=st.sampled_from(("folders", "zips", "tgz", "merged-folder", "merged-zip")))
    def form(self, **arguments: Any) -> None:
        self._do("form", **arguments)

    # -- runs

    @rule(preview=switches, repeat=switches, force=rarely, retry=rarely)
    def run(self, **arguments: Any) -> None:
        self._do("run", **arguments)

    @rule(preview=switches)
    def plain_run(self, preview: bool) -> None:
        self._do("run", preview=preview)

    @rule(at=st.integers(1, 150), then_edit=rarely)
    def killed(self, **arguments: Any) -> None:
        self._do("killed", **arguments)

    @rule(at=st.integers(1, 150), stays=switches)
    def full(self, **arguments: Any) -> None:
        self._do("full", **arguments)

    @rule(at=st.integers(1, 150))
    def stopped(self, **arguments: Any) -> None:
        self._do("stopped", **arguments)

    @rule(filter=st.integers(0, len(FILTERS) - 1))
    def filtered(self, **arguments: Any) -> None:
        self._do("filtered", **arguments)

    @rule(order=st.integers(0, 3))
    def compare(self, **arguments: Any) -> None:
        self._do("compare", **arguments)

    # -- people

    @rule(name=st.sampled_from(sorted(CHOICES)), value=st.integers(0, 4))
    def option(self, **arguments: Any) -> None:
        self._do("option", **arguments)

    @rule(present=rarely)
    def tool(self, present: bool) -> None:
        self._do("tool", present=present)

    @rule(order=st.integers(0, 3))
    def reorder(self, **arguments: Any) -> None:
        self._do("reorder", **arguments)

    @precondition(lambda self: self.world.runs)
    @rule(at=picks, mode=st.sampled_from(("append", "crop", "same-size")))
    def edit_output(self, **arguments: Any) -> None:
        self._do("edit_output", **arguments)

    @precondition(lambda self: self.world.runs)
    @rule(at=picks)
    def delete_output(self, **arguments: Any) -> None:
        self._do("delete_output", **arguments)

    @precondition(lambda self: self.world.runs)
    @rule(at=picks)
    def rename_output(self, **arguments: Any) -> None:
        self._do("rename_output", **arguments)

    @precondition(lambda self: self.world.runs)
    @rule(at=picks, variant=st.sampled_from(("link_output", "folder_at_output", "touch_output")))
    def turn_output(self, at: int, variant: str) -> None:
        self._do(variant, at=at)

    @rule(
        at=picks, choice=st.sampled_from(("keep", "google")), variant=st.sampled_from(("file", "all", "none"))
    )
    def decide(self, **arguments: Any) -> None:
        self._do("decide", **arguments)

    @precondition(lambda self: self.world.runs)
    @rule()
    def save(self) -> None:
        self._do("save")

    @precondition(lambda self: self.world.runs)
    @rule(kind=st.sampled_from(("no manifest", "manifest", "outputs", "all")))
    def restore(self, kind: str) -> None:
        self._do("restore", kind=kind)

    @rule(
        folder=folders, stem=stems, ending=st.sampled_from((".jpg", ".jpg", ".jpg.xmp", ".bmp.xmp", ".xmp"))
    )
    def foreign(self, **arguments: Any) -> None:
        self._do("foreign", **arguments)

    @precondition(lambda self: self.world.runs)
    @rule()
    def move_dest(self) -> None:
        self._do("move_dest")

    # -- in place

    @rule(account=accounts)
    def in_place_begin(self, account: str) -> None:
        self._do("in_place_begin", account=account)

    @precondition(lambda self: self.world.is_in_place)
    @rule(kill_at=st.one_of(st.just(0), st.integers(1, 150)), repeat=switches)
    def in_place_run(self, **arguments: Any) -> None:
        self._do("in_place_run", **arguments)

    @precondition(lambda self: self.world.is_in_place)
    @rule(edit=st.one_of(st.just(-1), picks))
    def in_place_undo(self, edit: int) -> None:
        self._do("in_place_undo", edit=edit)
