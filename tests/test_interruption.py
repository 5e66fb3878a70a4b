"""Signals as requests: honoured between two steps, put back afterwards."""

import signal
import threading

import pytest

from kanpde.interruption import interruption


@pytest.fixture(autouse=True)
def handlers():
    before = {s: signal.signal(s, signal.default_int_handler) for s in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("number", "words"), [(signal.SIGINT, "interrupted by Ctrl-C"), (signal.SIGTERM, "interrupted by SIGTERM")]
)
def test_the_first_signal_is_a_request(number, words):
    with interruption() as request:
        assert request.reason is None
        signal.raise_signal(number)
        assert request.reason == words


def test_a_second_ctrl_c_ends_at_once():
    with interruption(), pytest.raises(KeyboardInterrupt):  # noqa: PT012  (it is the second one that raises)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)


def test_the_handlers_are_put_back_also_after_an_error():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with pytest.raises(ZeroDivisionError), interruption():  # noqa: PT012
        assert signal.getsignal(signal.SIGINT) is not before[0]
        1 / 0  # noqa: B018
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_an_ignored_signal_stays_ignored():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with interruption() as request:
        signal.raise_signal(signal.SIGINT)
        assert request.reason is None
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_outside_the_main_thread_there_are_no_requests():
    reasons = []

    def work():
        with interruption() as request:
            reasons.append(request.reason)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert reasons == [None]
