"""From a specification to a bitstream on a board: synthesis, floorplan, place and route, packing and flashing.

In come a specification and a board. Out go a bitstream with a report of its clocks and resources, or Verilog for a
board that the registry does not have. `build.build` and `implement.implement` are named like their files, and so they
are imported from there.
"""

from ceprop.boards.flow.build_record import Build
from ceprop.boards.flow.implement import Implementation
from ceprop.boards.flow.routing import CriticalPath

__all__ = ["Build", "CriticalPath", "Implementation"]
