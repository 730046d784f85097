#!/usr/bin/env python
import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    # One thread for a matrix product: workers share the cores already, and sums must not depend on how many there are.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "seoulguard.settings")
    execute_from_command_line(sys.argv)
