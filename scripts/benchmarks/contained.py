"""The matrix products and factorisations that a piece of work contains, to be done once more on their own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

PRODUCTS = {
    "mm", "addmm", "addmm_", "bmm", "baddbmm", "mv", "addmv", "addmv_",
    "linalg_cholesky_ex", "cholesky_solve", "linalg_solve_triangular", "linalg_qr",
}  # fmt: skip


class _Recorder(TorchDispatchMode):
    """Keeps the calls that are products or factorisations; tensors that change later are kept as they become."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Callable[[], object]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func.__name__.split(".")[0] in PRODUCTS:
            self.calls.append(partial(func, *args, **kwargs))
        return func(*args, **kwargs)


def contained_in(work: Callable[[], object]) -> Callable[[], None]:
    """Do a piece of work, and give what repeats its products and factorisations with operands of the same shapes.

    Those that LAPACK does outside of PyTorch are not seen, so that the quotient of both times is rather too large.
    """
    with _Recorder() as recorder:
        work()

    @torch.no_grad()
    def again() -> None:
        for call in recorder.calls:
            call()

    return again
