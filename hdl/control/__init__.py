"""Control: what a core does in which cycle. The sequencer leads a sample through its phases, walkers make the messages.

In come whole samples, commands of the host, and the status of every step. Out go messages for the lanes, results and
responses. `sweeps` is the table of work that the walkers and the cycle model share, `signatures` has the wires.
"""

from ceprop.hdl.control.arbiter import Arbiter
from ceprop.hdl.control.command_port import CommandPort
from ceprop.hdl.control.counted_events import CountedEvents
from ceprop.hdl.control.drive_prefetch import DrivePrefetch
from ceprop.hdl.control.message_selector import MessageSelector
from ceprop.hdl.control.register_bank import RegisterBank
from ceprop.hdl.control.sequencer import Sequencer
from ceprop.hdl.control.settings import Settings
from ceprop.hdl.control.step_walker import StepWalker
from ceprop.hdl.control.sweep_walker import SweepWalker

__all__ = [
    "Arbiter",
    "CommandPort",
    "CountedEvents",
    "DrivePrefetch",
    "MessageSelector",
    "RegisterBank",
    "Sequencer",
    "Settings",
    "StepWalker",
    "SweepWalker",
]
