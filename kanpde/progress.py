"""A progress bar on standard error with loss, error, rate and time left."""

from __future__ import annotations

from typing import Any

from tqdm import tqdm

from .training import Report


class Progress:
    """Callable for `solve(on_step=...)`; as a context manager it leaves a clean line.

    Args:
        label: what stands before the bar.
        enabled: None shows the bar on terminals only.
    """

    def __init__(self, label: str, *, enabled: bool | None = None):
        self.label, self.enabled = label, enabled
        self._bar: Any = None

    def __call__(self, report: Report) -> None:
        """Show a report; time left follows from the budget in seconds, or in steps."""
        by_time = report.budget.seconds is not None
        if self._bar is None:
            total = report.budget.seconds if by_time else report.budget.steps
            unit = "s" if by_time else "step"
            share = "{percentage:3.0f}%|{bar:20}| {n:.0f}/{total:.0f} {unit}, {remaining} left"
            shape = "{desc} " + (share if total else "{n:.0f} {unit}") + "{postfix}"
            disable = None if self.enabled is None else not self.enabled
            self._bar = tqdm(total=total, desc=self.label, unit=unit, bar_format=shape, disable=disable, leave=False)
        done = report.seconds if by_time else float(report.steps)
        self._bar.update(max(0.0, min(done, self._bar.total or done) - self._bar.n))
        error = "" if report.error is None else f", error {report.error:.1e}"
        restarts = f", {report.restarts} restart(s)" if report.restarts else ""
        rate = report.steps / max(report.seconds, 1e-9)
        self._bar.set_postfix_str(
            f"root loss {report.loss**0.5:.1e}{error}, {rate:.1f} steps/s{restarts}", refresh=False
        )

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()
