"""The streams of a core: their payloads, the loader of samples, the trace of states, and the FIFO of responses.

In come samples as groups of inputs. Out go events for the lists of the column lanes, and states for a testbench.
`signatures` has the wires between these parts and the control.
"""

from ceprop.hdl.io.result import FreeEnd, result_layout
from ceprop.hdl.io.sample_loader import SampleLoader
from ceprop.hdl.io.stream_payloads import Ports
from ceprop.hdl.io.trace_port import TracePort

__all__ = ["FreeEnd", "Ports", "SampleLoader", "TracePort", "result_layout"]
