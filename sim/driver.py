"""The driver of a core in a testbench. It uses only the streams of the core, so the same code drives a netlist."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge, Timer
from cocotb.utils import get_sim_time

from ceprop.hdl.checks import violated_names
from ceprop.hdl.io.sample_loader import listing_cycles
from ceprop.hdl.lanes.messages import Space
from ceprop.model import Network
from ceprop.sim.codec import Codec, sign_extend
from ceprop.specification import REGISTER_BITS, Edge, Geometry, registers
from ceprop.specification.placement import neuron_words, neurons_of, weight_words, weights_of

PERIOD = 10
"""The clock period in nanoseconds. All signals are driven and sampled at the falling edge, far from the rising edge."""
LONG_PAUSE = 100
"""A pause in cycles that fills every queue before a reader."""
_RELUCTANCE = 24
"""The most cycles in which a reader takes nothing although a group is offered. In each of them a group can arrive, so
they fill the 16 places in which groups wait for the reader."""


@dataclass(frozen=True)
class Contents:
    """The contents of a core's memories, with one array per layer or connection."""

    weights: list[np.ndarray]
    backward: list[np.ndarray]
    biases: list[np.ndarray]
    generators: list[np.ndarray]
    states: list[np.ndarray]


class CoreDriver:
    """Loads, runs and reads a core through its ports.

    Parameters
    ----------
    dut
        The handle of the module in cocotb.
    geometry : Geometry
        The geometry of the specification from which the core was generated.
    manifest : dict
        The manifest of the core.
    pauses : int or None
        The seed of random pauses: each reader lets a beat wait, and so does the sender of samples before a group. With
        None nobody pauses.
    """

    def __init__(self, dut: Any, geometry: Geometry, manifest: dict[str, Any], *, pauses: int | None = None):
        self.dut = dut
        self._draw = None if pauses is None else random.Random(pauses)
        self.geometry = geometry
        self.codecs = {name: Codec(entry["payload"]) for name, entry in manifest["streams"].items()}
        self.addresses = {r.name: r.address for r in registers(geometry.specification)}
        self.traced: list[int] = []
        self._checks: list[str] = manifest.get("checks", [])

    async def start(self) -> None:
        """Start the clock and reset the core. All output streams are ready from now on."""
        dut = self.dut
        for name in ("command", "sample"):
            getattr(dut, f"{name}__valid").value = 0
            getattr(dut, f"{name}__payload").value = 0
        for name in self.codecs.keys() - {"command", "sample"}:
            getattr(dut, f"{name}__ready").value = 1
        dut.rst.value = 1
        # In the simulator, not in Python: it takes half the time, and nothing is driven or sampled at the rising edge.
        Clock(dut.clk, PERIOD, unit="ns", impl="gpi").start(start_high=False)
        for _ in range(3):
            await FallingEdge(dut.clk)
        dut.rst.value = 0
        await FallingEdge(dut.clk)

    async def reset(self) -> None:
        """Reset the core for one cycle, whatever it is doing. Nothing is offered to the core during the reset."""
        for name in ("command", "sample"):
            getattr(self.dut, f"{name}__valid").value = 0
        self.dut.rst.value = 1
        await FallingEdge(self.dut.clk)
        self.dut.rst.value = 0
        await FallingEdge(self.dut.clk)

    def violated(self) -> list[str]:
        """Return the names of the checks in the core that were violated. A core without checks has none."""
        return violated_names(self._checks, str(self.dut.violations.value)) if self._checks else []

    @property
    def now(self) -> int:
        """The number of the clock cycle. A cycle begins at a falling edge."""
        return int(get_sim_time("ns")) // PERIOD

    @property
    def listing_cycles(self) -> int:
        """The cycles from the last group of a sample until the core knows that all column lanes have listed it."""
        return listing_cycles(self.geometry)

    # --- streams

    async def send(self, name: str, payload: int) -> None:
        """Send one beat into a stream, and return at the falling edge after it was taken.

        If the core does not stall, this function waits for one edge only. `ready` is known at the falling edge, because
        it depends on registers alone.
        """
        valid, ready = getattr(self.dut, f"{name}__valid"), getattr(self.dut, f"{name}__ready")
        getattr(self.dut, f"{name}__payload").value = payload
        valid.value = 1
        while not ready.value:
            await RisingEdge(ready)
            await FallingEdge(self.dut.clk)
        await FallingEdge(self.dut.clk)
        valid.value = 0

    async def receive(self, name: str, count: int) -> list[int]:
        """Return the next `count` beats of a stream."""
        return [await self._beat(name) for _ in range(count)]

    async def collect_trace(self) -> None:
        """Append every beat of the trace to `traced`. This function never returns."""
        while True:
            self.traced.append(await self._beat("trace"))

    async def _beat(self, name: str) -> int:
        """Take the next beat of a stream. While the stream has none, this function does not wake up.

        The logic of a netlist may glitch within a time step, so `valid` counts at the falling edge only. A beat that
        waits must not change.
        """
        valid, ready, payload = (getattr(self.dut, f"{name}__{end}") for end in ("valid", "ready", "payload"))
        fall, pause = FallingEdge(self.dut.clk), self._pause()
        if pause:
            ready.value = 0
        while not valid.value:
            await RisingEdge(valid)
            await fall
        beat = int(payload.value)
        if pause:
            for _ in range(pause):
                await fall
            if not valid.value or int(payload.value) != beat:
                raise RuntimeError(f"stream {name}: a beat that waited has changed or is gone")
            ready.value = 1
        await fall
        return beat

    def _pause(self) -> int:
        """Return how many cycles to pause: none in every second case, a few, or now and then many."""
        if self._draw is None or self._draw.random() < 0.5:
            return 0
        return LONG_PAUSE if self._draw.random() < 0.05 else self._draw.randint(1, 6)

    # --- commands

    async def write(self, space: Space, address: int, words: Sequence[int], *, column: int = 0, lane: int = 0) -> None:
        """Write one group of words."""
        payload = self.codecs["command"].pack(
            write=1, space=space.value, column=column, lane=lane, address=address, words=words
        )
        await self.send("command", payload)

    async def read(self, space: Space, address: int, count: int, *, column: int = 0, lane: int = 0) -> np.ndarray:
        """Read `count` groups of words, int64 (count, words per group).

        At first the response is not ready, until all groups or as many as can wait have arrived, because no word may be
        lost while it waits. Then it is always ready.
        """
        payload = self.codecs["command"].pack(space=space.value, column=column, lane=lane, address=address, count=count)
        return self.codecs["response"].unpack(await self._ask(payload, count), "words")

    async def _ask(self, payload: int, count: int) -> list[int]:
        """Send a command that reads, and return its `count` responses."""
        self.dut.response__ready.value = 0
        await self.send("command", payload)
        while not self.dut.response__valid.value:
            await RisingEdge(self.dut.response__valid)
            await FallingEdge(self.dut.clk)
        await Timer(min(count, _RELUCTANCE) * PERIOD, "ns")
        await FallingEdge(self.dut.clk)
        self.dut.response__ready.value = 1
        return await self.receive("response", count)

    async def write_register(self, name: str, value: int) -> None:
        """Write a register by its name."""
        codec = self.codecs["command"]
        payload = codec.pack(write=1, space=Space.REGISTER.value, address=self.addresses[name])
        # A register is wider than a word. Its value lies in the lowest bits of the whole group.
        await self.send("command", payload | value << codec.offset("words"))

    async def read_register(self, name: str) -> int:
        """Read a register by its name."""
        await self.send("command", self.codecs["command"].pack(space=0, address=self.addresses[name], count=1))
        (beat,) = await self.receive("response", 1)
        return beat & ((1 << REGISTER_BITS) - 1)

    async def read_registers(self, names: Sequence[str]) -> dict[str, int]:
        """Read registers with consecutive addresses in one command. `names` are in the order of the addresses. As in
        :meth:`read`, the response is not ready at first."""
        words = await self.read_register_words(len(names), self.addresses[names[0]])
        return dict(zip(names, words, strict=True))

    async def read_register_words(self, count: int, address: int = 0) -> list[int]:
        """Read the words at `count` addresses of registers, from `address` on, as :meth:`read_registers` does."""
        payload = self.codecs["command"].pack(space=0, address=address, count=count)
        return [beat & ((1 << REGISTER_BITS) - 1) for beat in await self._ask(payload, count)]

    # --- whole memories

    async def load(self, network: Network) -> None:
        """Load all weights, biases and generators of a network."""
        mask = (1 << self.word_bits) - 1
        await self.load_weights(network)
        for space, values in ((Space.BIAS, network.biases), (Space.GENERATOR, network.generators)):
            for edge in self.edges:
                for address, words in enumerate((neuron_words(self.geometry, edge, values) & mask).tolist()):
                    await self.write(space, address, words, column=int(edge == "column"))

    async def load_weights(self, network: Network) -> None:
        """Load the weights of a network, with one command directly after the other."""
        mask = (1 << self.word_bits) - 1
        for lane, column in enumerate(weight_words(self.geometry, [*network.weights, *network.backward]) & mask):
            for address, words in enumerate(column.tolist()):
                await self.write(Space.WEIGHT, address, words, lane=lane)

    async def read_back(self) -> Contents:
        """Return everything that learning changes, and the states."""
        bits = self.geometry.specification.formats.weight_bits
        state_bits = self.geometry.specification.formats.state_bits
        words = [
            await self.read(Space.WEIGHT, 0, self.geometry.weight_words, lane=lane)
            for lane in range(self.geometry.cols)
        ]
        weights = weights_of(self.geometry, sign_extend(np.stack(words)[:, :, : self.geometry.rows], bits))
        biases, generators, states = [
            await self._read_neurons(space) for space in (Space.BIAS, Space.GENERATOR, Space.STATE)
        ]
        connections = len(self.geometry.connections)
        return Contents(
            weights[:connections],
            weights[connections:],
            [sign_extend(values, bits) for values in biases],
            generators,
            [values & ((1 << state_bits) - 1) for values in states],
        )

    @property
    def edges(self) -> list[Edge]:
        """The edges with neurons."""
        return ["row", "column"] if self.geometry.layers("column") else ["row"]

    @property
    def word_bits(self) -> int:
        """The number of bits of the word of a lane."""
        field = next(f for f in self.codecs["response"].payload["fields"] if f["name"] == "words")
        return field["bits"] // field["length"]

    async def _read_neurons(self, space: Space) -> list[np.ndarray]:
        """Return one array per layer with the words of its neurons in a memory."""
        found: dict[str, np.ndarray] = {"row": np.zeros((0, 1), np.int64), "column": np.zeros((0, 1), np.int64)}
        for edge in self.edges:
            count = self.geometry.neuron_words(edge)
            lanes = self.geometry.rows if edge == "row" else self.geometry.cols
            # The first group is read on its own, to test a command that reads only one group.
            parts = [(0, 1), (1, count - 1)] if count > 1 else [(0, 1)]
            groups = [await self.read(space, start, some, column=int(edge == "column")) for start, some in parts]
            found[edge] = np.ascontiguousarray(np.concatenate(groups)[:, :lanes])
        return neurons_of(self.geometry, found["row"], found["column"])

    async def send_sample(self, inputs: np.ndarray, label: int, *, zeros: bool = False) -> None:
        """Send the groups of inputs of a sample. Groups of zeros are left out, unless `zeros` is set."""
        lanes = self.geometry.cols
        groups = np.zeros(self.geometry.slots(0) * lanes, np.int64)
        groups[: len(inputs)] = inputs
        groups = groups.reshape(-1, lanes)
        slots = list(range(len(groups))) if zeros else np.flatnonzero(groups.any(axis=1)).tolist() or [0]
        codec = self.codecs["sample"]
        for slot in slots:
            last = slot == slots[-1]
            values = groups[slot].tolist()
            for _ in range(self._pause()):
                await FallingEdge(self.dut.clk)
            await self.send("sample", codec.pack(last=int(last), label=label, slot=slot, values=values))
