"""The example specifications that come with the package."""

from pathlib import Path

from ceprop.common.errors import CepropError


def bundled_specification(name: str) -> Path:
    """Return the file of an example specification: inside the package in a wheel, at the top of a checkout otherwise.

    Raises :class:`CepropError` where the installation lacks it.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "examples", package.parents[1] / "examples"):
        path = folder / f"{name}.toml"
        if path.is_file():
            return path
    raise CepropError(f"examples/{name}.toml did not come with this installation of ceprop; install it again")
