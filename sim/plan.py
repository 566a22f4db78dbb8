"""What a comparison of the core with the golden model is to run: which samples, from where, on which simulator."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from ceprop.hdl.devices.primitives import PORTABLE, Primitives
from ceprop.model import Network
from ceprop.sim.simulators import SimulatorName


@dataclass(frozen=True, kw_only=True, eq=False)
class ComparisonPlan:
    """How :func:`ceprop.sim.compare` compares; every field has a default. Raises :class:`ValueError` for a field
    outside its range.

    Fields
    ------
    simulator : "verilator" or "icarus"
        The simulator.
    samples : int
        Training samples to run, at least 1.
    read_every : int
        All memories are compared after so many samples, at least 1; in between each sample is sent while the one
        before is at work.
    learn : bool
        Whether the core learns; without it the core only predicts.
    skip : bool
        Whether the core leaves out what changes nothing. Without it the core lists every unit and input and runs every
        step, to the same bits.
    trace : bool
        Whether the core has a trace stream, through which every state after every step is compared. Without it only
        the states at the end of a sample are compared.
    checks : bool
        Whether the core has the checks of :mod:`ceprop.hdl.checks`. Without them, and without a trace, the simulated
        Verilog is the delivered one, byte for byte.
    primitives : Primitives
        What the core's cells are made of.
    network : Network or None
        The network to start from; None for the specification's initial one.
    epoch, sample : int
        The position in the training run from which on samples are taken, both from 0.
    build : str, Path or None
        A folder that keeps the compiled simulation for the next comparison of the same core, and a log where the
        simulation fails. Comparisons in one folder do not disturb each other. None keeps nothing.
    waves : str, Path or None
        The file for waveforms (FST); None for none.
    flip_weight_bit : bool
        Whether one bit of one weight on the core's side is flipped before one of the samples: a fault that the
        comparison must find.
    interruptions : sequence of int, or None
        One number for each sample: the cycles after which a reset breaks it off before it is shown again.
    rewrites : collection of int
        Samples, counted from 0, none of them next to another: while they wait behind at least two others, weights are
        written.
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
