"""Control: what a core does in which cycle. The sequencer leads a sample through its phases, walkers make the messages.

In come whole samples, commands of the host, and the status of every step. Out go messages for the lanes, results and
responses. `sweeps` is the table of work that the walkers and the cycle model share.
"""

from ceprop.hdl.control.command_port import CommandPort
from ceprop.hdl.control.drive_prefetch import DrivePrefetch
from ceprop.hdl.control.register_bank import RegisterBank
from ceprop.hdl.control.sequencer import Sequencer
from ceprop.hdl.control.step_walker import StepWalker
from ceprop.hdl.control.sweep_walker import SweepWalker

__all__ = ["CommandPort", "DrivePrefetch", "RegisterBank", "Sequencer", "StepWalker", "SweepWalker"]
