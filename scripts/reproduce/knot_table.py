"""Make the table of knots that ships with the experiments: geometry of the complement, and the signature.

    pip install "kanpde[knots]"
    python scripts/reproduce/knot_table.py --count 8000 --out scripts/reproduce/knots.csv.gz

SnapPy computes everything, some 50 ms a knot. Drawn at random from the hyperbolic knots with at most 15 crossings, each once
and then, at random, as it is or its mirror image. Columns and signs are those of Davies et al. (2021), "Advancing mathematics
by guiding human intuition with AI", Nature 600, whose torsion degrees and shortest geodesics are left out: the ones need
Sage, the others seconds per knot.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import trange

SYMMETRIES = ("0", "D3", "D4", "D6", "D8", "Z/2 + Z/2")
"""Groups that have a column of their own, as in the table of Davies et al."""
SEED = 0


def main() -> None:
    """Write the table that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=8000, metavar="N", help="number of knots (%(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, metavar="N", help="of the draw (%(default)s)")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("knots.csv.gz"), metavar="FILE")
    options = parser.parse_args()
    import snappy  # here, so that --help needs no extra

    census = snappy.HTLinkExteriors(knots_vs_links="knots")
    if not 1 <= options.count <= len(census):
        parser.error(f"`--count` must be from 1 to {len(census)}, got {options.count}.")
    generator = np.random.default_rng(options.seed)
    order = generator.permutation(len(census))
    rows: list[dict[str, Any]] = []
    for number in trange(options.count, unit="knot", file=sys.stderr):
        row = invariants(census[int(order[number])])
        if row is not None:
            rows.append(mirrored(row) if generator.random() < 0.5 else row)
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows({k: f"{v:.8g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)
    with options.out.open("wb") as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="") as packed:
        packed.write(text.getvalue().encode())
    print(f"{len(rows)} knots in {options.out}")


def invariants(complement: Any) -> dict[str, Any] | None:
    """Of one knot; None if it is not hyperbolic.

    Args:
        complement: a manifold of SnapPy with one cusp, made from a diagram.
    """
    if complement.solution_type() != "all tetrahedra positively oriented":
        return None
    cusp = complement.cusp_neighborhood()
    cusp.set_displacement(cusp.stopping_displacement())
    meridian, longitude = (complex(t) for t in cusp.translations(0))
    group = str(complement.symmetry_group())
    seifert = np.array([list(map(int, row)) for row in complement.link().seifert_matrix()])
    eigenvalues = np.linalg.eigvalsh(seifert + seifert.T)  # none vanishes: the determinant of a knot is odd
    return {
        "name": complement.name(),
        "chern_simons": float(complement.chern_simons()),
        "cusp_volume": longitude.real * meridian.imag,  # the area of the cusp, under the name that it has in that table
        "longitudinal_translation": longitude.real,
        "meridinal_translation_imag": meridian.imag,
        "meridinal_translation_real": meridian.real,
        **{f"Symmetry_{g}": int(group == g) for g in SYMMETRIES},
        "volume": float(complement.volume()),
        "signature": int(np.sum(eigenvalues < 0) - np.sum(eigenvalues > 0)),
    }


def mirrored(row: dict[str, Any]) -> dict[str, Any]:
    """The invariants of the mirror image."""
    return row | {k: -row[k] for k in ("chern_simons", "meridinal_translation_real", "signature")}


if __name__ == "__main__":
    main()
