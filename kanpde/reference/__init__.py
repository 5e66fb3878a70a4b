"""Solutions to compare with, each with an error of its own."""

from .closed_form import exact_reference
from .record import Reference

__all__ = ["Reference", "exact_reference"]
