"""What holds for every test."""

import os

# Before numpy is imported: the matrices here are small, and tests run beside each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
