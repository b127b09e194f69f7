"""The chain of stages, from sources to records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack

from msgspec.structs import replace

from pef_tui.exiftool.locate import locate
from pef_tui.hooks import WriterSession
from pef_tui.model import Folder, Match, Outcome, Plan, Record
from pef_tui.plugins import PluginHost
from pef_tui.progress import Progress
from pef_tui.run.ahead import ahead
from pef_tui.run.album_copies import AlbumCopies, without_copies
from pef_tui.run.albums import Albums, Undecided
from pef_tui.run.beginning import Begun
from pef_tui.run.elsewhere import AUTO, AUTO_FROM, THREADS, Elsewhere, kit_of, must_stay
from pef_tui.run.gather import Gathered, gather
from pef_tui.run.joining import identity
from pef_tui.run.layout import Layout
from pef_tui.run.occupied import Occupied, named, unclaimed
from pef_tui.run.opening import Opened, opened
from pef_tui.run.plan import Planner
from pef_tui.run.profile import HAND_OVER, WAIT
from pef_tui.run.readback import missing
from pef_tui.run.resume import FileId
from pef_tui.run.same_files import SameFiles
from pef_tui.run.second_look import SecondLook
from pef_tui.run.short_xmp import ShortNames
from pef_tui.run.trial import Trial
from pef_tui.run.verify import Verifier
from pef_tui.run.workshop import CarryOut, Duplicates, Workshop, preview, work
from pef_tui.settings import Settings
from pef_tui.state.inspect import inspect
from pef_tui.tags.beside import with_xmp_tags
from pef_tui.takeout.read_ahead import read_sidecars
from pef_tui.write.commit import Send, carry_out, foreseen
from pef_tui.write.dest import Dest, DestView
from pef_tui.write.undo_book import UndoBook

AHEAD = 1024
"""Plans that may wait for a writer: some seconds of ExifTool's work, a few MB."""

Put = Callable[[Record | Plan], None]


def carried_out(start: Begun, stack: ExitStack) -> Iterator[Record]:
    """What became of each file found, as it becomes known; `stack` lets everything go. Raises OSError, RunError."""
    settings, progress = start.settings, start.progress
    place = opened(start, stack)
    planning = Planning(place)
    planned: Generator[list[Record | Plan], None, None] = ahead(planning.produce, AHEAD)
    stack.callback(planned.close)
    waited = progress.clock.over(WAIT, planned)
    stack.callback(place.close_readers)
    if settings.dry_run:
        records = planning.same.completed(preview(waited, progress.stop, _foresight(place, stack)))
        yield from without_copies(records, progress)
        return
    dest = Dest(place.output)
    stack.callback(dest.close)
    if settings.in_place:
        dest.undo = UndoBook(place.output, place.root_mtime_ns)
        stack.callback(dest.undo.close)
        progress.undo = dest.undo.run
        progress.notes.append(f"what this run changes can be undone: pef-tui --undo {dest.undo.run} SOURCE")
    verifier = _verifier(settings, place, stack) if settings.verify else None
    elsewhere = _elsewhere(settings, start.host, place, dest, stack)
    if elsewhere is not None:
        planning.expect = elsewhere.expect
    shop = Workshop(place.writers, settings.worker_count, _hand(place, dest, verifier), elsewhere)
    stack.callback(shop.close)
    records = planning.same.completed(_worked(planning, waited, shop, place))
    watched = place.sealing.watched(place.listings.watched(records))
    yield from without_copies(watched, progress)
    place.memory.flush()
    if not settings.in_place and not progress.stop.is_set():
        progress.notes += unclaimed(place.ledger, place.output)
    once_more = (
        settings.in_place or settings.retry_failed
    )  # the next run finds other files, or does other work
    place.ledger.close(_counts(progress), b"" if once_more else place.sealing.sealed(progress))


def _worked(
    planning: Planning, planned: Iterator[list[Record | Plan]], shop: Workshop, place: Opened
) -> Iterator[Record]:
    """Carry out the Plans; then those of duplicates whose originals did not come to be in DEST."""
    stop, memory = place.progress.stop, place.memory
    duplicates = Duplicates(memory.stands_at) if not place.settings.in_place else Duplicates()
    yield from work(planned, shop, stop, duplicates)
    while duplicates.left and not stop.is_set():
        left, duplicates.left = duplicates.left, []
        yield from work(iter([list(planning.planned_alone(left))]), shop, stop, duplicates)


def _foresight(place: Opened, stack: ExitStack) -> Callable[[Plan], Outcome | None]:
    """What a preview asks of DEST, which is only looked into."""
    try:
        view = DestView(place.output)
    except OSError:  # not there yet, or not to be read: a run says so
        return lambda plan: None
    stack.callback(view.close)
    if place.settings.in_place:
        return lambda plan: None
    return lambda plan: foreseen(plan, view, place.books)


def _counts(progress: Progress) -> Counter[str]:
    counts: Counter[str] = Counter(progress.media)
    return counts + Counter(progress.json)


def _verifier(settings: Settings, place: Opened, stack: ExitStack) -> Verifier:
    tool = locate(settings.exiftool).path
    verifier = Verifier(tool, settings.verify, place.output, place.open_media, in_place=settings.in_place)
    stack.callback(verifier.close)
    return verifier


def _elsewhere(
    settings: Settings, host: PluginHost, place: Opened, dest: Dest, stack: ExitStack
) -> Elsewhere | None:
    """The workers elsewhere that are asked for; None where all is to be done here. Raises UsageError."""
    if (why := must_stay(settings)) and settings.executor not in (AUTO, THREADS):
        place.progress.notes.append(f"--executor {settings.executor}: {why}, so files are written in threads")
    if place.executor is None or why:
        return None
    kit, whole = kit_of(
        host, place.sources, place.readers, place.writers, dest=dest, exiftool=place.progress.exiftool
    )
    elsewhere = Elsewhere(place.executor, kit, dest, place.progress, whole=whole)
    stack.callback(elsewhere.close)
    if settings.executor == AUTO:
        elsewhere.start_after(AUTO_FROM)
    else:
        elsewhere.start()
    return elsewhere


def _hand(place: Opened, dest: Dest, verifier: Verifier | None) -> CarryOut:
    """What a worker does with a batch."""

    def hand(
        batch: Sequence[Plan], sessions: Mapping[str, WriterSession], send: Send | None
    ) -> list[Outcome]:
        with place.progress.in_hand(len(batch), batch[0].match.media.path):
            before = verifier.before(batch) if verifier is not None else None
            outcomes = carry_out(
                batch,
                dest,
                sessions,
                place.open_media,
                place.books,
                place.writers,
                send,
                place.progress.clock,
                missing,
            )
            if verifier is None:
                return outcomes
            checked = verifier.check(outcomes, before)
            if wrong := [outcome for outcome in checked if outcome.verified is False]:
                place.books.done(0, wrong)
            return checked

    return hand


class Planning:
    """The front of the chain: from listings to Plans. Lives in one thread."""

    def __init__(self, place: Opened) -> None:
        self._place = place
        self._trial = Trial(place.writers, place.open_media, place.scratch)
        self._occupied = Occupied(
            place.ledger,
            place.output,
            self._trial.adoptable,
            alike=place.names.alike,
            in_place=place.settings.in_place,
        )
        self._short = ShortNames(place.settings, self._occupied)
        self._layout = Layout(place.settings, self._occupied, names=place.names)
        self._planner = Planner(
            place.settings, place.map_tags, place.writers, self._layout, place.decisions, self._named
        )
        self._albums = Albums(place)
        self.same = SameFiles()
        self._second = SecondLook(place, self._look, self._albums.with_copies, self.same.hold)
        self._copies = AlbumCopies(place, self._layout, self._planner, self._albums, self._second)
        self._put_off: set[FileId] = set()
        self.expect: Callable[[Sequence[Match], int], None] | None = None
        """Told what is about to be planned, and how many of it are done already."""

    def _named(self, plan: Plan) -> Plan:
        is_free = self._layout.has_plain_names and not self._occupied.has_folder_of(plan)
        if is_free and not plan.short_xmp:
            return plan
        memory, match = self._place.memory, plan.match
        key = memory.key(match)
        if not is_free:
            plan = named(plan, key, memory.output(match), self._occupied, self._layout)
        return self._short.settled(plan, key)

    def produce(self, put: Put) -> None:
        """Put a record for every file that needs no work and a Plan for every other."""
        hand_over = self._place.progress.clock.around(HAND_OVER, put)

        def tell(item: Record | Plan) -> None:
            self._albums.told(item)
            if self._second.has_album_folders:
                self._copies.note(item)
            hand_over(item)

        self._occupied.open()
        try:
            self._first_look(tell)
            late = [*self._second_look(tell)]
            self._albums.all_decided()
            for match in late:
                tell(self._planned(match))
            for item in self._copies.results(self._look_into):
                tell(item)
        finally:
            self._trial.close()
            self._occupied.close()

    def _first_look(self, put: Put) -> None:
        """Everything that one Folder decides."""
        place, clock = self._place, self._place.progress.clock
        with clock.on("scan"):
            place.survey_exports()
        listed = self._changed(clock.over("scan", self._albums.folders()), put)
        found = clock.over("read sidecars", read_sidecars(listed, place.open_json, place.threads))
        folder: str | None = None
        for match in self._look_into(self._matches(found, put)):
            if match.folder != folder:
                folder = match.folder
                self._layout.begin(folder, self._place.memory.outputs(folder))
            with clock.on("plan"):
                decided = self._decided(match)
            if decided is not None:
                put(decided)

    def _second_look(self, put: Put) -> Iterator[Match]:
        """Everything else, but for copies of what it is still to decide on."""
        place = self._place
        folder: str | None = None
        for result in self._second.results(self._look_into):
            if isinstance(result, tuple):
                match, output = result
                if output and not self._layout.by_template and self._layout.is_takeable(output):
                    self._layout.promise(match, output)
                elif match.folder != folder:
                    folder = match.folder
                    self._layout.begin(folder, place.memory.outputs(folder))
                self._layout.keep(match, place.memory.output(match))
                try:
                    put(self._planned(match))
                except Undecided:
                    yield match
            else:
                put(result)

    def _look(self, matches: Iterator[Match]) -> Iterator[Match]:
        """The same Matches with their state."""
        place = self._place
        looked = inspect(matches, place.open_media, place.read_tags, place.scratch)
        return place.progress.clock.over(
            "read tags", with_xmp_tags(looked, embed=place.settings.raw == "embed")
        )

    def _look_into(self, matches: Iterator[Match]) -> Iterator[Match]:
        """The same Matches with everything that mappers are to know."""
        matches = self._look(matches)
        for stage in self._place.stages:
            matches = self._place.progress.clock.over(stage.name, stage.run(matches))
        return matches

    def _changed(self, found: Iterator[Folder], put: Put) -> Iterator[Folder]:
        """The Folders that must be looked into; what is told of every other is put straight, its JSON unread."""
        for folder in found:
            self._layout.reserve(folder.path)
            with self._place.progress.clock.on("compare listings"):
                records = self._place.listings.skip(folder)
            if records is None or self._albums.concerns(folder):
                yield folder
                continue
            for record in self._second.keep_told(folder, records):
                put(record)

    def _matches(self, found: Iterator[Folder], put: Put) -> Iterator[Match]:
        """The Matches that must be looked at; every other file of their Folders is put straight."""
        for folder in found:
            self._short.seen(folder)
            with self._place.progress.clock.on("match"):
                gathered = gather(
                    folder,
                    self._place.matchers,
                    self._place.filters,
                    self._place.open_media,
                    self._place.exports,
                )
            self._copies.seen(gathered)
            self._second.weak.look_at(gathered)
            self._place.listings.expect(gathered)
            for json in gathered.json:
                if not self._second.keep_json(folder, json):
                    put(json)
            ours = self._place.memory.own_xmp(folder)
            for other in gathered.other:
                if other.file.path not in ours:
                    put(other)
            yield from self._open(gathered, put)

    def _open(self, gathered: Gathered, put: Put) -> Iterator[Match]:
        wanted = []
        for match in gathered.matches:
            if match.excluded:
                put(
                    Outcome(Plan(match, "excluded", reason=match.excluded), "excluded", reason=match.excluded)
                )
            elif (twin := gathered.twins.get((match.media.root, match.media.path))) is not None:
                self.same.hold(match, twin)
            else:
                wanted.append(self._albums.with_copies(match))
        memory = self._place.memory
        alone = {identity(match.media): match for match in self._second.candidates(gathered, wanted)}
        done = memory.recall(gathered.folder, wanted, alone.keys())
        outputs = {key: memory.promised(match) for key, match in alone.items()}
        if len(done) + len(alone) == len(wanted) and all(outputs.values()):
            for outcome in done.values():
                put(outcome)
            for key, match in alone.items():
                self._albums.undecided(match)
                self._second.keep(match, "" if self._layout.by_template else outputs[key])
        else:
            self._put_off |= alone.keys()
            if self.expect is not None:
                self.expect(wanted, len(done))
            yield from wanted

    def _decided(self, match: Match) -> Record | Plan | None:
        """The Plan, unless an earlier run has carried it out; None where the second look is to decide."""
        if (outcome := self._place.memory.recalled(match)) is not None:
            return outcome
        key = identity(match.media)
        if key in self._put_off:
            self._put_off.discard(key)
            self._albums.undecided(match)
            self._second.keep(match, self._promise(match))
            return None
        try:
            return self._planned(match)
        except Undecided:
            self._second.postpone(replace(match, state=None, taken=None), self._promise(match))
            return None

    def _promise(self, match: Match) -> str:
        """The name of what is decided later; a template may ask for what is not known yet."""
        if self._layout.by_template:
            return ""
        output = self._layout.claim(match)
        if self._occupied.may_block(output) and output != self._place.memory.output(match):
            self._layout.hold(match)
        return output

    def planned_alone(self, duplicates: Sequence[Plan]) -> Iterator[Record | Plan]:
        """Plans for duplicates of which nothing stands in DEST: the first of equal ones is put there itself."""
        self._albums.forget({plan.link for plan in duplicates})
        self._occupied.open()
        try:
            folder: str | None = None
            for plan in duplicates:
                match = plan.match
                self._place.memory.take_up(match, plan.key)
                if match.folder != folder:
                    folder = match.folder
                    self._layout.begin(folder, self._place.memory.outputs(folder))
                item = self._planned(match)
                self._albums.told(item)
                yield item
        finally:
            self._trial.close()
            self._occupied.close()

    def _planned(self, match: Match) -> Plan | Outcome:
        """The Plan, unless an earlier run has put there just what it says. Raises Undecided."""
        original = self._albums.original(match)
        if original is not None and not self._albums.links:
            return self._place.memory.settled(self._albums.as_copy(Plan(match, "duplicate"), original))
        plan = self._planner.plan(self._albums.with_titles(match))
        if original is not None:
            plan = self._albums.as_copy(plan, original)
        return self._place.memory.settled(plan)
