"""Properties of all specifications: the compiled model is the readable model, and a core is the model.

hypothesis draws whole specifications, and makes one that differs as small as it can: few layers, units and bits, and
defaults elsewhere. The failure names one command that repeats it. `--hypothesis-profile=long` draws many more, and
others every time.
"""

import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ceprop import Specification
from ceprop.cli import run
from ceprop.model import Network, fast
from ceprop.verification import campaign, claim_named, worker
from ceprop.verification.networks import largest_rates, smallest_fraction

_LONG = settings.get_current_profile_name() == "long"
_NUMBERS = st.integers(0, 11)
"""Numbers of cases. They decide the samples, how often memories are compared, and whether work is skipped."""


def _examples(count: int) -> Callable[[Any], Any]:
    """Try so many examples, the same ones every time, or a hundred times as many others in the long profile."""
    return settings(
        max_examples=100 * count if _LONG else count,
        derandomize=not _LONG,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow],
    )


def _rates(draw: st.DrawFn, connections: int, formats: dict[str, int]) -> dict[str, Any]:
    """Rates of all connections, with up to two changes. The largest one is named only where no change has it."""
    low, high = largest_rates(formats["state_bits"], formats["input_bits"], formats["weight_fraction"])
    largest = [draw(st.integers(low, high)) for _ in range(connections)]
    drawn = [[max(0, most - draw(st.integers(0, 4))) for most in largest] for _ in range(draw(st.integers(1, 3)))]
    fields: dict[str, Any] = {
        "rounding": draw(st.sampled_from(["stochastic", "nearest", "floor"])),
        "shifts": drawn[0],
        "schedule": [{"epoch": epoch, "shifts": shifts} for epoch, shifts in enumerate(drawn[1:], 1)],
    }
    named = [max(column) for column in zip(*drawn, strict=True)] == largest
    return fields if named else fields | {"largest": largest}


def _formats(draw: st.DrawFn) -> dict[str, int]:
    state, inputs = draw(st.integers(2, 16)), draw(st.integers(1, 16))
    fraction = draw(st.integers(smallest_fraction(state, inputs), 24))
    # Few bits beside the fraction make saturation frequent, many make it rare.
    bits = draw(st.integers(max(2, fraction - 3), min(24, fraction + 4)))
    return {"state_bits": state, "input_bits": inputs, "weight_bits": bits, "weight_fraction": fraction}


def _array(draw: st.DrawFn) -> dict[str, int]:
    ports, lists = draw(st.sampled_from([2, 1])), draw(st.sampled_from([2, 1]))
    return {
        "rows": draw(st.integers(1, 3)),
        "cols": draw(st.integers(1, 3)),
        "memory_ports": ports,
        "input_lists": lists,
        "drives": draw(st.integers(1, min(ports, lists))),
    }


@st.composite
def specifications(draw: st.DrawFn, *, array: bool) -> Specification:
    """Whole specifications, with an array or without. The simplest value of each field comes first."""
    layers = draw(st.lists(st.integers(1, 9), min_size=2, max_size=5))
    rule = draw(st.sampled_from(["c-ep", "ep", "c-vf", "vf"]))
    formats = _formats(draw)
    kind = draw(st.sampled_from(["hard-sigmoid", "sigmoid"]))
    finest = formats["weight_fraction"] + formats["state_bits"] + 2
    fields: dict[str, Any] = {
        "layers": layers,
        "rule": rule,
        "angle": draw(st.none() | st.integers(0, 180)) if rule in ("c-vf", "vf") else None,
        "seed": draw(st.integers(0, 2**64 - 1)),
        "formats": formats,
        "activation": {"kind": kind, "table_bits": draw(st.integers(4, min(10, finest)))} if kind == "sigmoid" else {},
        "phases": {
            "free_steps": draw(st.integers(1, 12)),
            "nudged_steps": draw(st.integers(1, 6)),
            "order": draw(st.sampled_from(["synchronous", "alternating"])),
        },
        "nudge": {
            "shift": draw(st.integers(1, 15)),
            "sign": draw(st.sampled_from(["positive", "negative", "alternating", "random", "centred"])),
        },
        "update": _rates(draw, len(layers) - 1, formats),
    }
    return Specification.from_mapping(fields | {"array": _array(draw)} if array else fields)


def _require(claim: str, number: int, specification: Specification) -> None:
    """Fail with the first difference, and the command that repeats it, where a case of a claim differs."""
    found = worker.run_case(claim_named(claim), 1, number, specification)
    if found.mismatch is not None:
        pytest.fail(found.mismatch, pytrace=False)


@_examples(150)
@given(specifications(array=False), _NUMBERS)
def test_the_compiled_model_is_the_readable_model(specification: Specification, number: int) -> None:
    _require("compiled-model", number, specification)


@pytest.mark.slow
@_examples(2)
@given(specifications(array=True), _NUMBERS)
def test_a_core_is_the_model(specification: Specification, number: int) -> None:
    _require("core-on-icarus", number, specification)


def test_what_differs_is_made_small_and_one_command_repeats_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    right = fast.run_sample

    def wrong(network: Network, *sample: Any, **options: Any) -> Any:
        record = right(network, *sample, **options)
        hidden = len(network.specification.layers) > 2
        return replace(record, saturations=record.saturations + 1) if hidden and network.backward else record

    with monkeypatch.context() as planted:
        planted.setattr(fast, "run_sample", wrong)
        with pytest.raises(pytest.fail.Exception) as failure:
            test_the_compiled_model_is_the_readable_model()
        message = str(failure.value)
        (text,) = re.findall(r"\((ceprop verify .+)\)$", message)
        command = [*shlex.split(text), "--build", str(tmp_path)]
        smallest = Specification.from_overrides(value for option, value in pairwise(command) if option == "--set")
        assert smallest.layers == (1, 1, 1)
        assert smallest.formats.state_bits == 2
        assert (smallest.phases.free_steps, smallest.update.schedule, smallest.update.largest) == (1, (), None)
        # The command runs its case in a process of its own, which would not have the fault.
        planted.setattr(campaign, "_run", lambda job: worker.main(job.text()))
        planted.setattr(worker.gc, "set_threshold", lambda *_: None)
        assert run(command[1:]) == 1
        assert capsys.readouterr().err.splitlines()[-1].endswith(message)
    assert run(command[1:]) == 0
