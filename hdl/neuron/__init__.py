"""The neuron cell: everything of the neurons that are folded onto one lane of an edge, and the edge that chains them.

In come the walkers' messages and the sums that return from the array. Out go states and differences of states, the
dither of their weights, and what a step found in the lane.
"""

from ceprop.hdl.neuron.neuron_cell import NeuronCell
from ceprop.hdl.neuron.neuron_edge import NeuronEdge

__all__ = ["NeuronCell", "NeuronEdge"]
