"""Ctrl-C and SIGTERM as a request that a loop can honour between two steps."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

WORDS = {signal.SIGINT: "interrupted by Ctrl-C", signal.SIGTERM: "interrupted by SIGTERM"}


class Request:
    """Holds why to stop, once a signal has come."""

    reason: str | None = None


@contextmanager
def interruption() -> Iterator[Request]:
    """Catch the first Ctrl-C or SIGTERM as a request; a second Ctrl-C raises KeyboardInterrupt at once.

    A signal that the process ignores, as Ctrl-C is in the background of a shell, stays ignored. Outside the main
    thread, where Python has no signals, the request never comes.
    """
    request = Request()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return

    def catch(number: int, frame: FrameType | None) -> None:
        if request.reason and number == signal.SIGINT:
            raise KeyboardInterrupt
        request.reason = WORDS[signal.Signals(number)]

    before = {s: signal.signal(s, catch) for s in WORDS if signal.getsignal(s) not in (signal.SIG_IGN, None)}
    try:
        yield request
    finally:
        for s, handler in before.items():
            signal.signal(s, handler)
