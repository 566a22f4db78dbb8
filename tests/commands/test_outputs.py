"""Options that name one file twice."""

from pathlib import Path

import pytest

from ceprop.cli import run
from ceprop.specification.bundled import bundled_specification

DIGITS = str(bundled_specification("digits"))
SMALL = ["--set", "layers=[64, 12, 10]", "--set", "phases.free_steps=8", "--set", "phases.nudged_steps=4"]


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (["train", "SPEC", "--epochs", "1", "--checkpoint", "a", "--json", "./a"], ("--checkpoint", "--json")),
        (["train", "SPEC", "--epochs", "1", "--plot", "a.png", "--json", "link"], ("--plot", "--json")),
        (["train", "SPEC", "--epochs", "1", "--json", "SPEC"], ("SPEC", "--json")),
        (["pack", "SPEC", "SPEC"], ("SPEC", "FILE")),
        (["boards", "SPEC", "--json", "SPEC"], ("SPEC", "--json")),
        (["flash", "a", "--board", "icebreaker", "--json", "a"], ("BITSTREAM", "--json")),
        (["run", "--spec", "SPEC", "snapshot", "SPEC"], ("--spec", "FILE")),
    ],
)
def test_one_file_for_two_options_is_refused(
    arguments: list[str],
    options: tuple[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    specification = bundled_specification("digits").read_bytes()
    Path("SPEC").write_bytes(specification)
    Path("link").symlink_to("a.png")
    assert run(arguments) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "one would overwrite the other" in message
    assert all(option in message for option in options)
    assert Path("SPEC").read_bytes() == specification
    assert not Path("a").exists()
    assert not Path("a.png").exists()


def test_what_is_no_regular_file_takes_several_outputs(tmp_path: Path) -> None:
    places = ["--json", "/dev/null", "--plot", "/dev/null", "--checkpoint", str(tmp_path / "a")]
    assert run(["train", str(bundled_specification("digits")), *SMALL, "--epochs", "1", *places]) == 0
