"""Bytes of a transport become frames: COBS undone, CRC checked, and whole frames kept until they are carried out."""

from amaranth.hdl import Array, Cat, Module, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ceprop.boards.protocol import CRC_BYTES, HEAD_BYTES, LONGEST_BODY, WINDOW
from ceprop.boards.rtl.crc import Crc
from ceprop.boards.rtl.signatures import FrameInterface, FrameSignature
from ceprop.hdl.devices.named_ports import read_port, write_port

_SLOT = 256
"""Bytes of the buffer that a frame takes."""


class FrameReceiver(wiring.Component):
    """Keeps up to `WINDOW` frames; one for which there is no room is damaged.

    Members
    -------
    bytes : In, stream
        From the transport, ten cycles apart or more.
    frames : Out
        Whole frames for the dispatcher.
    """

    BUFFER_BITS = 8 * WINDOW * _SLOT
    """Bits of the memory for the frames."""

    bytes: stream.Interface
    frames: FrameInterface

    def __init__(self):
        super().__init__({"bytes": In(stream.Signature(8)), "frames": Out(FrameSignature())})

    def elaborate(self, platform: object) -> Module:
        """One memory, a slot a frame: written as bytes come, read as the body is taken."""
        m = Module()
        m.submodules.buffer = buffer = Memory(shape=unsigned(8), depth=WINDOW * _SLOT, init=[])
        full = Array(Signal(name=f"full_{k}") for k in range(WINDOW))
        lengths = Array(Signal(8, name=f"length_{k}") for k in range(WINDOW))
        self._write(m, write_port(buffer), full, lengths)
        self._read(m, read_port(buffer), full, lengths)
        return m

    def _write(self, m: Module, port, full: Array, lengths: Array) -> None:
        m.submodules.check = check = Crc()
        slot, count = Signal(range(WINDOW), name="slot"), Signal(8, name="count")
        left = Signal(8, name="left")
        started, broken = Signal(name="started"), Signal(name="broken")
        emitted, byte = Signal(name="emitted"), Signal(8, name="byte")
        taken = Signal(name="taken")
        code = left == 0
        room = ~Value.cast(full[slot]) & (count != LONGEST_BODY)
        m.d.comb += [
            self.bytes.ready.eq(check.idle),
            taken.eq(self.bytes.valid & check.idle),
            check.valid.eq(emitted & room),
            check.byte.eq(byte),
            port.addr.eq(Cat(count, slot)),
            port.data.eq(byte),
            port.en.eq(emitted & room),
        ]
        with m.If(self.frames.heard):
            m.d.sync += self.frames.damaged.eq(0)
        with m.If(emitted & room):
            m.d.sync += count.eq(count + 1)
        with m.If(emitted & ~room):
            m.d.sync += broken.eq(1)
        with m.If(taken & (self.bytes.payload == 0)):
            with m.If(started):
                whole = code & ~broken & check.matches & (count >= HEAD_BYTES + CRC_BYTES)
                with m.If(whole):
                    m.d.sync += [full[slot].eq(1), lengths[slot].eq(count - CRC_BYTES), slot.eq(slot + 1)]
                with m.Else():
                    m.d.sync += self.frames.damaged.eq(1)
            m.d.comb += check.start.eq(1)
            m.d.sync += [started.eq(0), broken.eq(0), count.eq(0), left.eq(0)]
        with m.Elif(taken & code):
            # A block's end stands for a zero, but for the last one of the frame.
            m.d.comb += emitted.eq(started)
            m.d.sync += [started.eq(1), left.eq(self.bytes.payload - 1)]
        with m.Elif(taken):
            m.d.comb += [emitted.eq(1), byte.eq(self.bytes.payload)]
            m.d.sync += left.eq(left - 1)

    def _read(self, m: Module, port, full: Array, lengths: Array) -> None:
        slot, position, loaded = Signal(range(WINDOW), name="slot"), Signal(8, name="position"), Signal(name="loaded")
        settling, taken = Signal(2, name="settling"), Signal(name="taken")
        frames = self.frames
        m.d.comb += [
            frames.waiting.eq(full[slot]),
            port.addr.eq(Cat(position, slot)),
            port.en.eq(~loaded),
            frames.body.valid.eq(loaded),
            frames.steady.eq((settling == 3) & ~taken),
        ]
        # A subtraction in one cycle and a comparison in the next keep the paths short; bytes have cycles to spare.
        m.d.sync += [frames.remaining.eq(lengths[slot] - position), frames.none.eq(frames.remaining == 0)]
        m.d.sync += [frames.body.payload.eq(port.data), taken.eq(loaded & frames.body.ready)]
        with m.If(~frames.waiting):
            m.d.sync += settling.eq(0)
        with m.Elif(settling != 3):
            m.d.sync += settling.eq(settling + 1)
        with m.If(frames.release):
            m.d.sync += [full[slot].eq(0), slot.eq(slot + 1), position.eq(0), loaded.eq(0), settling.eq(0)]
        with m.Elif(taken):
            m.d.sync += [position.eq(position + 1), settling.eq(0)]
        with m.Elif(loaded & frames.body.ready):
            m.d.sync += loaded.eq(0)
        with m.Elif(frames.steady & ~frames.none):
            m.d.sync += loaded.eq(1)
