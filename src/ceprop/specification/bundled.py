"""The example specifications that come with the package."""

from pathlib import Path

from ceprop.common.errors import CepropError


def bundled_specification(name: str) -> Path:
    """The file of an example specification: in a wheel inside the package, in a checkout at its top."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "examples", package.parents[1] / "examples"):
        path = folder / f"{name}.toml"
        if path.is_file():
            return path
    raise CepropError(f"examples/{name}.toml did not come with this installation of ceprop; install it again")
