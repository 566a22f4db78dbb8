"""Lanes: how messages travel along the two edges, and what a row or a column of cells gets from them.

In come the messages of the walkers and the inputs of a sample. Out go the operands, addresses and control of every
cell, each at the stage of its use. `messages` has the layouts, `stages` the latencies.
"""

from ceprop.hdl.lanes.column_lane import ColumnLane
from ceprop.hdl.lanes.messages import Messages
from ceprop.hdl.lanes.row_lane import RowLane
from ceprop.hdl.lanes.stages import LaneStages, lane_stages

__all__ = ["ColumnLane", "LaneStages", "Messages", "RowLane", "lane_stages"]
