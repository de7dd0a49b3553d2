"""`python -m connectors.simulator`: the same as `python manage.py simulator`, without Django."""

from __future__ import annotations

import argparse
import sys

from connectors.simulator.main import add_arguments, options_from, run

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m connectors.simulator", description=__doc__)
    add_arguments(parser)
    sys.exit(run(options_from(vars(parser.parse_args()))))
