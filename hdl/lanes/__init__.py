"""Lanes: how messages travel along the two edges, and what a row or a column of cells gets from them.

In come the messages of the walkers and the inputs of a sample. Out go the operands, addresses and control of every
cell, each at the stage of its use. `messages` has the layouts, `signatures` the wires, `stages` the latencies.
"""

from ceprop.hdl.lanes.column_lanes import ColumnLanes
from ceprop.hdl.lanes.messages import Messages
from ceprop.hdl.lanes.row_lanes import RowLanes
from ceprop.hdl.lanes.stages import LaneStages, lane_stages

__all__ = ["ColumnLanes", "LaneStages", "Messages", "RowLanes", "lane_stages"]
