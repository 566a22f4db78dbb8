"""The hardware: synapse and neuron cells, the systolic array, its sequencer, and the core that holds them together.

`generate` turns a specification into Verilog and a manifest; `Core` is the component itself.
"""

from ceprop.hdl.core import Core
from ceprop.hdl.export import GeneratedCore, generate

__all__ = ["Core", "GeneratedCore", "generate"]
