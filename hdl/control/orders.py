"""The sequencer of a specification's order."""

from ceprop.hdl.control.alternating import AlternatingSequencer
from ceprop.hdl.control.sequencer import Sequencer
from ceprop.hdl.control.synchronous import SynchronousSequencer
from ceprop.specification import Edge, Geometry


def make_sequencer(geometry: Geometry, return_cycles: dict[Edge, int], drain_cycles: int) -> Sequencer:
    """The sequencer of a geometry, with the cycles that :class:`Sequencer` takes."""
    kind = AlternatingSequencer if geometry.specification.alternating else SynchronousSequencer
    return kind(geometry, return_cycles, drain_cycles)
