"""`python -m kanpde`: the same as the command `kanpde`."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
