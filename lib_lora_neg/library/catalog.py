"""All LoRAs of the host's folders, found by the names that prompts use."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from ..loras.build import read_any_card
from ..loras.card import LoraCard
from ..loras.reading.side_facts import is_digest
from ..loras.reading.sidecars import digests_beside
from ..loras.tagtable import LazyShares
from .digests import digests_of_content
from .files import CardStamp, FoundFile, FoundFolder, list_folder, natural_order
from .packing import ALIAS, MODEL_HASH, PROBLEMS, PackedCard, Packer, unpack_card
from .store import CardStore, IndexStoreError

FORBIDDEN_ALIASES = frozenset(("none", "Addams"))
"""Aliases that A1111 never resolves (``networks.forbidden_network_aliases``)."""

SHORTEST = 10
"""Digits of the shortest hash that infotexts have: Civitai's AutoV2."""

COMPARED = 12
"""Digits of a hash that the host compares (``network_on_disk.shorthash``)."""

MOST_CONTENTS = 4_000_000_000
"""Bytes of files that are read to look for a digest that nobody noted; some ten seconds."""

SAVE_EVERY = 250
"""Files after which the index is written, so that a killed process loses no more; later after a
tenth of what was read, because a folder's record is written whole."""

OnFileRead = Callable[[int, int], None]
"""Called with the files read so far and the files to read."""

OnCard = Callable[[LoraCard, CardStamp], None]
"""Called with a card and what has to be unchanged for it to be valid."""


@dataclass
class _State:
    """One listing of the folders, and what was read of it so far, by path."""

    folders: dict[str, FoundFolder] = field(default_factory=dict)
    by_name: dict[str, FoundFile] = field(default_factory=dict)
    fetched: set[str] = field(default_factory=set)
    packed: dict[str, PackedCard] = field(default_factory=dict)
    cards: dict[str, LoraCard] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    digests: dict[str, frozenset[str]] = field(default_factory=dict)
    contents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    order: tuple[str, ...] | None = None
    aliases: dict[str, FoundFile] | None = None
    forbidden: frozenset[str] = FORBIDDEN_ALIASES

    def files(self) -> Iterator[FoundFile]:
        return chain.from_iterable(folder.files for folder in self.folders.values())

    def read_digests(self) -> None:
        """Read what side files know of the digests of those files that have any."""
        for file in self.files():
            if file.path not in self.digests:
                sides = [suffix for suffix, _, _ in file.sides]
                self.digests[file.path] = digests_beside(Path(file.path), sides)

    def read_contents(
        self, digest: str, progress: OnFileRead | None = None
    ) -> tuple[list[FoundFile], int]:
        """Return the files whose content has a digest, and how many were too large to be read."""
        of_file = len(digest) == SHORTEST
        open_ones = [
            file
            for file in self.files()
            if not (self.digests[file.path] if of_file else self.packed[file.path][MODEL_HASH])
        ]
        unread = [file for file in open_ones if file.path not in self.contents]
        if sum(file.size for file in unread) > MOST_CONTENTS:
            return [], len(unread)
        for done, file in enumerate(unread, 1):
            self.contents[file.path] = digests_of_content(file.path)
            if progress is not None:
                progress(done, len(unread))
        found = [f for f in open_ones if any(_same(digest, d) for d in self.contents[f.path])]
        return found, 0


class Catalog:
    """The LoRAs below some folders; cards are read when they are first asked for.

    Names resolve as A1111 resolves them: by file stem or by ``ss_output_name``, case-sensitive;
    an alias that several files claim is refused; of one stem in two folders the last wins.

    `index` may run in a thread of its own while others call `get`; `refresh` swaps to a new
    listing at once.

    Args:
        folders: the LoRA folders, in the host's order. A missing folder is a problem, no error.
        index_folder: where to keep what was read between two starts; ``None``: in memory only.
            An index that cannot be used is a problem, no error.
        progress: called while many files are read, whatever they are read for.

    Attributes:
        undigested: files that the last `by_hash` did not look into.
    """

    def __init__(
        self,
        folders: Iterable[str | os.PathLike[str]],
        index_folder: str | os.PathLike[str] | None = None,
        progress: OnFileRead | None = None,
    ) -> None:
        self._folders = tuple(os.fspath(folder) for folder in folders)
        self._progress = progress
        self._store: CardStore | None = None
        self._store_problem = ""
        if index_folder is not None:
            try:
                self._store = CardStore(index_folder)
            except IndexStoreError as error:
                self._store_problem = str(error)
        self._state = _State()
        self.undigested = 0
        self.refresh()

    def close(self) -> None:
        """Close the index on disk."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def refresh(self) -> None:
        """List the folders again. What is known of files that did not change is kept."""
        old, new = self._state, _State()
        for folder in self._folders:
            listing = list_folder(folder)
            new.folders.update((found.path, found) for found in listing.folders)
            new.problems.extend(listing.problems)
        new.by_name = {file.name: file for file in new.files()}
        before = {file.path: file for file in old.files()}
        for file in new.files() if before else ():
            if before.get(file.path) == file:
                _take_over(old, new, file.path)
        self._state = new

    def index(self, progress: OnFileRead | None = None, each: OnCard | None = None) -> None:
        """Read every file that is new or changed, and keep what was read in the index on disk.

        Args:
            progress: called after each file, instead of the catalog's own.
            each: called with every card, first those that are known, then each as it is read.
        """
        state, packer = self._state, Packer()
        progress = progress or self._progress
        pending = []
        for file in state.files():
            if self._known(state, file) is None:
                pending.append(file)
            elif each is not None:
                each(self._card(file, state), file.stamp)
        unsaved: set[str] = set()
        next_save = SAVE_EVERY
        try:
            for done, file in enumerate(pending, 1):
                unsaved.add(os.path.dirname(file.path))  # noqa: PTH120
                state.packed[file.path] = packer.pack(state.cards.get(file.path) or _read(file))
                if each is not None:
                    each(self._card(file, state), file.stamp)
                if done >= next_save:
                    self._save(state, unsaved)
                    unsaved = set()
                    next_save = done + max(SAVE_EVERY, done // 10)
                if progress is not None:
                    progress(done, len(pending))
        finally:
            # Whoever interrupts a long first indexing should not have to begin again.
            self._save(state, unsaved)

    def get(self, name: str, /) -> LoraCard | None:
        """Return the card that the host would load for ``name``, or ``None`` if it knows none."""
        found = self._state.by_name.get(name) or self._resolve_alias(name)
        return self._card(found) if found is not None else None

    def names(self) -> tuple[str, ...]:
        """Return the file stems, each once, in natural order."""
        state = self._state
        if state.order is None:
            state.order = tuple(sorted(state.by_name, key=natural_order))
        return state.order

    def cards(self, progress: OnFileRead | None = None) -> Iterator[LoraCard]:
        """Yield the card of every name, reading what was not read yet."""
        self.index(progress)
        state = self._state
        for file in state.by_name.values():
            yield self._card(file)

    def by_hash(self, digest: str, contents: bool = False) -> LoraCard | None:
        """Return the card of the file with a digest that infotexts name.

        That is the tensors' (``sshs_model_hash``, of which the host writes twelve digits; AutoV3)
        or the file's (SHA-256, of which Civitai writes ten; AutoV2). It is looked for in the
        files' headers, then in their side files, and then, where ``contents`` says so and what has
        no digest is not too large, in the files themselves; `undigested` says how many were left.
        The digest of nothing, which some trainers write, and one that different files share name
        none.
        """
        short = digest.strip().lower().removeprefix("0x")
        if len(short) < SHORTEST or not is_digest(short):
            return None
        self.index()
        state = self._state
        found = [f for f in state.files() if _same(short, state.packed[f.path][MODEL_HASH])]
        if not found:
            state.read_digests()
            found = [
                f for f in state.files() if any(_same(short, d) for d in state.digests[f.path])
            ]
        self.undigested = 0
        if not found and contents:
            found, self.undigested = state.read_contents(short, self._progress)
        # Copies of one file share a digest. Where files of different sizes do, it is a constant
        # that a trainer wrote into all of them.
        if len({file.size for file in found}) > 1:
            return None
        return self._card(found[-1]) if found else None

    def duplicates(self) -> Mapping[str, tuple[str, ...]]:
        """Return the paths that share a stem, by that stem; the host loads the last."""
        paths: dict[str, list[str]] = {}
        for file in self._state.files():
            paths.setdefault(file.name, []).append(file.path)
        return {name: tuple(found) for name, found in paths.items() if len(found) > 1}

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with folders, the index, and the files that were read so far."""
        state = self._state
        faults: list[str] = []
        for file in state.files():
            packed, card = state.packed.get(file.path), state.cards.get(file.path)
            known = packed[PROBLEMS] if packed is not None else card.problems if card else ()
            faults.extend(f"{file.name}: {problem}" for problem in known)
        own = (self._store_problem,) if self._store_problem else ()
        return (*own, *state.problems, *faults)

    def _resolve_alias(self, name: str) -> FoundFile | None:
        state = self._state
        if state.aliases is None:
            self.index()
            state.aliases, state.forbidden = _aliases(state)
        return None if name.lower() in state.forbidden else state.aliases.get(name)

    def _card(self, file: FoundFile, state: _State | None = None) -> LoraCard:
        state = state or self._state
        card = state.cards.get(file.path)
        if card is None:
            packed = self._known(state, file)
            card = _unpack(file, packed) if packed is not None else _read(file)
            state.cards[file.path] = card
        return card

    def _known(self, state: _State, file: FoundFile) -> PackedCard | None:
        """Return what the index on disk has of a file, if the file is still the same."""
        packed = state.packed.get(file.path)
        if packed is None and self._store is not None:
            folder = os.path.dirname(file.path)  # noqa: PTH120
            if folder not in state.fetched:
                state.fetched.add(folder)
                state.packed.update(_still_valid(state.folders[folder], self._store))
                packed = state.packed.get(file.path)
        return packed

    def _save(self, state: _State, changed: set[str]) -> None:
        """Write the records of the folders in which something was read."""
        if self._store is None:
            return
        try:
            for path in changed:
                entries = {
                    file.path[len(path) :]: (file.stamp, state.packed[file.path])
                    for file in state.folders[path].files
                    if file.path in state.packed
                }
                self._store.save_folder(path, entries)
        except IndexStoreError as error:
            self._store_problem = str(error)


def _same(digest: str, known: str) -> bool:
    """Whether two digests, of which one may be cut, are one: as far as the host compares them."""
    most = min(len(digest), len(known), COMPARED)
    return most >= SHORTEST and digest[:most] == known[:most].lower()


def _still_valid(folder: FoundFolder, store: CardStore) -> dict[str, PackedCard]:
    known, start = store.folder(folder.path), len(folder.path)
    return {
        path: entry[1]
        for file in (folder.files if known else ())
        if (entry := known.get((path := file.path)[start:])) and entry[0] == file.stamp
    }


def _take_over(old: _State, new: _State, path: str) -> None:
    if path in old.packed:
        new.packed[path] = old.packed[path]
    if path in old.cards:
        new.cards[path] = old.cards[path]
    if path in old.digests:
        new.digests[path] = old.digests[path]
    if path in old.contents:
        new.contents[path] = old.contents[path]


def _aliases(state: _State) -> tuple[dict[str, FoundFile], frozenset[str]]:
    aliases: dict[str, FoundFile] = {}
    forbidden = set(FORBIDDEN_ALIASES)
    for file in state.files():
        packed = state.packed.get(file.path)
        alias = packed[ALIAS] if packed is not None else file.name
        if alias in aliases:
            forbidden.add(alias.lower())
        aliases[file.name] = file
        aliases[alias] = file
    return aliases, frozenset(forbidden)


def _unpack(file: FoundFile, packed: PackedCard) -> LoraCard:
    """Return the card with a tag table that is read from the file when it is looked at."""
    try:
        return unpack_card(packed, LazyShares(_shares, file))
    except (KeyError, TypeError, ValueError):
        return _read(file)


def _shares(file: FoundFile) -> Mapping[str, float]:
    return _read(file).tags.shares


def _read(file: FoundFile) -> LoraCard:
    return read_any_card(file.path, [suffix for suffix, _, _ in file.sides])
