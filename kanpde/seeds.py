"""Where the randomness of each leg of a run comes from: its networks, its points, those drawn later, and the held out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NETWORK, POINTS, HELD_OUT = range(3)
DRAW_STEP, HELD_OUT_STEP = 104_729, 7919
"""Between the seeds of the first leg, which are sums: primes, so that they rarely meet those of a run nearby."""


@dataclass(frozen=True)
class Seeds:
    """The seeds of one leg, all different from one another and from those of every other leg.

    Attributes:
        seed: of the run.
        leg: number of legs before, those that were done again included.
    """

    seed: int
    leg: int = 0

    def network(self, attempt: int) -> int:
        """For the start values of an attempt; the first one of the first leg has the seed of the run."""
        return self._derived(NETWORK, attempt, self.seed + attempt)

    def start(self, attempt: int, number: int) -> int:
        """For further start values that an attempt may choose from."""
        return _state(self.seed, self.leg, NETWORK, attempt, number)

    def points(self, draw: int = 0) -> int:
        """For the points at the start, and those of later draws."""
        return self._derived(POINTS, draw, self.seed + DRAW_STEP * draw)

    @property
    def held_out(self) -> int:
        """For the points that are not trained on."""
        return self._derived(HELD_OUT, 0, self.seed + HELD_OUT_STEP)

    def _derived(self, purpose: int, number: int, first: int) -> int:
        if self.leg == 0:
            return first
        return _state(self.seed, self.leg, purpose, number)


def _state(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
