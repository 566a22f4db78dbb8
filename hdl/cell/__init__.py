"""The synapse cell: one multiplier, one weight memory and a register on every wire to its neighbours.

In come states, differences of states, dither and addresses from the cells in the west and north. Out go the same to the
east and south, and partial sums. `saturation` clips and saturates for the neuron cells as well.
"""

from ceprop.hdl.cell.saturation import clip, saturate
from ceprop.hdl.cell.synapse import SynapseCell

__all__ = ["SynapseCell", "clip", "saturate"]
