"""The benchmarks are scripts, not part of the package: their folder goes onto the path as Python does it for a script."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
