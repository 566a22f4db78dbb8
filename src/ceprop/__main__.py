"""`python -m ceprop` is the command `ceprop`."""

from ceprop.cli import main

main()
