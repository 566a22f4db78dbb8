"""What every other folder may use: errors, files, processes and output to the terminal.

Nothing in here knows what a network is. Each file is imported by its own name; the errors and the report of a verb are
what most callers need.
"""

from ceprop.common.errors import CepropError
from ceprop.common.report import Report

__all__ = ["CepropError", "Report"]
