"""The plan of a comparison of the core with the golden model: the samples, the network and the simulator."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from ceprop.hdl.devices.primitives import PORTABLE, Primitives
from ceprop.model import Network
from ceprop.sim.simulators import SimulatorName


@dataclass(frozen=True, kw_only=True, eq=False)
class ComparisonPlan:
    """The options of :func:`ceprop.sim.compare`. Every field has a default.

    Raises :class:`ValueError` for a field outside its range.

    Fields
    ------
    simulator : "verilator" or "icarus"
        The simulator.
    samples : int
        The number of training samples to run, at least 1.
    read_every : int
        The number of samples after which all memories are compared, at least 1. Between two such comparisons, each
        sample is sent while the core works on the previous one.
    learn : bool
        Whether the core learns. Otherwise it only predicts.
    skip : bool
        Whether the core skips work that changes nothing. Otherwise it lists every unit and input and executes every
        step. The bits are the same.
    trace : bool
        Whether the core has a trace stream, with which every state after every step is compared. Otherwise only the
        states at the end of a sample are compared.
    checks : bool
        Whether the core has the checks of :mod:`ceprop.hdl.checks`. Without the checks and without a trace, the
        simulated Verilog is the delivered Verilog, byte for byte.
    primitives : Primitives
        The primitives of which the cells of the core are made.
    network : Network or None
        The initial network. None stands for the initial network of the specification.
    epoch, sample : int
        The position in the training run at which the samples begin. Both are counted from 0.
    build : str, Path or None
        A folder that keeps the compiled simulation for the next comparison of the same core, and a log if the
        simulation fails. Several comparisons can use the same folder at the same time. With None, nothing is kept.
    waves : str, Path or None
        The file for waveforms (FST), or None for no waveforms.
    flip_weight_bit : bool
        Whether one bit of one weight in the core is flipped before one of the samples. The comparison must find this
        fault.
    interruptions : sequence of int, or None
        For each sample the number of cycles after which a reset interrupts it. The sample is then shown again. Each
        sample needs a comparison of all memories of its own, so `read_every` must be 1.
    rewrites : collection of int
        Samples, counted from 0 and not consecutive. While such a sample waits after at least two others, weights are
        written.
    pauses : int or None
        The seed of random pauses: the readers of the streams of the core let beats wait, and the sender waits
        before groups. Cycles are then not compared. With None nobody pauses.
    command : str
        The command that repeats the comparison, for the message about a difference.
    """

    simulator: SimulatorName = "verilator"
    samples: int = 20
    read_every: int = 1
    learn: bool = True
    skip: bool = True
    trace: bool = True
    checks: bool = True
    primitives: Primitives = PORTABLE
    network: Network | None = None
    epoch: int = 0
    sample: int = 0
    build: str | Path | None = None
    waves: str | Path | None = None
    flip_weight_bit: bool = False
    interruptions: Sequence[int] | None = None
    rewrites: Collection[int] = ()
    pauses: int | None = None
    command: str = "ceprop sim"

    def __post_init__(self) -> None:
        for name, least in (("samples", 1), ("read_every", 1), ("epoch", 0), ("sample", 0)):
            value = getattr(self, name)
            if value < least:
                raise ValueError(f"{name} = {value}: must be at least {least}")
        if self.interruptions is not None and len(self.interruptions) != self.samples:
            raise ValueError(
                f"interruptions: there are {len(self.interruptions)}, must be one for each of {self.samples}"
            )
        if self.interruptions is not None and self.read_every != 1:
            raise ValueError(f"read_every = {self.read_every}: must be 1 where resets interrupt samples")
        wrong = [k for k in self.rewrites if not 2 <= k < self.samples or k + 1 in self.rewrites]
        if wrong:
            raise ValueError(
                f"rewrites: holds {wrong[0]}; must be from 2 to {self.samples - 1}, and none next to another"
            )

    @property
    def build_folder(self) -> Path | None:
        """`build` as a path."""
        return None if self.build is None else Path(self.build)

    @property
    def wave_file(self) -> Path | None:
        """`waves` as a path."""
        return None if self.waves is None else Path(self.waves)
