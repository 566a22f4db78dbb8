"""Commands to the core, put together by the processor of the flash: a place, and a group of words."""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ceprop.boards.protocol import Address
from ceprop.boards.rtl.flash.instructions import WORD_BITS, OutPort
from ceprop.boards.rtl.group_register import GroupRegister
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.specification import Geometry

_PORTS = {
    "place": OutPort.PLACE,
    "lane": OutPort.LANE,
    "word": OutPort.WORD,
    "write": OutPort.WRITE_GROUP,
    "read": OutPort.READ_GROUP,
    "shift": OutPort.SHIFT_GROUP,
}


class CoreCommands(wiring.Component):
    """Holds a command until the core takes it.

    Members
    -------
    writes, word : In
        A bit for each of the processor's ports; and what it writes.
    sends : Out
        A command waits.
    loads : Out
        The core's answer is still to come.
    lowest : Out
        The lowest byte of the group.
    command, response : Out, In, streams
        The core's.
    """

    writes: Signal
    word: Signal
    sends: Signal
    loads: Signal
    lowest: Signal
    command: stream.Interface
    response: stream.Interface

    def __init__(self, geometry: Geometry):
        self._geometry = geometry
        ports = Ports(geometry)
        super().__init__(
            {
                "writes": In(max(OutPort) + 1),
                "word": In(WORD_BITS),
                "sends": Out(1),
                "loads": Out(1),
                "lowest": Out(8),
                "command": Out(stream.Signature(ports.command)),
                "response": In(stream.Signature(ports.response)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Registers for the place, and the group register."""
        m = Module()
        m.submodules.group = group = GroupRegister(self._geometry)
        command, writes = self.command.payload, {name: self.writes[port] for name, port in _PORTS.items()}
        space, lane = Value.cast(command.space), Value.cast(command.lane)
        with m.If(writes["place"]):
            m.d.sync += [space.eq(self.word), command.column.eq(self.word[Address.COLUMN_BIT])]
        with m.If(writes["lane"]):
            m.d.sync += lane.eq(self.word)
        with m.If(writes["word"]):
            m.d.sync += command.address.eq(self.word)
        loaded = group.loading & self.response.valid
        m.d.comb += [
            command.count.eq(1),
            Value.cast(command.words).eq(group.words),
            self.command.valid.eq(self.sends),
            self.response.ready.eq(group.loading),
            group.response.eq(self.response.payload),
            group.load.eq(self.loads & ~loaded),
            group.shift.eq(writes["shift"]),
            group.byte.eq(self.word),
            self.lowest.eq(group.bytes[0]),
        ]
        with m.If(Cat(writes["write"], writes["read"]).any()):
            m.d.sync += [self.sends.eq(1), command.write.eq(writes["write"])]
        with m.Elif(self.command.ready):
            m.d.sync += self.sends.eq(0)
        with m.If(writes["read"]):
            m.d.sync += self.loads.eq(1)
        with m.Elif(loaded):
            m.d.sync += self.loads.eq(0)
        return m
