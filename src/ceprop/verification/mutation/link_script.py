"""The script of requests that tries the mutants of a link, and what the model says of some of the answers."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import numpy as np

from ceprop.boards.host.data_sets import data_set_image
from ceprop.boards.host.frames import encode
from ceprop.boards.host.memories import GroupCodec, Memories, Region
from ceprop.boards.host.packing import pack_samples
from ceprop.boards.protocol import LONGEST_PAYLOAD, Address, Command, Flash
from ceprop.model import Dataset, Network, Trainer, plain
from ceprop.specification import Geometry, registers
from ceprop.verification.networks import random_samples

_REST = 2**32 - 1
_LIMIT, _LONG_LIMIT = 30_000, 3_000_000
"""Cycles after which an answer counts as lost, and after which the work from flash does."""

_SAMPLES, _HELD_OUT, _EPOCHS = 6, 2, 2
_MANY = 70
"""Samples whose results go round the ring of results nearly as often as the host lets them."""


@dataclass
class LinkScript:
    """Steps for the program `link_mutants`, and the places of answers that the model knows.

    Fields
    ------
    geometry : Geometry
        The network and the array of the board.
    steps : list of bytes
        The steps, as the program reads them.
    read_back : list
        The networks that the board must hold, each with the number of the step that begins to read it.
    """

    geometry: Geometry
    seed: int
    steps: list[bytes] = field(default_factory=list)
    read_back: list[tuple[int, Network]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._number = 0
        self._memories, self._groups = Memories(self.geometry), GroupCodec(self.geometry)
        specification = self.geometry.specification
        self.dataset = random_samples(specification, np.random.default_rng(self.seed), _SAMPLES, _HELD_OUT)
        self._network = Network.initial(specification)

    @property
    def flash(self) -> bytes:
        """The contents of the flash: a data set."""
        image = data_set_image(self.geometry.specification, self.dataset, _EPOCHS)
        contents = bytearray(b"\xff" * Flash.BYTES)
        contents[Flash.DATA_SET : Flash.DATA_SET + len(image)] = image
        return bytes(contents)

    def build(self) -> "LinkScript":
        """Add all steps."""
        # What is short comes first: a mutant that it kills needs no more.
        self._ask(Command.IDENTIFY)
        self._refusals()
        self._garbage()
        self._registers()
        self._load(self._network)
        self._read_all()
        self._resets()
        self._learn()
        self._flash_work()
        self._many_results()
        return self

    # --- steps

    def _send(self, line: bytes, frames: int, limit: int = _LIMIT) -> None:
        self.steps.append(struct.pack("<III", frames, limit, len(line)) + line)

    def _rest(self) -> None:
        self.steps.append(struct.pack("<III", _REST, _LONG_LIMIT, 0))

    def _ask(self, command: int, payload: bytes = b"", *, done: bool = True) -> None:
        """A request with the expected number. `done` tells whether the board carries it out."""
        self._send(encode(bytes([self._number, command]) + payload), 1)
        if done and command != Command.IDENTIFY:
            self._number = (self._number + 1) % 256

    def _write_register(self, name: str, value: int) -> None:
        address = next(r.address for r in registers(self.geometry.specification) if r.name == name)
        self._ask(Command.WRITE, Address(0, address).pack() + value.to_bytes(self._groups.size, "little"))

    def _read(self, space: int, address: int, count: int, lane: int = 0, column: bool = False) -> None:
        self._ask(Command.READ, Address(space, address, lane, column).pack() + bytes([count]))

    def _registers(self) -> None:
        """Read every register on its own and several at once, with their initial values and with others."""
        bank = registers(self.geometry.specification)
        for register in bank:
            self._read(0, register.address, 1)
        for register in bank:
            if register.writable:
                self._write_register(register.name, 1 - register.initial if register.initial < 2 else 3)
        self._read(0, 0, min(len(bank), LONGEST_PAYLOAD // self._groups.size))
        for register in bank:
            if register.writable:
                self._write_register(register.name, register.initial)

    def _load(self, network: Network) -> None:
        """Write a network, one group on its own and then as many as a frame holds."""
        room = (LONGEST_PAYLOAD - Address.BYTES) // self._groups.size
        for region, words in self._memories.words_of(network).items():
            groups = self._groups.pack(words)
            for start, end in [(0, 1), *((k, k + room) for k in range(1, len(groups), room))]:
                place = Address(region.space.value, start, region.lane, region.column)
                self._ask(Command.WRITE, place.pack() + b"".join(groups[start:end]))

    def _read_all(self) -> None:
        """Read the network back, which must be that of the model, and the states."""
        self.read_back.append((len(self.steps), self._network.copy()))
        for region in self._memories.regions:
            self._read_region(region)
        for region in self._memories.state_regions:
            self._read_region(region)

    def _read_region(self, region: Region) -> None:
        room = LONGEST_PAYLOAD // self._groups.size
        for start in range(0, region.count, room):
            self._read(region.space.value, start, min(room, region.count - start), region.lane, region.column)

    def _samples(self, inputs: np.ndarray, labels: np.ndarray, sizes: Sequence[int]) -> None:
        """Send samples in payloads of these sizes in turn. The model learns them too, at the rates of the first
        epoch."""
        specification = self.geometry.specification
        content = b"".join(pack_samples(specification, inputs, labels))
        turn = 0
        while content:
            size = sizes[turn % len(sizes)]
            self._ask(Command.SAMPLES, content[:size])
            content, turn = content[size:], turn + 1
        for one, label in zip(inputs, labels.tolist(), strict=True):
            plain.run_sample(self._network, one, label, shifts=specification.shifts_at(0), negative=False)

    def _learn(self) -> None:
        """Learn samples that are cut anywhere into payloads, and read results, counters and memories."""
        data = self.dataset
        self._write_register("nudge_negative", 0)
        for sizes in ((1,), (5, 2, 3), (LONGEST_PAYLOAD,)):
            self._samples(data.train_inputs, data.train_labels, sizes)
            self._rest()
            self._ask(Command.RESULTS, bytes([0, 2 * _SAMPLES]))
            self._ask(Command.RESULTS, bytes([3, 3]))
            self._read(0, 0, 1)
            self._read_all()

    def _many_results(self) -> None:
        """Learn so many samples that their results go round the ring, and read every register."""
        draw = np.random.default_rng(self.seed + 1)
        more = random_samples(self.geometry.specification, draw, _MANY)
        self._write_register("nudge_negative", 0)
        for start in range(0, 4 * _MANY, _MANY):
            self._samples(more.train_inputs, more.train_labels, (LONGEST_PAYLOAD,))
            self._rest()
            self._ask(Command.RESULTS, bytes([start % 256, 100]))
        self._read_all()
        bank = registers(self.geometry.specification)
        for register in bank:
            self._read(0, register.address, 1)

    def _refusals(self) -> None:
        """Requests that the board must refuse: unknown, of wrong lengths, out of order, and again."""
        for command in (*range(len(Command), len(Command) + 3), 0x7F, 0x80, 0xFF):
            self._ask(command, done=False)
        lengths = {Command.IDENTIFY: (1,), Command.WRITE: (0, 4, 5, 6), Command.READ: (0, 5, 7), Command.SAMPLES: (0,)}
        lengths |= {Command.RESULTS: (0, 1, 3), Command.RUN: (0, 3, 5), Command.READ_FLASH: (0, 3, 5)}
        lengths |= dict.fromkeys((Command.RESET, Command.STATUS, Command.SAVE, Command.RESTORE), (1, LONGEST_PAYLOAD))
        for command, sizes in lengths.items():
            for size in sizes:
                # A WRITE of no whole number of groups is refused.
                fits = command == Command.WRITE and size > 5 and (size - 5) % self._groups.size == 0
                self._ask(command, bytes(size), done=fits)
        self._ask(Command.READ, Address(1, 0).pack() + b"\0", done=False)
        self._ask(Command.READ, Address(1, 0).pack() + b"\xff", done=False)
        self._ask(Command.RESULTS, b"\0\xff", done=False)
        for ahead in (-3, -2, -1, 1, 2, 100, 128):
            number = (self._number + ahead) % 256
            self._send(encode(bytes([number, Command.STATUS])), 1)
        # Two at once, as many as the buffers hold.
        both = b"".join(encode(bytes([(self._number + k) % 256, Command.STATUS])) for k in range(2))
        self._send(both, 2)
        self._number = (self._number + 2) % 256

    def _garbage(self) -> None:
        """Frames that are damaged, cut, empty or too long."""
        line = encode(bytes([self._number, Command.WRITE]) + Address(1, 0).pack() + bytes(range(1, 9)))
        for place in range(2, len(line) - 1, 2):
            flipped = bytearray(line)
            flipped[place] ^= 0x80 if flipped[place] != 0x80 else 0x40
            self._send(bytes(flipped), 1)
            self._send(line[:place] + b"\0", 1)
        draw = Random(self.seed)
        for size in (1, 2, 5, 6, 7, 100, 246, 247, 248, 249, 300, 600):
            body = bytes(draw.randrange(1, 256) for _ in range(size))
            self._send(b"\0" + body + b"\0", 1)
        self._send(bytes(7), 0)
        self._ask(Command.IDENTIFY)

    def _resets(self) -> None:
        """Reset in the midst of a sample, of a run of samples, and of a write."""
        data = self.dataset
        for cut in (1, 2, 3, 40):
            content = b"".join(pack_samples(self.geometry.specification, data.train_inputs, data.train_labels))
            self._ask(Command.SAMPLES, content[:cut])
            self._ask(Command.RESET)
            self._ask(Command.RESULTS, bytes([0, 4]))
            self._read(0, 0, 4)
            self._load(self._network)
        self._write_register("nudge_negative", 0)
        self._samples(data.train_inputs, data.train_labels, (9,))
        self._rest()
        self._ask(Command.RESULTS, bytes([0, _SAMPLES]))
        self._read_all()

    def _flash_work(self) -> None:
        """Learn from flash, save, restore and read flash. Other requests come meanwhile."""
        specification = self.geometry.specification
        for first, epochs in ((0, _EPOCHS), (1, 1)):
            self._load(Network.initial(specification))
            self._ask(Command.RUN, first.to_bytes(2, "little") + epochs.to_bytes(2, "little"))
            self._ask(Command.SAVE, done=False)
            self._read_meanwhile()
            self._rest()
            self._ask(Command.STATUS)
            self._ask(Command.RESULTS, bytes([0, 30]))
            self._network = _trained(self.geometry, self.dataset, first, epochs)
            self._read_all()
        for _ in range(3):
            self._ask(Command.SAVE)
            self._rest()
            self._ask(Command.STATUS)
        saved = self._network.copy()
        self._load(Network.initial(specification))
        self._ask(Command.RESTORE)
        self._rest()
        self._ask(Command.STATUS)
        self._network = saved
        self._read_all()
        # An epoch that the plan does not have.
        self._ask(Command.RUN, bytes([9, 0, 1, 0]))
        self._rest()
        self._ask(Command.STATUS)
        for address in (Flash.DATA_SET, Flash.DATA_SET + 5, Flash.LOG, Flash.LOG + Flash.LOG_BYTES, Flash.BYTES - 12):
            self._ask(Command.READ_FLASH, address.to_bytes(4, "little"))
            self._rest()
            self._ask(Command.STATUS)
        self._ask(Command.RUN, bytes([0, 0, 1, 0]))
        self._ask(Command.RESET)
        self._ask(Command.IDENTIFY)
        self._rest()
        self._network = Network.initial(specification)
        self._load(self._network)

    def _read_meanwhile(self) -> None:
        """Requests that a board answers or refuses while it works from flash."""
        self._ask(Command.IDENTIFY)
        self._ask(Command.READ, Address(1, 0).pack() + b"\1", done=False)
        self._ask(Command.SAMPLES, bytes(2), done=False)


def _trained(geometry: Geometry, dataset: Dataset, first: int, epochs: int) -> Network:
    """Return the network after the epochs of a run that begins with the initial network."""
    trainer = Trainer.start(geometry.specification, dataset)
    trainer.epoch = first
    trainer.run_epochs(first + epochs)
    return trainer.network
