"""A board as a host sees it: its network, its registers, its samples, and its flash."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from ceprop.boards.host.clock import HostClock
from ceprop.boards.host.link import Link
from ceprop.boards.host.machine import unwatched
from ceprop.boards.host.memories import GroupCodec, Memories, Region
from ceprop.boards.host.results import Predictions, SampleStream
from ceprop.boards.host.sequence import Batch
from ceprop.boards.parts.registry import GENERIC, board_names
from ceprop.boards.protocol import (
    LONGEST_PAYLOAD,
    Address,
    Command,
    Identity,
    Status,
    board_number,
    specification_number,
)
from ceprop.common.errors import CepropError
from ceprop.common.report import Advance
from ceprop.hdl.lanes.messages import Space
from ceprop.model import Network
from ceprop.sim.expectation import COUNTERS
from ceprop.specification import REGISTER_BITS, Geometry, registers

_REGISTER_BYTES = REGISTER_BITS // 8


def board_of(identity: Identity) -> str | None:
    """The name of the board that identifies itself so; None where no known one does."""
    return next((name for name in (*board_names(), GENERIC) if board_number(name) == identity.board), None)


class HostDriver:
    """Loads, runs and reads the board of that name, built from `geometry`'s specification.

    `identity` is the board's answer to IDENTIFY; raises :class:`CepropError` where it is another board. Every method
    raises it where the board is silent or refuses. A method that reads or writes memories or registers is called
    between runs of samples, when all their results are here, as they are when :meth:`learn` and :meth:`infer`
    return."""

    def __init__(
        self,
        link: Link,
        geometry: Geometry,
        board: str,
        clock: HostClock | None = None,
    ):
        """`clock` is for rates: the host's, if none is given, or a simulated board's own."""
        self.link = link
        self.clock = clock or HostClock()
        self.geometry = geometry
        self.board = board
        self.identity = link.identify()
        self._memories = Memories(geometry)
        self._groups = GroupCodec(geometry)
        self._samples = SampleStream(link, geometry.specification)
        self._addresses = {r.name: r.address for r in registers(geometry.specification)}
        self._held: dict[str, int] = {}
        self._check_identity()
        room = LONGEST_PAYLOAD - Address.BYTES
        if self._groups.size > room:
            raise CepropError(
                f"array = {geometry.rows}x{geometry.cols}: a group of its words has {self._groups.size} bytes, a frame "
                f"has room for {room}; use fewer lanes"
            )

    def _check_identity(self) -> None:
        found = board_of(self.identity) or f"one that this program does not know (number {self.identity.board:08x})"
        if found != self.board:
            raise CepropError(f"port {self.link.port}: the board is {found}, not {self.board}")
        expected = specification_number(self.geometry.specification.build_digest)
        if self.identity.specification != expected:
            raise CepropError(
                f"port {self.link.port}: the board was built from another specification (number "
                f"{self.identity.specification.hex()}, not {expected.hex()}); give that one, with the same overrides, "
                "or program the board with this one"
            )

    def reset(self) -> None:
        """Registers get their initial values, samples at work and results are forgotten; memories stay."""
        self.link.send(Command.RESET)
        self._held.clear()
        self._samples.begin()

    # --- registers

    def read_register(self, name: str) -> int:
        """A register by its name."""
        reply = self._read(Space.REGISTER, self._addresses[name], 1)
        return int.from_bytes(reply[:_REGISTER_BYTES], "little")

    def write_register(self, name: str, value: int) -> None:
        """Write a register by its name; the core ignores a value outside the register's bounds."""
        place = Address(Space.REGISTER.value, self._addresses[name])
        self.link.send(Command.WRITE, place.pack() + value.to_bytes(self._groups.size, "little"))
        self._held[name] = value

    def counters(self) -> dict[str, int]:
        """Every counter of the core; they wrap at `2^REGISTER_BITS`."""
        return {name: self.read_register(name) for name in COUNTERS}

    def _set(self, **values: int) -> None:
        """Write those registers that hold another value."""
        for name, value in values.items():
            if self._held.get(name) != value:
                self.write_register(name, value)

    def _prepare(self, batch: Batch, negative: bool) -> None:
        """Registers for learning from a batch, with this sign of the nudge."""
        rates = {f"rate_shift_{l}": shift for l, shift in enumerate(batch.shifts, 1)}
        self._set(learn=1, nudge_negative=int(negative), **rates)

    # --- memories

    def load(self, network: Network, advance: Advance = unwatched) -> None:
        """Write weights, biases and generators."""
        words = self._memories.words_of(network)
        total = sum(region.count for region in words)
        done = 0
        for region, values in words.items():
            for address, groups in self._runs(self._groups.pack(values)):
                place = Address(region.space.value, address, region.lane, region.column)
                self.link.send(Command.WRITE, place.pack() + b"".join(groups))
                done += len(groups)
                advance(done, total)
        self.link.drain()

    def read_back(self, advance: Advance = unwatched) -> Network:
        """The network in the board's memories."""
        return self._memories.network_of(self._words(self._memories.regions, advance))

    def read_states(self, advance: Advance = unwatched) -> list[np.ndarray]:
        """The states of each layer after the last sample, int64 (units,)."""
        return self._memories.states_of(self._words(self._memories.state_regions, advance))

    def _words(self, regions: Sequence[Region], advance: Advance) -> dict[Region, np.ndarray]:
        """The words of some regions."""
        total = sum(region.count for region in regions)
        words: dict[Region, np.ndarray] = {}
        done = 0
        for region in regions:
            groups: list[bytes] = []
            while len(groups) < region.count:
                count = min(region.count - len(groups), self._group_count)
                groups += self._cut(self._read(region.space, len(groups), count, region.lane, region.column))
                advance(done + len(groups), total)
            done += region.count
            words[region] = self._groups.unpack(groups)
        return words

    @property
    def _group_count(self) -> int:
        """Groups that a payload should have now."""
        return max(1, (self.link.payload_bytes - Address.BYTES) // self._groups.size)

    def _runs(self, groups: list[bytes]) -> Iterator[tuple[int, list[bytes]]]:
        """All groups in runs as long as payloads may be, each with its first address."""
        address = 0
        while address < len(groups):
            run = groups[address : address + self._group_count]
            yield address, run
            address += len(run)

    def _read(self, space: Space, address: int, count: int, lane: int = 0, column: bool = False) -> bytes:
        place = Address(space.value, address, lane, column)
        return self.link.ask_for(count * self._groups.size, Command.READ, place.pack() + bytes([count]))

    def _cut(self, content: bytes) -> list[bytes]:
        size = self._groups.size
        return [content[k : k + size] for k in range(0, len(content), size)]

    # --- samples

    def learn(self, batch: Batch, advance: Advance = unwatched) -> Predictions:
        """Learn from a batch, sample after sample; the predictions before each."""
        total = len(batch.labels)
        turns = np.flatnonzero(np.diff(batch.negatives)) + 1
        parts = []
        for start, end in pairwise([0, *turns.tolist(), total]):
            self._prepare(batch, bool(batch.negatives[start]))

            def shift(done: int, _: int, start: int = start) -> None:
                advance(start + done, total)

            parts.append(self._samples.run(batch.inputs[start:end], batch.labels[start:end], shift))
        return Predictions.joined(parts)

    def infer(self, inputs: np.ndarray, advance: Advance = unwatched) -> Predictions:
        """Predictions for quantised `inputs` (n, n_0); the network stays as it is."""
        self._set(learn=0)
        return self._samples.run(inputs, np.zeros(len(inputs), np.int64), advance)

    # --- flash

    def run_from_flash(self, first_epoch: int, epochs: int) -> None:
        """Begin to learn from the data set in flash: so many epochs of its plan, from `first_epoch` on;
        :meth:`status` tells how far it is. The board writes its registers itself, apart from a sign of the nudge that
        does not change."""
        sign = self.geometry.specification.nudge.sign
        self._set(nudge_negative=int(sign == "negative"))
        self._held.clear()
        self.link.send(Command.RUN, first_epoch.to_bytes(2, "little") + epochs.to_bytes(2, "little"))
        self.link.drain()

    def last_results(self, count: int) -> Predictions:
        """The last `count` predictions, or as many as the board remembers."""
        return self._samples.last(count)

    def status(self) -> Status:
        """What flash is busy with, the samples to go, and the epochs that have ended."""
        return Status.unpack(self.link.ask_for(Status.BYTES, Command.STATUS))

    def save(self) -> None:
        """Save the network to the board's flash; :meth:`status` tells when that is done."""
        self.link.send(Command.SAVE)
        self.link.drain()

    def read_flash(self, address: int) -> None:
        """Read the `Status.FLASH_BYTES` bytes of the board's flash that begin at `address`; :meth:`flash_bytes` has
        them once :meth:`status` tells that this is done."""
        self.link.send(Command.READ_FLASH, address.to_bytes(4, "little"))
        self.link.drain()

    def flash_bytes(self) -> bytes:
        """What the last READ_FLASH found."""
        return self.link.ask_for(Status.BYTES, Command.STATUS)[-Status.FLASH_BYTES :]

    def restore(self) -> None:
        """Load the network of the newest whole snapshot in the board's flash; :meth:`status` as for :meth:`save`."""
        self.link.send(Command.RESTORE)
        self.link.drain()
