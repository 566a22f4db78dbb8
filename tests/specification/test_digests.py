"""Both digests of a specification, computed from docs/specification.md alone, equal those of the program.

`python tests/specification/test_digests.py FILE` prints the digests of a file. It needs the page and Python's standard
library, and nothing of ceprop."""

import hashlib
import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

_PAGE = Path(__file__).parents[2] / "docs" / "specification.md"
_ROW = re.compile(r"^\| `([a-z_.]+)` \|[^|]*\|[^|]*\| ([^|]*) \|", re.MULTILINE)


def digests(fields: dict[str, Any], page: str) -> tuple[str, str]:
    """`(learning_digest, build_digest)` of the fields of a TOML file, by the text of the page."""
    whole = _with_defaults(fields, page)
    extra = {"name": whole.pop("name"), "array": whole.pop("array")}
    if whole["rule"] in ("vf", "c-vf"):
        whole.setdefault("angle", 0)
    if whole["activation"]["kind"] == "hard-sigmoid":
        del whole["activation"]["table_bits"]
    if whole["phases"]["order"] == "synchronous" or len(whole["layers"]) == 2:
        del whole["phases"]["order"]
    if whole["quantiser"]["mode"] == "minmax":
        del whole["quantiser"]["low"], whole["quantiser"]["high"]
    update = whole["update"]
    lists = [update["shifts"], *(entry["shifts"] for entry in update["schedule"])]
    update.setdefault("largest", [max(column) for column in zip(*lists, strict=True)])
    update["schedule"] = [
        entry for entry, before in zip(update["schedule"], lists, strict=False) if entry["shifts"] != before
    ]
    return _digest(whole), _digest(whole | extra)


def _with_defaults(fields: dict[str, Any], page: str) -> dict[str, Any]:
    """The fields with the defaults of the page's tables where one is left out."""
    whole = json.loads(json.dumps(fields))
    for key, default in _ROW.findall(page):
        if default in ("absent", "must be given"):
            continue
        *section, name = key.split(".")
        place = whole.setdefault(section[0], {}) if section else whole
        place.setdefault(name, tomllib.loads(f"value = {default.strip('`')}")["value"])
    return whole


def _digest(fields: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


if __name__ == "__main__":
    found = digests(tomllib.loads(Path(sys.argv[1]).read_text(encoding="utf-8-sig")), _PAGE.read_text(encoding="utf-8"))
    print(f"learning_digest {found[0]}\nbuild_digest    {found[1]}")
    sys.exit()

# What follows needs ceprop; the part above must not.

import importlib.util  # noqa: E402
from types import ModuleType  # noqa: E402

import pytest  # noqa: E402

from ceprop import Specification  # noqa: E402

_EXAMPLES = sorted((_PAGE.parents[1] / "examples").glob("*.toml"))
_SMALLEST: dict[str, Any] = {"layers": [3, 2], "update": {"shifts": [6]}}


def _both(specification: Specification) -> tuple[str, str]:
    return specification.learning_digest, specification.build_digest


@pytest.fixture(scope="module")
def page() -> str:
    return _PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page_writer() -> ModuleType:
    """The script that writes the page."""
    specification = importlib.util.spec_from_file_location(
        "specification_page", _PAGE.with_name("specification_page.py")
    )
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_page_is_as_the_code_makes_it(page: str, page_writer: ModuleType) -> None:
    assert page_writer.filled(page) == page, "run: python docs/specification_page.py"


@pytest.mark.parametrize("path", _EXAMPLES, ids=lambda path: path.stem)
def test_examples(path: Path, page: str) -> None:
    assert digests(tomllib.loads(path.read_text(encoding="utf-8")), page) == _both(Specification.load(path))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"rule": "vf"},
        {"rule": "c-vf", "angle": 30, "seed": 2**64 - 1},
        {"activation": {"kind": "sigmoid"}},
        {"activation": {"table_bits": 5}},
        {"quantiser": {"mode": "minmax", "low": 3}},
        {"update": {"shifts": [9], "schedule": [{"epoch": 1, "shifts": [9]}, {"epoch": 2, "shifts": [5]}]}},
        {"update": {"shifts": [5], "largest": [7]}},
        {"name": "other", "array": {"rows": 2, "trace": True}},
    ],
)
def test_specifications_of_every_kind(fields: dict[str, Any], page: str) -> None:
    fields = _SMALLEST | fields
    assert digests(fields, page) == _both(Specification.from_mapping(fields))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"rule": "vf"}, {"rule": "vf", "angle": 0}),
        ({}, {"activation": {"table_bits": 4}}),
        ({"quantiser": {"mode": "minmax"}}, {"quantiser": {"mode": "minmax", "low": -7, "high": 12}}),
        ({}, {"update": {"shifts": [6], "largest": [6]}}),
        ({}, {"update": {"shifts": [6], "schedule": [{"epoch": 3, "shifts": [6]}]}}),
        ({}, {"array": {}}),
    ],
)
def test_what_changes_no_bit_changes_no_digest(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert _both(Specification.from_mapping(_SMALLEST | one)) == _both(Specification.from_mapping(_SMALLEST | other))


@pytest.mark.parametrize(
    "changed",
    [
        {"rule": "c-vf", "angle": 1},
        {"activation": {"kind": "sigmoid", "table_bits": 8}},
        {"quantiser": {"low": -1}},
        {"update": {"shifts": [6], "largest": [7]}},
        {"update": {"shifts": [6], "schedule": [{"epoch": 3, "shifts": [5]}]}},
        {"update": {"shifts": [6], "schedule": [{"epoch": 3, "shifts": [5]}, {"epoch": 4, "shifts": [6]}]}},
    ],
)
def test_what_changes_a_bit_changes_both_digests(changed: dict[str, Any]) -> None:
    base = _both(Specification.from_mapping(_SMALLEST))
    found = _both(Specification.from_mapping(_SMALLEST | changed))
    assert found[0] != base[0]
    assert found[1] != base[1]
