"""Bodies become frames: CRC added, COBS done in place, zeros around."""

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ceprop.boards.protocol import CRC_BYTES
from ceprop.boards.rtl.crc import Crc
from ceprop.boards.rtl.signatures import REPLY_BYTE
from ceprop.hdl.devices.named_ports import read_port, write_port

_FRAME_BYTES = 256
"""Bytes of the longest frame, and one more."""


class FrameSender(wiring.Component):
    """Sends one frame after the other, and takes no byte of the next frame before one is sent::

        TAKE for every byte ─► (CRC ─► PUT ─► PUTTING) for four bytes ─► CLOSE ─►
        (FETCH ─► WAIT ─► SEND) for every byte ─► END ─► TAKE

    Members
    -------
    body : In, stream
        Bytes of a body, at most `HEAD_BYTES + LONGEST_PAYLOAD`.
    bytes : Out, stream
        To the transport.
    """

    BUFFER_BITS = 8 * _FRAME_BYTES
    """Bits of the memory for the frame."""

    body: stream.Interface
    bytes: stream.Interface

    def __init__(self):
        super().__init__({"body": In(stream.Signature(REPLY_BYTE)), "bytes": Out(stream.Signature(8))})

    def elaborate(self, platform: object) -> Module:
        """A memory for the frame. In COBS each zero becomes the distance to the next one, so a zero's place is kept
        until the next one is known."""
        m = Module()
        m.submodules.buffer = buffer = Memory(shape=unsigned(8), depth=_FRAME_BYTES, init=[])
        m.submodules.check = check = Crc()
        write, read = write_port(buffer), read_port(buffer)
        place, open_place = Signal(8, name="place", init=1), Signal(8, name="open_place")
        put, byte, distance = Signal(name="put"), Signal(8, name="byte"), Signal(8, name="distance")
        crc_byte = Signal(range(CRC_BYTES), name="crc_byte")
        position, ended, outgoing = Signal(8, name="position"), Signal(name="ended"), Signal(8, name="outgoing")
        m.d.comb += [read.addr.eq(position), read.en.eq(1), check.byte.eq(self.body.payload.byte)]
        # A byte is put a cycle after it was taken, and there are cycles between two of them.
        m.d.sync += [put.eq(0), byte.eq(self.body.payload.byte)]
        m.d.sync += [outgoing.eq(read.data), distance.eq(place - open_place), ended.eq(position == place - 1)]
        with m.If(put):
            m.d.sync += place.eq(place + 1)
            m.d.comb += [write.en.eq(1), write.addr.eq(place), write.data.eq(byte)]
            with m.If(byte == 0):
                m.d.comb += [write.addr.eq(open_place), write.data.eq(distance)]
                m.d.sync += open_place.eq(place)
        with m.FSM():
            with m.State("TAKE"):
                m.d.comb += self.body.ready.eq(check.idle)
                with m.If(self.body.valid & check.idle):
                    m.d.comb += check.valid.eq(1)
                    m.d.sync += put.eq(1)
                    with m.If(self.body.payload.last):
                        m.next = "CRC"
            with m.State("CRC"), m.If(check.idle):
                m.d.sync += [put.eq(1), byte.eq(check.crc.word_select(crc_byte, 8)), crc_byte.eq(crc_byte + 1)]
                m.next = "PUT"
            with m.State("PUT"):
                m.next = "PUTTING"
            with m.State("PUTTING"):
                m.next = "CRC"
                with m.If(crc_byte == 0):
                    m.next = "CLOSE"
            with m.State("CLOSE"):
                m.d.comb += [
                    check.start.eq(1),
                    write.en.eq(1),
                    write.addr.eq(open_place),
                    write.data.eq(distance),
                    self.bytes.valid.eq(1),
                ]
                with m.If(self.bytes.ready):
                    m.next = "FETCH"
            self._add_send_states(m, position, outgoing, ended)
            with m.State("END"):
                m.d.comb += self.bytes.valid.eq(1)
                m.d.sync += [place.eq(1), open_place.eq(0), position.eq(0)]
                with m.If(self.bytes.ready):
                    m.next = "TAKE"
        return m

    def _add_send_states(self, m: Module, position: Signal, outgoing: Signal, ended: Signal) -> None:
        """FETCH, WAIT, SEND for every byte of the frame: the memory's byte comes two cycles after its address."""
        with m.State("FETCH"):
            m.next = "WAIT"
        with m.State("WAIT"):
            m.next = "SEND"
        with m.State("SEND"):
            m.d.comb += [self.bytes.valid.eq(1), self.bytes.payload.eq(outgoing)]
            with m.If(self.bytes.ready):
                m.d.sync += position.eq(position + 1)
                m.next = "FETCH"
                with m.If(ended):
                    m.next = "END"
