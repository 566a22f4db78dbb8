"""The status collector: what a step found over all lanes and slots, and the prediction of the step before."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ceprop.hdl.checks import check
from ceprop.hdl.delay import delay
from ceprop.hdl.lanes.messages import Messages
from ceprop.hdl.lanes.signatures import EdgeStatus
from ceprop.hdl.typing import Fields, Interface
from ceprop.specification import Edge, Geometry

_BEST = ("changed", "aperiodic", "found", "tie", "largest", "remaining")
"""Fields of a status that are gathered over the slots of a step."""


def found_layout(geometry: Geometry) -> data.StructLayout:
    """What a step found, once it is `complete`: whether any state `changed`, whether any differs from the state before
    the last one (`aperiodic`), the prediction with its tie, and both of the step before."""
    prediction = unsigned(Messages(geometry).remaining_bits)
    return data.StructLayout(
        {
            "complete": unsigned(1),
            "changed": unsigned(1),
            "aperiodic": unsigned(1),
            "prediction": prediction,
            "tie": unsigned(1),
            "prediction_before": prediction,
            "tie_before": unsigned(1),
        }
    )


class StatusCollector(wiring.Component):
    """Gathers the status messages of both edges.

    Latency: one cycle from the last status to `found.complete`, two to the prediction. Throughput: one status per edge
    and cycle.

    Members
    -------
    start : In
        A step begins. Its first status comes at least two cycles later; what the step before found is valid until then.
    columns : In
        In alternating order, the step is one of the column edge, from the cycle after `start` on. The prediction is
        that of the last step of the edge with the output layer.
    whole : In
        In alternating order, the step is one of both edges, from the cycle after `start` on.
    row, column : In
        From the edges.
    found : Out
        What the step found, :func:`found_layout`.
    changed, active : Out, arrays
        Lengths of the longest lists of units, layers 1..L.
    """

    start: Signal
    columns: Signal
    whole: Signal
    row: Interface
    column: Interface
    found: Fields
    changed: list[Signal]
    active: list[Signal]

    def __init__(self, geometry: Geometry):
        self.geometry = geometry
        messages, layers = Messages(geometry), len(geometry.connections)
        length = max(messages.list_bits("row"), messages.list_bits("column"))
        super().__init__(
            {
                "start": In(1),
                "columns": In(1),
                "whole": In(1),
                "row": In(EdgeStatus(geometry, "row")),
                "column": In(EdgeStatus(geometry, "column")),
                "found": Out(found_layout(geometry)),
                "changed": Out(length).array(layers),
                "active": Out(length).array(layers),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Cleared by the start of a step, then gathered from each edge."""
        m = Module()
        classes = self.geometry.specification.classes
        shape = self.row.status.shape()
        best: Fields = Signal(data.StructLayout({name: shape[name].shape for name in _BEST}), name="best")
        before: Fields = Signal(data.StructLayout({"prediction": len(self.found.prediction), "tie": 1}), name="before")
        status: dict[Edge, Fields] = {"row": self.row.status, "column": self.column.status}
        ended: dict[Edge, Signal] = {
            edge: Signal(name=f"{edge}_ended") for edge in status if self.geometry.layers(edge)
        }
        started = Signal(name="started")
        m.d.sync += started.eq(self.start)
        outputs = self.geometry.edge(len(self.geometry.specification.layers) - 1)
        all_ended, ranks = Value.cast(Cat(*ended.values())).all(), Value.cast(Const(1))
        if self.geometry.specification.alternating:
            all_ended = Mux(self.whole, all_ended, Mux(self.columns, ended["column"], ended["row"]))
            ranks = self.columns == (outputs == "column")
        with m.If(started):
            m.d.sync += [best.changed.eq(0), best.aperiodic.eq(0), *(seen.eq(0) for seen in ended.values())]
            with m.If(ranks):
                m.d.sync += [best[name].eq(0) for name in ("found", "tie", "largest", "remaining")]
                m.d.sync += [before.prediction.eq(classes - best.remaining), before.tie.eq(best.tie)]
        check(m, "status_in_the_cycle_that_clears", started & (self.row.status.valid | self.column.status.valid))
        for edge in ended:
            self._gather(m, edge, status[edge], best, ended[edge])
        self._rank(m, status[outputs], best)
        m.d.comb += [
            self.found.complete.eq(all_ended),
            self.found.changed.eq(best.changed),
            self.found.aperiodic.eq(best.aperiodic),
            self.found.prediction.eq(classes - best.remaining),
            self.found.tie.eq(best.tie),
            self.found.prediction_before.eq(before.prediction),
            self.found.tie_before.eq(before.tie),
        ]
        return m

    def _gather(self, m: Module, edge: Edge, status: Fields, best: Fields, ended: Signal) -> None:
        """Any change, any difference, the end of the edge; the lengths of the lists of a layer with its last slot."""
        with m.If(status.valid):
            with m.If(status.last):
                m.d.sync += ended.eq(1)
            with m.If(status.changed):
                m.d.sync += best.changed.eq(1)
            with m.If(status.aperiodic):
                m.d.sync += best.aperiodic.eq(1)
            with m.If(status.layer_last), m.Switch(status.layer):
                for layer in self.geometry.layers(edge):
                    with m.Case(self.geometry.edge_number(layer)):
                        m.d.sync += [
                            self.changed[layer - 1].eq(status.changed_most),
                            self.active[layer - 1].eq(status.active_most),
                        ]

    def _rank(self, m: Module, status: Fields, best: Fields) -> None:
        """The lowest index among the largest outputs: slots arrive by rising index, so an equal output never replaces
        the one that was found. One cycle later than the rest, because the prediction is not needed earlier."""
        ranked = delay(m, status, 1, "competing")
        competes = Signal(name="competes")
        m.d.sync += competes.eq(status.valid & status.found)
        with m.If(competes):
            with m.If(~best.found | (ranked.largest > best.largest)):
                m.d.sync += [
                    best.found.eq(1),
                    best.largest.eq(ranked.largest),
                    best.remaining.eq(ranked.remaining),
                    best.tie.eq(ranked.tie),
                ]
            with m.Elif(ranked.largest == best.largest):
                m.d.sync += best.tie.eq(1)
