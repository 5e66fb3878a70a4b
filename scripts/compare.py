"""Compare a KAN, an MLP and finite differences; the same as `kanpde compare`."""

import sys

from kanpde.cli import main

if __name__ == "__main__":
    sys.exit(main(["compare", *sys.argv[1:]]))
