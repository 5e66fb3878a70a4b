"""Where and when a figure was measured."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).resolve().parents[2]
THREADS = 1
"""Of a benchmark, where a row says nothing else."""


def machine() -> dict[str, Any]:
    """What stays the same from run to run: processor, system and versions."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": THREADS,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": str(torch.__version__),
    }


def moment() -> dict[str, Any]:
    """What changes: date, commit of this checkout ("-dirty" with uncommitted changes), load of the last minute."""
    git = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--exclude=*"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    return {"date": time.strftime("%Y-%m-%d"), "commit": commit, "load": round(os.getloadavg()[0], 2)}


def _processor() -> str:
    """The processor's name; on Linux `platform` has only its architecture."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    found = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return found[0] if found else platform.processor()
