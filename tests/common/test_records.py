"""What the program reads back is whole, of its kind and of its version, or it is refused in one line."""

import random
from pathlib import Path

import pytest

from ceprop import CepropError
from ceprop.common.records import read_record, write_record

_FIELDS = {"name": "digits", "rates": [1.5, 2, -3e-7], "inner": {"text": "µ\n", "none": None, "true": True}}


def test_reads_back_what_was_written(tmp_path: Path) -> None:
    write_record(tmp_path / "record.json", "build report", _FIELDS)
    assert read_record(tmp_path / "record.json", "build report") == _FIELDS


def test_no_altered_byte_and_no_cut_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    write_record(path, "build report", _FIELDS)
    whole, generator = path.read_bytes(), random.Random(1)
    altered = [whole[:length] for length in range(len(whole))] + [whole + b"\n"]
    for _ in range(2500):
        place = generator.randrange(len(whole))
        byte = generator.choice([b for b in range(256) if b != whole[place]])
        altered.append(whole[:place] + bytes([byte]) + whole[place + 1 :])
    for content in altered:
        path.write_bytes(content)
        with pytest.raises(CepropError, match=r"^build report .*record\.json: ") as refusal:
            read_record(path, "build report")
        assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "has no seal"),
        (b"{}", "has no seal"),
        (b'{"seal": {"kind": 1}}', "has no seal"),
        (b'{"seal": {"kind": "build report", "version": [], "sha256": 0}}', "version"),
        (b'{"a": NaN, "seal": {"kind": "build report", "version": 1, "sha256": 0}}', "checksum"),
    ],
)
def test_foreign_file_is_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "record.json").write_bytes(content)
    with pytest.raises(CepropError, match=f"build report .*{message}"):
        read_record(tmp_path / "record.json", "build report")


def test_other_kind_other_version_and_missing_file_are_one_line(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    write_record(path, "study result", _FIELDS, version=2)
    with pytest.raises(CepropError, match="a 'study result', not a build report"):
        read_record(path, "build report")
    with pytest.raises(CepropError, match=r"version 2, this program reads 1"):
        read_record(path, "study result")
    with pytest.raises(CepropError, match=r"study result .*missing: No such file"):
        read_record(tmp_path / "missing", "study result")
