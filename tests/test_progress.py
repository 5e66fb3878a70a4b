"""The progress bar: on standard error, for every kind of budget, gone at the end."""

import pytest

from kanpde.progress import Progress
from kanpde.training import Budget, Report


def report(steps, seconds, budget, error=None, restarts=0):
    return Report(steps, seconds, 1e-8, error, restarts, budget)


@pytest.mark.parametrize("budget", [Budget(seconds=10), Budget(steps=20), Budget(10, 20), Budget(tolerance=1e-9)])
def test_a_bar_shows_loss_error_and_rate_for_every_budget(capsys, budget):
    with Progress("Poisson", enabled=True) as progress:
        progress(report(5, 2.0, budget))
        progress(report(10, 4.0, budget, error=2e-5, restarts=1))
        progress._bar.refresh()
    out, err = capsys.readouterr()
    assert out == ""
    assert "Poisson" in err
    assert "root loss 1.0e-04, error 2.0e-05, 2.5 steps/s, 1 restart(s)" in err


def test_time_left_follows_from_the_budget(capsys):
    with Progress("p", enabled=True) as progress:
        progress(report(5, 2.0, Budget(steps=20)))
        progress._bar.refresh()
        assert (progress._bar.n, progress._bar.total) == (5, 20)
        progress(report(30, 9.0, Budget(steps=20)))
        assert progress._bar.n == 20
    assert "5/20 step" in capsys.readouterr().err


def test_away_from_a_terminal_nothing_is_shown(capsys):
    with Progress("p") as progress:
        progress(report(1, 1.0, Budget(steps=2)))
    assert capsys.readouterr() == ("", "")


def test_a_bar_that_never_started_can_be_closed():
    Progress("p").close()
