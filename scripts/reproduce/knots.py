"""Knots: the signature from the geometry of the complement, with all invariants, with three, by formula, and unasked.

The table that ships was made by `knot_table.py`. `--data FILE ...` takes others in the same columns, such as that of Davies et
al. (2021), https://github.com/google-deepmind/mathematics_conjectures.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import sympy as sp
import torch
from benchmarks.report import Report, markdown, power
from benchmarks.runs import Request, Result, Run, Table
from jaxtyping import Float, Int
from matplotlib.figure import Figure

from kanpde import KAN, MLP, auto_symbolic, find_relations, fit
from kanpde.fitting import not_interrupted, scaled_inputs
from kanpde.nn.basis import BSpline

from .fits import mlp_width, splines

SHIPPED = Path(__file__).with_name("knots.csv.gz")
OURS = "SnapPy, 8,000 knots"
"""Name of the table that ships."""
TARGET = "signature"
THREE = ("longitudinal_translation", "meridinal_translation_imag", "meridinal_translation_real")
SEEDS = 3
TRAINED = 2 / 3
"""Share of the rows that is trained on; the text of the table says it in words."""
FAR = 6.0
"""Standard deviations from the mean beyond which a value counts as that far."""
RANKS = 0.7
"""Weight of the rank of a value in what a network sees of it."""
GRID, GRID_OF_THREE, OUTER_GRID = 8, 20, 2
REGRESSION_STEPS, STEPS = 30, 800
QUICK_ROWS, QUICK_REGRESSION_STEPS, QUICK_STEPS = 1500, 5, 30
UNEXPLAINED = 0.1
"""Share of the variance up to which a sum of functions counts as a relation."""
PAPER = {("KAN", "all"): 0.816, ("MLP", "all"): 0.780, ("KAN", "3"): 0.782, ("formula A", "3"): 0.831}
"""Test accuracy in the KAN paper, on 243,746 rows; its MLP is the one of Davies et al., with 3e5 parameters."""


@dataclass(frozen=True)
class Knots:
    """Invariants and signatures.

    Attributes:
        source: name of the table.
        names: of the invariants.
        invariants: one column each, shape (rows, names).
        signature: an even number for every row.
    """

    source: str
    names: tuple[str, ...]
    invariants: Float[np.ndarray, "rows names"]
    signature: Int[np.ndarray, " rows"]

    @classmethod
    def load(cls, files: Sequence[Path]) -> Knots:
        """Read CSV files, packed or not, whose rows are put together.

        Raises:
            ValueError: for a file that cannot be read, lacks rows or columns, or holds anything but numbers there.
        """
        tables = [_read(path) for path in files]
        names = list(tables[0])
        for path, table in zip(files, tables, strict=True):
            if list(table) != names:
                raise ValueError(
                    f"`{path}` must have the columns of {files[0]}, {', '.join(names)}, got {', '.join(table)}."
                )
        columns = {name: np.concatenate([table[name] for table in tables]) for name in names}
        signature = columns.pop(TARGET)
        if (signature % 2 != 0).any():
            raise ValueError(f"`{TARGET}` must be even for all knots, got {signature[signature % 2 != 0][0]:g}.")
        invariants = np.stack(list(columns.values()), 1)
        varied = np.ptp(invariants, axis=0) > 0
        kept = tuple(n for n, is_varied in zip(columns, varied, strict=True) if is_varied)
        return cls(" + ".join(map(str, files)), kept, invariants[:, varied], signature.astype(int))

    def columns(self, names: Sequence[str]) -> Float[np.ndarray, "rows columns"]:
        """Some of the invariants."""
        return self.invariants[:, [self.names.index(n) for n in names]]

    @cached_property
    def groups(self) -> Int[np.ndarray, " rows"]:
        """One number for all rows of a knot and its mirror image: those that agree up to signs to three decimals."""
        keys = np.abs(self.columns(("volume", "cusp_volume", "meridinal_translation_real"))).round(3)
        return np.unique(keys, axis=0, return_inverse=True)[1].ravel()

    def split(self, grouped: bool, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows to train on and to test at; grouped, no knot of the one stands in the other, as it is or mirrored."""
        units = self.groups if grouped else np.arange(len(self.signature))
        place = np.random.default_rng(seed).permutation(units.max() + 1)[units]
        is_trained = place < TRAINED * (units.max() + 1)
        return np.flatnonzero(is_trained), np.flatnonzero(~is_trained)


def _read(path: Path) -> dict[str, np.ndarray]:
    """The columns of numbers of one file."""
    if not path.is_file():
        raise ValueError(f"`{path}` must be a CSV file of knots, there is none.")
    with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as file:
        reader = csv.DictReader(file)
        rows, names = list(reader), [n for n in reader.fieldnames or () if n not in ("", "name")]
    missing = [n for n in (*THREE, "volume", "cusp_volume", TARGET) if n not in names]
    if missing or not rows:
        raise ValueError(
            f"`{path}` must have rows and the column {missing[0] if missing else TARGET}, got {len(rows)} rows of {', '.join(names)}."
        )
    try:
        found = {name: np.array([float(row[name]) for row in rows]) for name in names}
    except (TypeError, ValueError):
        raise ValueError(f"`{path}` must hold a number in every row and column, apart from the name.") from None
    for name, column in found.items():
        if not np.isfinite(column).all():
            raise ValueError(
                f"`{path}` must hold finite numbers, got {column[~np.isfinite(column)][0]} in column {name}."
            )
    return found


def runs(request: Request) -> list[Run]:
    """Networks in turn on both splits from every seed, then formulas and relations."""
    knots = Knots.load(request.data) if request.data else replace(Knots.load([SHIPPED]), source=OURS)
    found = []
    for seed in request.trials(SEEDS):
        for grouped in (False, True):
            split = "grouped" if grouped else "plain"
            for network, inputs in (("KAN", "all"), ("MLP", "all"), ("KAN", "3")):
                name = f"{knots.source} | {network}, {inputs} inputs, {split} | seed {seed}"
                measure = partial(classified, knots, network, inputs, grouped, seed, request.quick)
                found.append(Run(name, measure, quick=not grouped and inputs == "all"))
        found.append(Run(f"{knots.source} | formula A | seed {seed}", partial(by_formula, knots, seed), quick=True))
        found.append(Run(f"{knots.source} | formula read off | seed {seed}", partial(read_off, knots, seed)))
    return [*found, Run(f"{knots.source} | relations", partial(relations, knots), quick=True)]


def scaled(x: Float[np.ndarray, "rows columns"], trained: Float[np.ndarray, "n columns"]) -> np.ndarray:
    """Each column in [0, 1], between its value and its rank among the rows that are trained on."""
    found = []
    for column, among in zip(x.T, trained.T, strict=True):
        middle, far = among.mean(), FAR * among.std()
        low, high = max(among.min(), middle - far), min(among.max(), middle + far)
        ordered = np.sort(among)
        rank = (np.searchsorted(ordered, column, "left") + np.searchsorted(ordered, column, "right")) / 2 / len(among)
        found.append(RANKS * rank + (1 - RANKS) * np.clip((column - low) / (high - low), 0, 1))
    return np.stack(found, 1)


def classified(knots: Knots, network: str, inputs: str, grouped: bool, seed: int, quick: bool) -> Result:
    """One network that tells the signature.

    The KAN first learns the signature as a number, by least squares with one output, and keeps the edges of its first layer.
    """
    start = perf_counter()
    here, there = knots.split(grouped, seed)
    here = here[:QUICK_ROWS] if quick else here
    x = knots.columns(THREE) if inputs == "3" else knots.invariants
    x = x[:, np.ptp(x[here], axis=0) > 0]
    seen, unseen = scaled(x[here], x[here]), scaled(x[there], x[here])
    labels = (knots.signature - knots.signature.min()) // 2
    kan = KAN([seen.shape[1], 1, int(labels.max()) + 1], basis=_edges(inputs, OUTER_GRID), base=False, seed=seed)
    steps = QUICK_STEPS if quick else STEPS
    model: Any = kan
    if network == "KAN":
        _learn_number(kan, seen, knots.signature[here], _edges(inputs, 3), seed, quick)
    else:
        model = MLP(mlp_width(kan.width[0], kan.width[-1], kan.parameter_count, hidden=1), seed=seed)
    test = (unseen, labels[there])
    found = fit(model, seen, labels[here], test=test, loss="cross_entropy", steps=steps, seed=seed)
    not_interrupted(found)
    return {
        "source": knots.source,
        "method": network,
        "inputs": inputs,
        "split": "grouped" if grouped else "plain",
        "seed": seed,
        "width": str(model.width),
        "parameters": model.parameter_count,
        "rows": [len(here), len(there)],
        "train": found.run["train_accuracy"],
        "test": found.run["test_accuracy"],
        "cross_entropy": found.run["test_cross_entropy"],
        "seconds": perf_counter() - start,
    }


def by_formula(knots: Knots, seed: int) -> Result:
    """Formula A of the paper: the slope lambda mu_r / (mu_r^2 + mu_i^2) times one number plus another."""
    start = perf_counter()
    here, there = knots.split(False, seed)
    longitude, imaginary, real = knots.columns(THREE).T
    slope = longitude * real / (real**2 + imaginary**2)
    line = np.polynomial.Polynomial.fit(slope[here], knots.signature[here], 1)
    return _scored(knots, "formula A", here, there, line(slope), 2, seed, perf_counter() - start)


def read_off(knots: Knots, seed: int) -> Result:
    """A formula of three invariants that a KAN [3, 1, 1] was turned into, without help."""
    start = perf_counter()
    here, there = knots.split(False, seed)
    x = knots.columns(THREE)
    x = np.clip(x, x[here].min(0), x[here].max(0))
    kan = KAN([3, 1, 1], basis=splines([3, 1, 1], 8, 3), base=False, seed=seed)
    found = auto_symbolic(kan, x[here], knots.signature[here].astype(float), starts=3, steps=60, seed=seed)
    values = found.solution(x1=x[:, 0], x2=x[:, 1], x3=x[:, 2])
    parameters = sum(p.numel() for p in found.solution.network.parameters())
    result = _scored(knots, "read off", here, there, values, parameters, seed, perf_counter() - start)
    names = dict(zip(("x1", "x2", "x3"), sp.symbols("lambda mu_i mu_r"), strict=True))
    formula = (
        found.formula["y"].subs({s: names[s.name] for s in found.formula["y"].free_symbols}) if found.complete else None
    )
    return result | {"formula": None if formula is None else str(_short(formula))}


def relations(knots: Knots) -> Result:
    """Which invariants, the signature among them, are related, without asking for one of them."""
    start = perf_counter()
    table = np.column_stack([knots.invariants, knots.signature])
    table = scaled(table, table)
    names = [*knots.names, TARGET]
    found = [([names[i] for i in r.columns], r.unexplained) for r in find_relations(table, tolerance=UNEXPLAINED)]
    return {"source": knots.source, "method": "relations", "found": found, "seconds": perf_counter() - start}


def report(results: Sequence[Result]) -> Report:
    """A line per table, method and split; below the formulas and the relations."""
    texts = []
    judged = [r for r in results if r["method"] != "relations"]
    alike: dict[tuple[str, ...], list[Result]] = {}
    for r in judged:
        alike.setdefault((r["source"], r["method"], r["inputs"], r["split"]), []).append(r)
    rows = [_row(group) for group in alike.values()]
    for r in results:
        if r["method"] == "relations":
            found = "; ".join(f"{', '.join(names)} ({power(unexplained)})" for names, unexplained in r["found"])
            texts.append(f"Relations in {r['source']}, with the share of variance left unexplained: {found}.")
        elif r["method"] == "read off":
            texts.append(f"Formula read off from seed {r['seed']}, {r['source']}: `{r['formula'] or 'not complete'}`.")
    head = ["table, method", "inputs", "split", "parameters", "runs", "train", "median", "worst", "paper", "s"]
    lines = [
        [f"{r['source']}, {r['method']} {r['width']}".rstrip(), r["inputs"], r["split"], str(r["parameters"]), str(r["runs"]),
         _percent(r["train"]), _percent(r["median"]), _percent(r["worst"]), _percent(r["paper"]), f"{r['seconds']:.0f}"]
        for r in rows
    ]  # fmt: skip
    text = (
        "Share of test rows whose signature is right; two thirds of the rows are trained on, drawn at random, or, grouped, "
        "such that no knot is on both sides as it is or mirrored. The MLP has as many parameters, the same rows, optimiser and "
        "number of steps. The paper's figures are on 243,746 rows with up to 17 invariants and a plain split. A formula "
        "gives a number, the nearest even number is the answer.\n\n"
    )
    figure = Figure(figsize=(7, 0.3 * len(rows) + 1.2), layout="constrained")
    axis = figure.subplots()
    names = [f"{r['method']}, {r['inputs']} inputs, {r['split']}, {r['source']}" for r in rows]
    axis.plot([r["median"] for r in rows], range(len(rows)), "o", label="test")
    axis.plot([np.nan if r["paper"] is None else r["paper"] for r in rows], range(len(rows)), "x", label="paper")
    axis.set_yticks(range(len(rows)), names)
    axis.set(xlabel="share of right answers")
    axis.invert_yaxis()
    axis.legend()
    return Report(rows, "\n\n".join([text + markdown(head, lines), *texts]), figure)


def _learn_number(kan: KAN, x: np.ndarray, signature: np.ndarray, bases: list[BSpline], seed: int, quick: bool) -> None:
    """Give a classifier the first layer of a regression, and outputs that favour no class."""
    regression = KAN([kan.width[0], 1, 1], basis=bases, base=False, seed=seed)
    steps = QUICK_REGRESSION_STEPS if quick else REGRESSION_STEPS
    not_interrupted(fit(regression, x, signature.astype(float), optimizer="gauss-newton", steps=steps, seed=seed))
    first, last = kan.layers
    first.load_state_dict(regression.layers[0].state_dict())
    with torch.no_grad():
        values = first(scaled_inputs(x))
        last.coefficients.zero_()
    low, high = values.min(0).values, values.max(0).values
    first.normalise(0, (low + high) / 2, (high - low) / 2)


def _edges(inputs: str, outer: int) -> list[BSpline]:
    intervals = GRID_OF_THREE if inputs == "3" else GRID
    return [BSpline(intervals, 3, outside="linear"), BSpline(outer, 3, outside="linear")]


def _scored(
    knots: Knots,
    method: str,
    here: np.ndarray,
    there: np.ndarray,
    values: np.ndarray,
    parameters: int,
    seed: int,
    s: float,
) -> Result:
    right = 2 * np.round(values / 2) == knots.signature
    return {
        "source": knots.source,
        "method": method,
        "inputs": "3",
        "split": "plain",
        "seed": seed,
        "width": "",
        "parameters": parameters,
        "rows": [len(here), len(there)],
        "train": float(right[here].mean()),
        "test": float(right[there].mean()),
        "seconds": s,
    }


def _row(results: Sequence[Result]) -> dict[str, Any]:
    tests = [r["test"] for r in results]
    first = {name: results[0][name] for name in ("source", "method", "inputs", "split", "width", "parameters", "rows")}
    return first | {
        "runs": len(results),
        "train": median(r["train"] for r in results),
        "median": median(tests),
        "worst": min(tests),
        "paper": PAPER.get((first["method"], first["inputs"])) if first["split"] == "plain" else None,
        "seconds": median(r["seconds"] for r in results),
    }


def _short(formula: sp.Expr) -> sp.Expr:
    """With numbers of four digits."""
    return formula.xreplace({n: sp.Float(n, 4) for n in formula.atoms(sp.Float)})


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


TABLE = Table("Knots", runs, report)
