"""Solve a problem; the same as `kanpde solve`."""

import sys

from kanpde.cli import main

if __name__ == "__main__":
    sys.exit(main(["solve", *sys.argv[1:]]))
