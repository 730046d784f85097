"""Benchmarks that anyone can repeat on a machine of their own."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as `manage.py` does; waiting threads would be counted as work
