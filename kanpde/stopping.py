"""Why a training stopped: a kind for what follows from it, and a sentence for people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    """What ended a training.

    Attributes:
        ASKED: a word from outside, such as Ctrl-C.
        BUDGET: the steps or the time are used.
        REACHED: the loss is as small as it should be.
        STALLED: there is no more progress.
    """

    ASKED = auto()
    BUDGET = auto()
    REACHED = auto()
    STALLED = auto()


@dataclass(frozen=True)
class Stop:
    """Why a training stopped.

    Attributes:
        kind: what ended it.
        sentence: the same in words.
    """

    kind: Kind
    sentence: str
