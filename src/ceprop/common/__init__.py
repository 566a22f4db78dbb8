"""What every other folder may use: errors, files, processes and output to the terminal.

Nothing in here knows what a network is. Each file is imported by its own name; the error is what every caller needs.
"""

from ceprop.common.errors import CepropError

__all__ = ["CepropError"]
