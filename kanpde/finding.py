"""What a check of a problem notices."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that the check noticed: an "error" must be mended, a "warning" should be understood."""

    severity: str
    message: str


@dataclass(frozen=True)
class CheckReport:
    """All findings about a problem.

    Attributes:
        problem: its name.
        findings: what should be mended or understood.
        symmetries: what `symmetric` could say of the problem and does not, as sentences.
    """

    problem: str
    findings: tuple[Finding, ...]
    symmetries: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether there is no error among the findings."""
        return not self.errors

    @property
    def errors(self) -> tuple[str, ...]:
        """The messages of the errors."""
        return tuple(f.message for f in self.findings if f.severity == "error")

    def __str__(self) -> str:
        head = f"{self.problem}: {'nothing wrong found' if self.ok else 'not ready'}"
        return "\n".join(
            [head, *(f"  {f.severity}: {f.message}" for f in self.findings), *(f"  {s}" for s in self.symmetries)]
        )
