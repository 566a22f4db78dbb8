"""The core as yosys synthesizes it, compared with the golden model at its own streams."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ceprop.boards.flow.implement import Progress, digest
from ceprop.boards.flow.synthesis import NETLIST, synthesis_script, synthesize
from ceprop.boards.flow.toolchain import YOSYS
from ceprop.boards.levels.faults import choose_bit, flip_in_netlist
from ceprop.boards.levels.netlists import Netlist, read_netlist
from ceprop.boards.parts.devices import Device, Family, device_named
from ceprop.common.files import write_aside
from ceprop.hdl import GeneratedCore, generate
from ceprop.hdl.devices.primitives import primitives_named
from ceprop.model import Dataset
from ceprop.sim import Comparison, ComparisonPlan
from ceprop.sim.compare import compare_core
from ceprop.specification import Specification

_DEVICES = {"ice40": "iCE40UP5K", "ecp5": "LFE5U-25F"}
"""The device of a family where no board names one: it has multipliers."""

_CORE = "core.v"


def device_of(family: Family) -> Device:
    """Return the device for which a core is synthesized where only the family is given."""
    return device_named(_DEVICES[family])


@dataclass(frozen=True)
class SynthesizedCore:
    """A core after synthesis: its specification, the generated core with its manifest, and the netlist of it."""

    specification: Specification
    core: GeneratedCore
    netlist: Netlist


def synthesized_core(specification: Specification, device: Device, folder: Path, say: Progress) -> SynthesizedCore:
    """Synthesize the core of a specification for a device, with the options of `ceprop build`. It is the core that is
    delivered, without a trace.

    The netlist is kept below `folder`, by a digest of all that it was made from. `say` is called with each stage.

    Raises :class:`CepropError` where yosys is missing or fails, and where the numbers are too wide for the device.
    """
    version = YOSYS.version
    specification = specification.override("array.trace=false")
    say("generating Verilog")
    core = generate(specification, primitives_named(device.primitives))
    script = synthesis_script(device, core.top, [_CORE], {})
    place = folder / f"{specification.name}-{device.name}-{digest(core.verilog, script, version)}"
    write_aside(place / _CORE, core.verilog.encode())
    say("synthesizing")
    synthesize(script, core.top, place)
    return SynthesizedCore(specification, core, read_netlist(place / NETLIST, core.top, device.family))


def compare_synthesized(
    made: SynthesizedCore,
    dataset: Dataset,
    plan: ComparisonPlan,
    *,
    flip_table_bit: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Compare a synthesized core with the golden model, as :func:`ceprop.sim.compare` does.

    The core has no trace, so the states are compared after each sample and not after each step. `flip_table_bit` flips
    one bit of a look-up table in the netlist.

    Raises :class:`CepropError` where yosys or the simulator is missing or fails, and for a cell without a model.
    """
    netlist = made.netlist
    if flip_table_bit:
        netlist = flip_in_netlist(netlist, choose_bit(netlist, made.specification.seed))
    core = replace(made.core, verilog=netlist.verilog())
    return compare_core(made.specification, dataset, plan, core, netlist.models(), progress=progress)
