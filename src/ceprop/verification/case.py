"""A claim about the project, and the numbered cases that can refute it."""

import random
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ceprop.specification import Specification
from ceprop.specification.toml_text import overrides_of


@dataclass(frozen=True)
class Case:
    """One case of a claim. Claim, seed, number and the specification that was given, if any, determine everything that
    the case draws.

    Fields
    ------
    claim : str
        The name of the claim.
    seed, number : int
        The seed of the whole run, and the number of the case, from 0.
    folder : Path
        A private folder for compiled simulations. It is removed after the case.
    given : Specification or None
        The specification to take in place of a random one. Only claims with `takes_specification` do so.
    """

    claim: str
    seed: int
    number: int
    folder: Path
    given: Specification | None = None

    @property
    def draw(self) -> random.Random:
        """A new generator of the case's random numbers. It gives the same numbers every time."""
        return random.Random(f"{self.claim} {self.seed} {self.number}")

    @property
    def numpy_draw(self) -> np.random.Generator:
        """A new generator of the case's random arrays. It gives the same arrays every time."""
        return np.random.default_rng(self.draw.getrandbits(64))

    @property
    def command(self) -> str:
        """The command that repeats this case alone."""
        parts = ["ceprop", "verify", "--claim", self.claim, "--seed", str(self.seed), "--case", str(self.number)]
        fields = self.given.chosen_fields() if self.given else {}
        return shlex.join([*parts, *(part for field in overrides_of(fields) for part in ("--set", field))])


@dataclass(frozen=True)
class Found:
    """What a case has found: how much was compared, by unit, and the first difference, or None where there is none."""

    counts: Mapping[str, int]
    mismatch: str | None = None


@dataclass(frozen=True)
class Claim:
    """A claim, and how its cases are run.

    Fields
    ------
    name : str
        The name in the command line and in the JSON.
    claim : str
        The claim in one sentence.
    evidence : str
        What one case draws or runs, and what it compares.
    unit : str
        The unit in which the evidence is counted first. It is a key of :attr:`Found.counts`.
    not_covered : str
        What the cases leave open, in one sentence.
    quick, full : int
        The number of cases of `ceprop verify`, and of `ceprop verify --full`.
    run : callable
        Runs one case. What it raises is a difference, except for :class:`CepropError`, which ends everything.
    together : int
        How many cases one process runs before the next process begins.
    takes_specification : bool
        Whether a case can take a given specification in place of the one that it draws.
    """

    name: str
    claim: str
    evidence: str
    unit: str
    not_covered: str
    quick: int
    full: int
    run: Callable[[Case], Found] = field(repr=False)
    together: int = 2
    takes_specification: bool = False
