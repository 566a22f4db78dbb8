"""The link over buses, whose other side are models that others wrote."""

from pathlib import Path
from typing import Any

import pytest
from amaranth.hdl import Module

from ceprop import CepropError, Specification
from ceprop.boards.rtl.transport import StreamTransport
from ceprop.boards.testbench.runner import TRANSPORTS, run_link

pytestmark = pytest.mark.slow

SPECIFICATION = Specification.from_mapping(
    {
        "name": "small",
        "layers": [9, 5, 4],
        "formats": {"state_bits": 4, "input_bits": 3, "weight_bits": 8, "weight_fraction": 6},
        "phases": {"free_steps": 8, "nudged_steps": 3},
        "update": {"shifts": [4, 4]},
        "array": {"rows": 1, "cols": 1},
    }
)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_board_learns_over_a_bus(transport: str, tmp_path: Path) -> None:
    run_link(SPECIFICATION, transport, "icarus", tmp_path, samples=6, seed=3)


def test_a_transport_that_loses_bytes_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = StreamTransport.elaborate

    def always_ready(transport: Any, platform: object) -> Module:
        m = right(transport, platform)
        m.d.comb += transport.s_axis_tready.eq(1)
        return m

    monkeypatch.setattr(StreamTransport, "elaborate", always_ready)
    with pytest.raises(CepropError, match="port bus: the board does not answer IDENTIFY"):
        run_link(SPECIFICATION, "axi4-stream", "icarus", tmp_path, samples=1, seed=3)
