"""From a specification to a bitstream on a board: synthesis, floorplan, place and route, packing and flashing.

In come a specification and a board. Out go a bitstream with a report of its clocks and resources, or Verilog for a
board that the registry does not have.
"""

from ceprop.boards.flow.build import BAUD, REPORT, Build, build
from ceprop.boards.flow.implement import Implementation, implement
from ceprop.boards.flow.routing import CriticalPath

__all__ = ["BAUD", "REPORT", "Build", "CriticalPath", "Implementation", "build", "implement"]
