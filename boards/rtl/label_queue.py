"""The labels of the samples in the core, each compared with the prediction of its sample."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from ceprop.hdl.io.stream_payloads import Ports
from ceprop.specification import Geometry


class LabelQueue(wiring.Component):
    """A FIFO of labels.

    Parameters
    ----------
    geometry : Geometry
        The network's.
    samples : int
        Samples that the core holds at most.

    Members
    -------
    sent, label : In
        The last group of a sample is taken by the core, with its label.
    finished, prediction : In
        The core gives the result of the oldest sample.
    wrong : Out
        The prediction is not the label.
    """

    sent: Signal
    label: Signal
    finished: Signal
    prediction: Signal
    wrong: Signal

    def __init__(self, geometry: Geometry, samples: int):
        ports = Ports(geometry)
        self._samples = samples
        label, prediction = ports.sample["label"].shape, ports.result["prediction"].shape
        super().__init__(
            {"sent": In(1), "label": In(label), "finished": In(1), "prediction": In(prediction), "wrong": Out(1)}
        )

    def elaborate(self, platform: object) -> Module:
        """Written with each sample, read with each result."""
        m = Module()
        m.submodules.labels = labels = SyncFIFO(width=len(self.label), depth=self._samples)
        m.d.comb += [
            labels.w_en.eq(self.sent),
            labels.w_data.eq(self.label),
            labels.r_en.eq(self.finished),
            self.wrong.eq(labels.r_data != self.prediction),
        ]
        return m
