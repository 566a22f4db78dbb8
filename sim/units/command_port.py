"""Bench of the command port: commands of every kind, one after the other, which wait for their turn and whose words
wait for the reader. Words that are read change in every cycle, so a word of the wrong cycle is found."""

from typing import Any

from ceprop.hdl.cell.synapse import load_stage
from ceprop.hdl.control.command_port import CommandPort
from ceprop.hdl.control.response_collector import ReadLatencies
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.hdl.lanes.messages import Messages, Operation, Space
from ceprop.hdl.lanes.stages import lane_stages
from ceprop.sim.units.cell import Cell
from ceprop.specification import REGISTER_BITS, Edge, Geometry

LATENCIES = ReadLatencies(weight=9, row=4, column=6)
REGISTER_LATENCY = 11
"""The bench works with any latencies."""

_COMMANDS = 160
_WITHOUT_A_PAUSE = 12
"""Groups for which there is room while the first one is on its way."""
_ADDRESS = ("lane", "base", "index", "layer", "space")
"""Fields of messages that select a word. The others ask for something."""


def command_port_of(geometry: Geometry) -> CommandPort:
    """Return a command port."""
    return CommandPort(geometry, LATENCIES, REGISTER_LATENCY)


async def bench_command_port(cell: Cell) -> None:
    """Send commands with random fields. After each of them the port must be idle, with nothing left on any wire."""
    for _ in range(_COMMANDS):
        command = _random_command(cell)
        cycles, begin = _stimulus(cell, command)
        outputs = await cell.play(cycles, undefined=("response__payload",))
        run = _Run(cell, command, cycles, outputs, begin)
        run.check_turn()
        run.check_messages()
        if command["write"]:
            run.check_words()
        else:
            run.check_responses()


def _random_command(cell: Cell) -> dict[str, int]:
    """Return the fields of a command, apart from its words."""
    random, geometry = cell.random, cell.geometry
    space = random.choice(list(Space))
    edges: list[Edge] = ["row", "column"] if geometry.layers("column") else ["row"]
    edge = random.choice(edges)
    words = geometry.weight_words if space is Space.WEIGHT else geometry.neuron_words(edge)
    address = random.randrange(words if space is not Space.REGISTER else 8)
    # More groups than can wait for the reader.
    most = 24 if geometry.memory_ports == 2 else 4
    return {
        "write": random.getrandbits(1),
        "space": space.value,
        "column": int(edge == "column"),
        "lane": random.randrange(geometry.cols),
        "address": address,
        "count": random.randint(1, 4 if space is Space.REGISTER else max(1, min(most, words - address))),
    }


def _stimulus(cell: Cell, command: dict[str, int]) -> tuple[list[dict[str, Any]], int]:
    """Return the inputs of all cycles of a command, and the cycle in which it is taken."""
    random, geometry = cell.random, cell.geometry
    words = random.getrandbits(Ports(geometry).words.size)
    begin, eager = random.choice((0, 0, random.randint(1, 4))), random.choice((0.0, 0.5, 1.0))
    length = begin + 40 + 2 * (geometry.rows + geometry.cols)
    if not command["write"]:
        length += 2 * command["count"] * (REGISTER_LATENCY + 6)
    cycles = []
    for now in range(length):
        # At the end the reader takes everything.
        ready = now > length // 2 or random.random() < eager
        cycle: dict[str, Any] = {
            "command__valid": int(now <= begin),
            "turn__allowed": int(now >= begin),
            "response__ready": int(ready),
            "registers__value": random.getrandbits(REGISTER_BITS),
        }
        if now <= begin:
            cycle["command__payload"] = command | {"words": words}
        for edge, lanes in (("row", geometry.rows), ("column", geometry.cols)):
            for lane in range(lanes):
                cycle[f"{edge}__read__{lane}"] = random.getrandbits(Messages(geometry).word_bits)
        cycles.append(cycle)
    return cycles, begin


class _Run:
    """What a command did: its inputs and outputs in every cycle, and the cycle `begin` in which it was taken."""

    def __init__(
        self,
        cell: Cell,
        command: dict[str, int],
        cycles: list[dict[str, Any]],
        outputs: list[dict[str, int]],
        begin: int,
    ):
        self.cell, self.geometry = cell, cell.geometry
        self.command, self.cycles, self.outputs, self.begin = command, cycles, outputs, begin
        self.space, self.words = Space(command["space"]), cycles[begin]["command__payload"]["words"]
        self.edges: list[Edge] = ["row", "column"]
        idle = [now for now, output in enumerate(outputs) if now > begin + 1 and output["turn__idle"]]
        self.end = idle[0] if idle else len(outputs)
        """The first cycle, behind the one after it was taken, in which the port is idle again."""

    def equal(self, now: int | str, port: str, found: Any, expected: Any) -> None:
        """Compare an output in a cycle, or what was gathered of it."""
        if found != expected:
            what = f"{self.command} of {self.words:#x}, taken in {self.begin}, cycle {now}, {port}"
            self.cell.equal(what, found, expected)

    def field(self, now: int, port: str) -> Any:
        """Return an output of a cycle as a number, or as its fields."""
        return self.cell.output(self.outputs[now], port)

    def check(self, now: int, port: str, expected: int) -> None:
        """Compare an output that is one unsigned number."""
        self.equal(now, port, self.outputs[now][port], expected)

    def check_turn(self) -> None:
        """A command is taken when it may begin, and the port is busy from then on until the end."""
        for now, cycle in enumerate(self.cycles):
            idle = int(not self.begin < now < self.end)
            self.check(now, "turn__idle", idle)
            self.check(now, "turn__offered", cycle["command__valid"])
            self.check(now, "command__ready", idle & cycle["turn__allowed"])
            busy = int(self.begin < now - 1 < self.end)
            self.check(now, "messages__busy", busy)
        self.equal("last", "turn__idle", self.end < len(self.cycles), True)
        if self.command["write"]:
            stages = lane_stages(self.geometry).address + load_stage(self.geometry.memory_ports)
            held = 4 + stages + max(self.geometry.rows, self.geometry.cols)
            taken = 3 if self.space is Space.REGISTER else 3 + held
            self.equal("last", "turn__idle", self.end - self.begin, taken)

    def check_messages(self) -> None:
        """One message per group. In any other cycle every message is zero."""
        ports = [port for port in self.outputs[0] if port.startswith("messages__") and port != "messages__busy"]
        write, of_register = self.command["write"], self.space is Space.REGISTER
        self.reads: list[int] = []
        for now, output in enumerate(self.outputs):
            sent = [port for port in ports if output[port]]
            if write and now == self.begin + 2:
                self._check_message(now, ports, 0)
            elif not write and not of_register and sent:
                self._check_message(now, ports, len(self.reads))
                self.reads.append(now)
            elif sent:
                self.equal(now, sent[0], output[sent[0]], 0)
        if not write and not of_register:
            self.equal("of all", "messages", len(self.reads), self.command["count"])
            eager = all(cycle["response__ready"] for cycle in self.cycles)
            if eager and self.geometry.memory_ports == 2 and self.command["count"] <= _WITHOUT_A_PAUSE:
                first = self.begin + 2
                self.equal("of all", "messages", self.reads, list(range(first, first + self.command["count"])))

    def _check_message(self, now: int, ports: list[str], number: int) -> None:
        """Compare the messages of a group. A message that asks for nothing may have any address."""
        right = self._message(number)
        for port in ports:
            fields = {name: 0 for name in self.field(now, port) if name not in _ADDRESS} | right.get(port, {})
            found = self.field(now, port)
            self.equal(now, port, {name: found[name] for name in fields}, fields)

    def _message(self, number: int) -> dict[str, dict[str, int]]:
        """Return the messages of a group, with the fields that matter."""
        write, bits = self.command["write"], self.geometry.row_slot_bits
        address = self.command["address"] + number
        if self.space is Space.REGISTER:
            return {}
        if self.space is Space.WEIGHT:
            tile = {"load": write, "sum": 1 - write, "read": 1 - write}
            return {
                "messages__tile": tile | {"index": 0, "lane": self.command["lane"], "base": address >> bits},
                "messages__row_source": {"sum": 1 - write, "index": address & ((1 << bits) - 1)},
                "messages__row_sum": {"read": 1 - write},
            }
        edge: Edge = "column" if self.command["column"] else "row"
        operation = Operation.WRITE if write else Operation.READ
        step = {"operation": operation.value, "space": self.space.value}
        index_bits = self.geometry.slot_bits(edge)
        step |= {"index": address & ((1 << index_bits) - 1), "layer": address >> index_bits}
        return {f"messages__{edge}_step": step, "messages__row_source": {"sum": 1 - write}}

    def check_words(self) -> None:
        """Every lane has its word while the command is at work, later by the hops of the message; otherwise zero. A
        register is written in one cycle, and its word stays for one more."""
        word_bits, late = Messages(self.geometry).word_bits, 0
        for lane in range(max(self.geometry.rows, self.geometry.cols)):
            late += self.geometry.hop_registers(lane) if lane else 0
            word = self.words >> (lane * word_bits) & ((1 << word_bits) - 1)
            first, last = self.begin + 2 + late, self.end + late
            for edge, lanes in (("row", self.geometry.rows), ("column", self.geometry.cols)):
                for now in range(len(self.outputs) if lane < lanes else 0):
                    held = self.space is not Space.REGISTER and first <= now < last
                    port = f"{edge}__written__{lane}"
                    self.check(now, port, word if held else 0)
        for now in range(len(self.outputs)):
            here = self.space is Space.REGISTER and now == self.begin + 1
            self.check(now, "registers__write", int(here))
        if self.space is Space.REGISTER:
            for now in (self.begin + 1, self.begin + 2):
                self.check(now, "registers__address", self.command["address"])
                word = self.words & ((1 << REGISTER_BITS) - 1)
                self.check(now, "registers__word", word)

    def check_responses(self) -> None:
        """The groups that were read come out once and in order, each with the words of its cycle."""
        right = self._values() if self.space is Space.REGISTER else [self._group(now) for now in self.reads]
        found = [
            self.field(now, "response__payload")["words"]
            for now, cycle in enumerate(self.cycles)
            if self.outputs[now]["response__valid"] and cycle["response__ready"]
        ]
        for number, (group, expected) in enumerate(zip(found, right, strict=False)):
            self.equal(f"of group {number}", "response__payload", group, expected)
        self.equal("last", "response__valid", len(found), self.command["count"])
        for now in range(len(self.outputs)):
            self.check(now, "registers__write", 0)

    def _values(self) -> list[int]:
        """Return the values of the registers that were read. A value is taken in the first cycle with the next address,
        and not before the bank has found it."""
        shown = [self.field(now, "registers__address") for now in range(self.begin + 1, len(self.outputs))]
        address, found = self.command["address"], []
        for number in range(self.command["count"] + 1):
            self.equal(f"of group {number}", "registers__address", address + number in shown, True)
        for number in range(self.command["count"]):
            first, taken = (self.begin + 1 + shown.index(address + k) for k in (number, number + 1))
            self.equal(taken, "registers__address", taken - first >= REGISTER_LATENCY, True)
            found.append(self.cycles[taken]["registers__value"])
        return found

    def _group(self, now: int) -> int:
        """Return the words that arrive for a message in cycle `now`."""
        edge: Edge = "column" if self.command["column"] and self.space is not Space.WEIGHT else "row"
        latency = LATENCIES.weight if self.space is Space.WEIGHT else getattr(LATENCIES, edge)
        lanes, bits = (self.geometry.rows if edge == "row" else self.geometry.cols), Messages(self.geometry).word_bits
        arrived = self.cycles[min(now + latency, len(self.cycles) - 1)]
        return sum(arrived[f"{edge}__read__{lane}"] << (lane * bits) for lane in range(lanes))
