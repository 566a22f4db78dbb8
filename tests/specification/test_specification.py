"""The specification: one clear line for every bad field, TOML there and back, and what the two digests cover."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ceprop import CepropError, Specification
from ceprop.specification.bundled import bundled_specification
from ceprop.specification.toml_text import overrides_of

BAD_FIELDS = [
    ("layers=[64]", ["layers = [64]", "at least two"]),
    ("layers=[64, 0]", ["layers.1 = 0", "from 1 to 32768"]),
    ("layers=[64, 2.5]", ["layers.1 = 2.5", "integer"]),
    ("layers='wide'", ["layers = 'wide'", "tuple"]),
    ("rule='backprop'", ["rule = 'backprop'", "c-ep"]),
    ("seed=-1", ["seed = -1", "from 0 to 18446744073709551615"]),
    ("seed=true", ["seed = True", "integer"]),
    ("name='Bad Name'", ["name = 'Bad Name'", "pattern"]),
    ("layer=[3, 4]", ["layer = [3, 4]", "no such field"]),
    ("formats.state_bits=17", ["formats.state_bits = 17", "from 2 to 16"]),
    ("formats.input_bits=0", ["formats.input_bits = 0", "from 1 to 16"]),
    ("formats.weight_bits=1", ["formats.weight_bits = 1", "from 2 to 24"]),
    ("formats.weight_bits='12'", ["formats.weight_bits = '12'", "integer"]),
    ("formats.weight_fraction=25", ["formats.weight_fraction = 25", "from 1 to 24"]),
    ("formats.colour=1", ["formats.colour = 1", "no such field"]),
    ("activation.kind='relu'", ["activation.kind = 'relu'", "hard-sigmoid"]),
    ("activation.table_bits=13", ["activation.table_bits = 13", "from 4 to 12"]),
    ("phases.free_steps=0", ["phases.free_steps = 0", "from 1 to 1023"]),
    ("phases.nudged_steps=1024", ["phases.nudged_steps = 1024", "from 1 to 1023"]),
    ("nudge.shift=0", ["nudge.shift = 0", "from 1 to 15"]),
    ("nudge.sign='left'", ["nudge.sign = 'left'", "alternating"]),
    ("update.rounding='up'", ["update.rounding = 'up'", "stochastic"]),
    ("update.shifts=[8]", ["update.shifts = [8]", "one shift per connection, 2"]),
    ("update.shifts=[8, 32]", ["update.shifts.1 = 32", "from 0 to 31"]),
    ("update.largest=[11]", ["update.largest = [11]", "one shift per connection, 2"]),
    ("update.largest=[8, 8]", ["update.largest = [8, 8]", "below a shift of the schedule"]),
    ("update.largest=[31, 31]", ["update.shifts = [8, 8]", "rounding needs a bit from 1 to 32"]),
    ("update.schedule=[{epoch = 0, shifts = [8, 8]}]", ["update.schedule.0.epoch = 0", "from 1 to"]),
    ("update.schedule=[{epoch = 1, shifts = [8]}]", ["update.schedule.0.shifts = [8]", "one shift per connection"]),
    (
        "update.schedule=[{epoch = 2, shifts = [8, 8]}, {epoch = 2, shifts = [9, 9]}]",
        ["update.schedule", "[2, 2]", "must rise"],
    ),
    ("quantiser.mode='log'", ["quantiser.mode = 'log'", "minmax"]),
    ("quantiser.high=0", ["quantiser.high = 0", "above quantiser.low"]),
    ("array.rows=0", ["array.rows = 0", "from 1 to 64"]),
    ("array.cols=65", ["array.cols = 65", "from 1 to 64"]),
    ("array.memory_words=100", ["array = 4x4", "hold 304 weights", "100"]),
    ("array.drives=3", ["array.drives = 3", "from 1 to 2"]),
    ("array={drives = 2, input_lists = 1}", ["array.drives = 2", "array.input_lists = 2", "it is 1"]),
    ("array={drives = 2, memory_ports = 1}", ["array.drives = 2", "array.memory_ports = 2", "it is 1"]),
]


@pytest.fixture
def digits() -> Specification:
    """Fixed here, so that a better example does not change what is tested."""
    return Specification.from_mapping(
        {
            "name": "digits",
            "layers": [64, 64, 10],
            "formats": {"state_bits": 8, "input_bits": 8, "weight_bits": 14, "weight_fraction": 13},
            "update": {"shifts": [8, 8], "schedule": [{"epoch": 15, "shifts": [10, 10]}]},
            "quantiser": {"low": 0, "high": 16},
            "array": {"rows": 4, "cols": 4},
        }
    )


@pytest.mark.parametrize(("override", "expected"), BAD_FIELDS, ids=[override for override, _ in BAD_FIELDS])
def test_bad_field_is_one_line_naming_field_value_and_what_is_allowed(
    digits: Specification, override: str, expected: list[str]
) -> None:
    with pytest.raises(CepropError) as caught:
        digits.override(override)
    message = str(caught.value)
    assert "\n" not in message
    for part in expected:
        assert part in message


@pytest.mark.parametrize("missing", ["layers", "update"])
def test_missing_field_is_named(digits: Specification, missing: str) -> None:
    fields = digits.fields()
    del fields[missing]
    with pytest.raises(CepropError, match=f"{missing}: must be given"):
        Specification.from_mapping(fields)


@pytest.mark.parametrize(
    ("override", "part"),
    [("seed", "must be key=value"), ("=3", "must be key=value"), ("seed.deep=3", "seed is a value, not a section")],
)
def test_malformed_override(digits: Specification, override: str, part: str) -> None:
    with pytest.raises(CepropError, match=part):
        digits.override(override)


def test_override_without_quotes(digits: Specification) -> None:
    assert digits.override("name=mine", "nudge.sign=random").nudge.sign == "random"


def test_unreadable_files_are_one_line(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.toml"
    damaged.write_text("layers = [3,", encoding="utf-8")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    for path, part in ((tmp_path / "none.toml", "No such file"), (damaged, "not TOML"), (binary, "not TOML")):
        with pytest.raises(CepropError, match=part) as caught:
            Specification.load(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["digits", "mnist"])
def test_examples_survive_toml(name: str, tmp_path: Path) -> None:
    specification = Specification.load(bundled_specification(name))
    specification.save(tmp_path / "copy.toml")
    assert Specification.load(tmp_path / "copy.toml") == specification


@st.composite
def specifications(draw: st.DrawFn) -> Specification:
    layers = draw(st.lists(st.integers(1, 300), min_size=2, max_size=5))
    states = draw(st.integers(4, 12))
    fraction = draw(st.integers(4, 16))
    # Rounding positions from 1 to 32 are allowed; these shifts keep both kinds of connection inside.
    low = max(0, fraction + 1 - states - min(states, 8))
    shifts = [draw(st.integers(low, low + 4)) for _ in layers[1:]]
    return Specification.from_mapping(
        {
            "layers": layers,
            "seed": draw(st.integers(0, 2**64 - 1)),
            "formats": {"state_bits": states, "weight_bits": draw(st.integers(4, 18)), "weight_fraction": fraction},
            "update": {"shifts": shifts, "schedule": [{"epoch": 3, "shifts": [shift + 1 for shift in shifts]}]},
            "array": {"rows": draw(st.integers(1, 8)), "cols": draw(st.integers(1, 8)), "memory_words": 2**20},
        }
    )


@given(specifications())
def test_fields_rebuild_an_equal_specification(specification: Specification) -> None:
    rebuilt = Specification.from_mapping(specification.fields())
    assert rebuilt == specification
    assert rebuilt.learning_digest == specification.learning_digest
    assert rebuilt.build_digest == specification.build_digest


@pytest.mark.parametrize(
    "override",
    [
        "layers=[64, 32, 10]",
        "seed=2",
        "formats.weight_bits=12",
        "activation.kind='sigmoid'",
        "phases.free_steps=19",
        "nudge.sign='random'",
        "update.rounding='floor'",
        "update.shifts=[9, 8]",
        "update.schedule=[]",
        "quantiser.high=15",
    ],
)
def test_fields_that_determine_bits_change_both_digests(digits: Specification, override: str) -> None:
    changed = digits.override(override)
    assert changed.learning_digest != digits.learning_digest
    assert changed.build_digest != digits.build_digest


@pytest.mark.parametrize("override", ["name='other'", "array.rows=3", "array.trace=true", "array.memory_words=400"])
def test_other_fields_change_the_build_digest_only(digits: Specification, override: str) -> None:
    changed = digits.override(override)
    assert changed.learning_digest == digits.learning_digest
    assert changed.build_digest != digits.build_digest


def test_digest_is_stable_over_versions(digits: Specification) -> None:
    # Checkpoints carry it: a change here makes every older checkpoint useless.
    assert len(digits.learning_digest) == 64
    fields = {"update": {"shifts": [6]}, "layers": [3, 2]}
    assert Specification.from_mapping(fields).learning_digest == (
        "1ff2db0e37986fbf4260f91512518edfe40af124bcfe593f4260236ca2cac02d"
    )


_TOML_CHARACTERS = st.text(alphabet="abcdlrsy019_.-+=[]{}\",\n #'\\\t\u00e9\ufeff\x00", max_size=60)


def _refusal_of(action: Callable[[], object]) -> str:
    """What an action is refused with; empty where it is not."""
    try:
        action()
    except CepropError as error:
        return str(error)
    return ""


@pytest.mark.slow
@settings(max_examples=2000, derandomize=True, deadline=5000)
@given(st.one_of(st.binary(max_size=60), _TOML_CHARACTERS.map(str.encode)), st.integers(0, 1000))
def test_whatever_lies_in_a_file_is_a_specification_or_one_line(damage: bytes, place: int) -> None:
    whole = bundled_specification("digits").read_bytes()
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "fuzzed.toml"
        for content in (damage, whole[:place] + damage + whole[place + len(damage) :]):
            path.write_bytes(content)
            refusal = _refusal_of(lambda: Specification.load(path))
            assert refusal == "" or refusal.startswith("specification")


@settings(max_examples=2000, derandomize=True, deadline=5000)
@given(st.sampled_from(["layers", "seed", "update.shifts", "array", "nudge", "", "a.b", "update.schedule"]), st.text())
def test_whatever_is_set_is_taken_or_refused(key: str, value: str) -> None:
    digits = Specification.load(bundled_specification("digits"))
    for override in (f"{key}={value}", f"{key}{value}", f"{value}=1"):
        try:
            changed = digits.override(override)
        except CepropError:
            continue
        assert Specification.from_mapping(changed.fields()) == changed


@pytest.mark.parametrize("text", ["seed = " + "9" * 5000, "seed = " + "[" * 100_000, "a." * 50_000 + "b = 1"])
def test_numbers_too_long_and_nesting_too_deep_are_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "deep.toml"
    path.write_text(text)
    with pytest.raises(CepropError, match="specification"):
        Specification.load(path)


def test_byte_order_mark_and_windows_lines_are_accepted(tmp_path: Path) -> None:
    path, text = tmp_path / "windows.toml", bundled_specification("digits").read_text(encoding="utf-8")
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert Specification.load(path) == Specification.load(bundled_specification("digits"))


_EVERYTHING = {
    "name": "true",
    "layers": [3, 4, 2],
    "rule": "vf",
    "angle": 30,
    "update": {"shifts": [8, 9], "schedule": [{"epoch": 2, "shifts": [9, 9]}, {"epoch": 5, "shifts": [9, 8]}]},
    "array": {"rows": 1, "trace": True},
}


def test_overrides_alone_make_the_same_specification() -> None:
    whole = Specification.from_mapping(_EVERYTHING)
    assert whole.chosen_fields() == _EVERYTHING
    assert Specification.from_overrides(overrides_of(whole.chosen_fields())) == whole
    assert Specification.from_overrides(overrides_of(whole.fields())) == whole
    with pytest.raises(CepropError, match=r"^specification: layers: must be given$"):
        Specification.from_overrides(["update.shifts=[8]"])
