"""Every clock that is chosen lies within the data sheets' limits, below its limit, and makes the baud rate."""

from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ceprop.boards import board
from ceprop.boards.parts.baud import BAUD_TOLERANCE, serves
from ceprop.boards.parts.clocks import Ecp5Pll, Ice40Pll, OwnOscillator, choose_clock, choose_clocks
from ceprop.common.errors import CepropError

_MHZ = 1_000_000


@pytest.mark.parametrize(
    ("name", "limit", "clock"),
    [
        # By hand: 12 MHz x 46 = 552 MHz, / 16 = 34.5 MHz; x 88 = 1056 MHz, / 4 would be 264 MHz; x 50 = 600, / 8 = 75.
        ("icebreaker", 34.9, Ice40Pll(12 * _MHZ, 0, 45, 4)),
        ("ice40_hx8k_b_evn", 75.1, Ice40Pll(12 * _MHZ, 0, 49, 3)),
        # 16 MHz x 51 = 816 MHz, / 16 = 51 MHz.
        ("tinyfpga_bx", 51.5, Ice40Pll(16 * _MHZ, 0, 50, 4)),
        # 25 MHz x 29 = 725 MHz, / 5 = 145 MHz.
        ("ulx3s_25f", 145.5, Ecp5Pll(25 * _MHZ, 1, 29, 5)),
        # 48 MHz x 9 = 432 MHz, / 3 = 144 MHz.
        ("orangecrab_r0_2_85f", 144.9, Ecp5Pll(48 * _MHZ, 1, 9, 3)),
        # 48 MHz may be 52.8 MHz, 24 MHz 26.4 MHz.
        ("upduino_v3", 52.7, OwnOscillator(1)),
        ("upduino_v3", 52.9, OwnOscillator(0)),
    ],
)
def test_by_hand(name: str, limit: float, clock: object) -> None:
    assert choose_clock(board(name), limit * _MHZ, 1_000_000) == clock


@pytest.mark.parametrize(
    ("phase_mhz", "filter_range"), [(12, 1), (17, 2), (25, 2), (26, 3), (48, 4), (100, 5), (120, 6)]
)
def test_filter_of_ice40(phase_mhz: int, filter_range: int) -> None:
    assert Ice40Pll(phase_mhz * _MHZ, 0, 9, 3).filter_range == filter_range


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(["icebreaker", "tinyfpga_bx", "ulx3s_25f", "orangecrab_r0_2_85f", "upduino_v3"]),
    limit=st.floats(7 * _MHZ, 300 * _MHZ),
    baud=st.sampled_from([9600, 115_200, 921_600, 1_000_000, 3_000_000]),
)
def test_limits_hold_for_any_wish(name: str, limit: float, baud: int) -> None:
    target = board(name)
    try:
        found = choose_clock(target, limit, baud)
    except CepropError:  # as test_what_cannot_be_made_is_one_line has it
        assume(False)
        raise
    assert found.fastest_hz <= limit
    assert serves(found.clock_hz, baud)
    divisor = round(found.clock_hz / baud)
    assert divisor >= 4
    assert abs(float(found.clock_hz) / divisor - baud) <= BAUD_TOLERANCE * baud
    if isinstance(found, Ice40Pll):
        phase, oscillator = found.source_hz / (found.divr + 1), found.clock_hz * 2**found.divq
        assert 10 * _MHZ <= phase <= 133 * _MHZ
        assert 533 * _MHZ <= oscillator <= 1066 * _MHZ
        assert 16 * _MHZ <= found.clock_hz <= 275 * _MHZ
        assert oscillator == Fraction(found.source_hz * (found.divf + 1), found.divr + 1)
        assert found.divr < 16
        assert found.divf < 128
        assert 1 <= found.divq < 7
    elif isinstance(found, Ecp5Pll):
        assert 10 * _MHZ <= found.source_hz / found.input <= 400 * _MHZ
        assert 400 * _MHZ <= found.clock_hz * found.output <= 800 * _MHZ
        assert 3.125 * _MHZ <= found.clock_hz <= 400 * _MHZ
        assert all(1 <= divider <= 128 for divider in (found.input, found.feedback, found.output))
    else:
        assert found.clock_hz in {6 * _MHZ, 12 * _MHZ, 24 * _MHZ, 48 * _MHZ}


@settings(max_examples=10, deadline=None)
@given(limit=st.integers(20, 200))
def test_no_faster_clock_would_do(limit: int) -> None:
    """Against every setting, one by one."""
    found = choose_clock(board("ulx3s_25f"), limit * _MHZ, 3_000_000)
    every = (
        Fraction(25 * _MHZ * feedback, division * output)
        for division in (1, 2)
        for feedback in range(16 * division, 32 * division + 1)
        for output in range(1, 129)
    )
    assert found.clock_hz == max(hz for hz in every if hz <= limit * _MHZ and serves(hz, 3_000_000))


@pytest.mark.parametrize(
    ("limit", "core_limit", "clocks"),
    [
        # By hand: 725 MHz / 8 = 90.625 MHz and / 6 = 120.83 MHz; 550 MHz / 6 = 91.67 MHz and / 5 = 110 MHz.
        (91.0, 121.0, Ecp5Pll(25 * _MHZ, 1, 29, 8, 6)),
        (92.0, 110.0, Ecp5Pll(25 * _MHZ, 1, 22, 6, 5)),
    ],
)
def test_two_clocks_by_hand(limit: float, core_limit: float, clocks: Ecp5Pll) -> None:
    found = choose_clocks(board("ulx3s_25f"), limit * _MHZ, core_limit * _MHZ, None)
    assert (found.clock_hz, found.core_clock_hz) == (clocks.clock_hz, clocks.core_clock_hz)


@settings(max_examples=6, deadline=None)
@given(
    name=st.sampled_from(["ulx3s_25f", "orangecrab_r0_2_85f", "ecpix5_85f"]),
    limit=st.floats(10 * _MHZ, 200 * _MHZ),
    core_limit=st.floats(4 * _MHZ, 300 * _MHZ),
)
def test_two_clocks_keep_both_limits(name: str, limit: float, core_limit: float) -> None:
    found = choose_clocks(board(name), limit, core_limit, 1_000_000)
    core = found.core_clock_hz
    assert core is not None
    assert found.core_output is not None
    assert found.clock_hz <= limit
    assert 3.125 * _MHZ <= core <= core_limit
    assert serves(found.clock_hz, 1_000_000)
    assert 400 * _MHZ <= found.clock_hz * found.output == core * found.core_output <= 800 * _MHZ
    # One divider less would be too fast.
    assert found.core_output == 1 or found.oscillator_hz / (found.core_output - 1) > core_limit


def test_what_cannot_be_made_is_one_line() -> None:
    with pytest.raises(CepropError, match=r"^ulx3s_25f \(LFE5U-25F\): no clock of at most 3\.0 MHz for the core$"):
        choose_clocks(board("ulx3s_25f"), 90 * _MHZ, 3 * _MHZ, 1_000_000)
    with pytest.raises(CepropError, match=r"^upduino_v3 \(iCE40UP5K\): no clock of at most 6\.5 MHz$"):
        choose_clock(board("upduino_v3"), 6.5 * _MHZ, 115_200)
    message = r"^baud rate 2,000,000: no clock of upduino_v3 \(iCE40UP5K\) up to 7\.0 MHz makes it; 1,000,000 would do$"
    with pytest.raises(CepropError, match=message):
        choose_clock(board("upduino_v3"), 7 * _MHZ, 2_000_000)
