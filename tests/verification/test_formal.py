"""Each property holds, and a part with a planted fault refutes it."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from amaranth.hdl import Module, Mux, Signal, Value, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ceprop.boards.rtl.requests import dispatcher
from ceprop.boards.rtl.requests.parts import DispatcherParts
from ceprop.hdl.neuron import activation, state_update
from ceprop.hdl.streams import stream_of
from ceprop.hdl.typing import Interface
from ceprop.verification.formal import PROPERTIES, Property, UndecidedError, arithmetic, proof, prove, streams

NUDGED = 28
"""A seed whose edge has the output layer."""


class Dropping(wiring.Component):
    """A register between two ends of a stream that takes a payload although the one before still waits."""

    source: Interface
    target: Interface

    def __init__(self, *shape: Any, **options: Any):
        form = stream_of(unsigned(3))
        super().__init__({"source": In(form), "target": Out(form)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        source, target = self.source, self.target
        m.d.comb += source.ready.eq(1)
        m.d.sync += [
            target.valid.eq(source.valid | (target.valid & ~target.ready)),
            target.payload.eq(Mux(source.valid, source.payload, target.payload)),
        ]
        return m


class Unsynchronised(Dropping):
    """A crossing that offers a payload in the cycle in which it comes, and has no handshake."""

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += [self.source.ready.eq(self.target.ready)]
        m.d.target += [self.target.valid.eq(self.source.valid), self.target.payload.eq(self.source.payload)]
        return m


def _wraps(value: Value, bits: int) -> Value:
    return Mux(value[-1], 0, value[:bits])


def _never_beyond(value: Value, bits: int) -> tuple[Any, Any]:
    return value[:bits], Value.cast(0)


def _patch(target: object, name: str, fault: object) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda monkeypatch: monkeypatch.setattr(target, name, fault)


def _keep_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """A splitter that never drops the rest of a byte."""

    class Keeping(streams.GranuleSplitter):
        def elaborate(self, platform: object) -> Module:
            real, self.drop = self.drop, Signal(name="never")
            m = super().elaborate(platform)
            self.drop = real
            return m

    monkeypatch.setattr(streams, "GranuleSplitter", Keeping)


def _lose_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """A FIFO that is told of room that it has not."""

    class Small(streams.Fifo):
        def elaborate(self, platform: object) -> Module:
            depth, self.depth = self.depth, 1
            m = super().elaborate(platform)
            self.depth = depth
            return m

    monkeypatch.setattr(streams, "Fifo", Small)


def _answer_no_damaged_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dispatcher that is done with a damaged frame without a reply."""
    real = dispatcher.add_head_states

    def add_head_states(m: Module, parts: DispatcherParts) -> None:
        refuse = parts.refuse
        object.__setattr__(parts, "refuse", lambda m, _: setattr(m, "next", "END"))
        real(m, parts)
        object.__setattr__(parts, "refuse", refuse)

    monkeypatch.setattr(dispatcher, "add_head_states", add_head_states)


Fault = Callable[[pytest.MonkeyPatch], None]
FAULTS: dict[tuple[str, int], Fault] = {
    ("clipping", 0): _patch(arithmetic, "clip", _wraps),
    ("saturation", 0): _patch(arithmetic, "saturate", _never_beyond),
    ("new_state", 25): _patch(activation, "clip", _wraps),
    ("new_state", NUDGED): _patch(state_update, "LARGEST_NUDGE_SHIFT", 3),
    ("pipeline_register", 0): _patch(streams, "PipelineRegister", Dropping),
    ("fifo", 0): _lose_a_word,
    ("granule_splitter", 1): _keep_the_rest,
    ("stream_crossing", 0): _patch(streams, "StreamCrossing", Unsynchronised),
    ("replies", 0): _answer_no_damaged_frame,
}
"""For a property, and a seed whose form the fault changes: a fault in the part."""


def drawn(name: str, seed: int) -> Property:
    return PROPERTIES[name](random.Random(seed))


def test_every_property_has_a_fault() -> None:
    assert {name for name, _ in FAULTS} == set(PROPERTIES)


@pytest.mark.parametrize(("name", "seed"), FAULTS)
def test_holds(name: str, seed: int) -> None:
    found = prove(drawn(name, seed))
    assert found.refuted is None
    assert found.cycles > 0


@pytest.mark.parametrize(("name", "seed"), FAULTS)
def test_a_fault_refutes_it(name: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    FAULTS[name, seed](monkeypatch)
    assert prove(drawn(name, seed)).refuted is not None


def test_no_result_in_time_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "_DEEPEST", 2)
    with pytest.raises(UndecidedError, match="pipeline register: yosys comes to no result within 2 cycles"):
        prove(drawn("pipeline_register", 0))
