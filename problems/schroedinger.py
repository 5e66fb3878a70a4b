"""Nonlinear Schroedinger equation: two solitons bound to each other contract to a peak and spread again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from kanpde import Coefficient, Initial, Interval, Periodic, Problem, Time, cosh, pi

JUMP = 4 * np.tanh(5) / np.cosh(5)
"""Of the slope of 2 sech(x) across the seam."""
MEAN = 1.6 * np.tanh(5)
"""Of 2 |h|^2 over the period, which does not change."""
MODES, BATCH = 256, 4096


def waves(part: Callable[[torch.Tensor], torch.Tensor]) -> Callable[..., torch.Tensor]:
    """Waves that leave the seam: a part of the solution of i h_t + h_xx / 2 + MEAN h = 0 that has the kink at first."""

    def values(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        k = np.pi / 5 * torch.arange(1, MODES + 1, dtype=x.dtype, device=x.device)
        batches = zip(x.split(BATCH), t.split(BATCH), strict=True)
        heights, rates = -JUMP / 5 / k**2, MEAN - k**2 / 2
        return torch.cat(
            [(torch.cos(torch.outer(a + 5, k)) * part(torch.outer(b, rates))) @ heights for a, b in batches]
        )

    return values


REAL, IMAGINARY = Coefficient("waves_u", waves(torch.cos)), Coefficient("waves_v", waves(torch.sin))


class Schroedinger(Problem):
    """i h_t + h_xx / 2 + |h|^2 h = 0 on [-5, 5] x [0, pi/2], periodic, h = u + i v = 2 sech(x) at first.

    On the whole line h = 4 exp(i t / 2) (cosh 3x + 3 exp(4 i t) cosh x) / (cosh 4x + 4 cosh 2x + 3 cos 4t). Here it is
    periodic, and the slope of the initial value jumps by 4 sech(5) tanh(5) = 0.054 across the seam x = -5 = 5: waves
    of all lengths leave from there, which no diffusion smooths, and change the solution by 7e-3 (relative L2 norm). No
    smooth network has that kink. Short waves are quick and see |h|^2 by its mean alone: the lift has 256 of them as they
    are then, and the network has to find the rest, which is smoother by one order. Of the initial value the still
    shorter ones are left out, 3.2e-6 of it (relative L2 norm).
    """

    group = "hyperbolic"
    source = (
        "Satsuma, Yajima (1974), Progress of Theoretical Physics Supplement 55, 284 (whole line); "
        "Raissi, Perdikaris, Karniadakis (2019), Journal of Computational Physics 378, 686, sec. 3.1.1"
    )
    typical = (1.4e-1, 60)
    domain = Interval(x=(-5, 5)) * Time(t=(0, pi / 2))
    symmetric = {"x": "even"}

    closed_form_error = 2e-6

    def residual(self, u, v, x, t):
        size = u**2 + v**2
        return {"real": -v.t + u.xx / 2 + size * u, "imaginary": u.t + v.xx / 2 + size * v}

    def conditions(self, x, t):
        smooth = 2 / cosh(x) + JUMP * (x**2 / 20 - 5 / 12)
        return [Initial(u=smooth + REAL(x, 0), v=0, hard=True), Periodic("x", hard=True)]

    def lift(self, x, t):
        return {"u": REAL(x, t), "v": IMAGINARY(x, t)}

    def closed_form(self, x, t):
        """A Fourier series of 2048 modes, by splitting of order 4 in time; the kink at the seam sets the error.

        Source:
            Yoshida (1990), Physics Letters A 150, 262.
        """
        x, t = np.broadcast_arrays(np.asarray(x, float), np.asarray(t, float))
        k = 2 * np.pi * np.fft.fftfreq(2048, 10 / 2048)
        h, now, found = 2 / np.cosh(np.linspace(-5, 5, 2049)[:-1]), 0.0, np.empty(x.shape, complex)
        outer = 1 / (2 - 2 ** (1 / 3))
        for instant in np.unique(t):
            count = int(np.ceil((instant - now) / 1e-3))
            for share in [outer, 1 - 2 * outer, outer] * count:
                step = share * (instant - now) / count
                h = h * np.exp(0.5j * step * abs(h) ** 2)
                h = np.fft.ifft(np.exp(-0.5j * step * k**2) * np.fft.fft(h))
                h = h * np.exp(0.5j * step * abs(h) ** 2)
            now = instant
            found[t == instant] = np.exp(1j * np.outer(x[t == instant] + 5, k)) @ np.fft.fft(h) / 2048
        return {"u": found.real, "v": found.imag}
