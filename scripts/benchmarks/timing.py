"""Times of several tasks, taken in turn, so that a busy machine slows all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

WARM_UP = 2


def interleaved(
    tasks: Mapping[str, Callable[[], object]], rounds: int, *, clock: Callable[[], float] = time.process_time
) -> dict[str, float]:
    """Median time of each task.

    Args:
        tasks: name to what is timed.
        rounds: how often each is timed; two more go before, to warm up.
        clock: in seconds; the processor time of this process, which other work on the machine changes little.

    Returns:
        Name to milliseconds.
    """
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for i in range(WARM_UP + rounds):
        for name, task in tasks.items():
            start = clock()
            task()
            if i >= WARM_UP:
                times[name].append(1e3 * (clock() - start))
    return {name: statistics.median(t) for name, t in times.items()}
