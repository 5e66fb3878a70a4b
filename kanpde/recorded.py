"""Fields and references in records: what is written of them, and how they are read back."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any

import sympy as sp
import torch

from . import serialise
from .blocks import Trial
from .field import Field
from .geometry import Depth, depth_of, recorded_shape
from .nn import Network
from .nn.input_map import InputMap
from .nn.layout import build, describe
from .nn.logarithm import Logarithm
from .nn.stretch import Front, Scale, Stretch
from .record import ATTRIBUTES, Gridded, RecordError
from .reference import Reference
from .slabs import SlabField, field_function

DTYPES = {"float64": torch.float64, "float32": torch.float32}


def reference_content(problem: str, reference: Reference) -> dict[str, Any]:
    """The record of a reference by itself."""
    return {
        ATTRIBUTES: {"kind": "reference"},
        "problem": {ATTRIBUTES: {"name": problem}},
        "reference": reference_attributes(reference),
        "grid": Gridded(dict(reference.axes), {f"{n}_reference": v for n, v in reference.values.items()}),
    }


def field_content(field: Field | SlabField) -> dict[str, Any]:
    """All parts of a field; what they have in common stands beside them."""
    slabs = [list(slab) for slab in field.slabs] if isinstance(field, SlabField) else []
    return {
        "coordinates": json.dumps([serialise.encode(c) for c in field.parts[0].coordinates]),
        "inside": json.dumps(None if field.parts[0].inside is None else serialise.encode(field.parts[0].inside)),
        "shapes": _shapes_content(field.parts[0].inside),
        "slabs": json.dumps(slabs),
        "time": json.dumps(field.time if isinstance(field, SlabField) else None),
        "parts": [_part_content(part) for part in field.parts],
    }


def _shapes_content(inside: sp.Expr | None) -> dict[str, Any]:
    """The numbers of shapes that an expression refers to by their fingerprints."""
    return {} if inside is None else {f.fingerprint: f.shape.arrays for f in inside.atoms(Depth)}


def _part_content(part: Field) -> dict[str, Any]:
    trial = part.trial
    fronts = {name: _scale_content(scale) for name, scale in trial.input_map.stretches.items()}
    return {
        "outputs": json.dumps({n: serialise.encode(v) for n, v in part.outputs.items()}),
        "forms": _encoded_forms(part),
        "bounds": json.dumps(trial.input_map.bounds),
        "periodic": json.dumps(trial.input_map.periodic),
        "even": json.dumps(trial.input_map.even),
        "stretches": json.dumps(fronts),
        "numbers": json.dumps({name: p.item() for name, p in trial.numbers.items()}),
        "layout": json.dumps(describe(trial.network)),
        "weights": dict(trial.state_dict()),
    }


def _scale_content(scale: Scale) -> dict[str, Any]:
    """Numbers that `_recorded_scale` makes an equal scale from."""
    if isinstance(scale, Logarithm):
        return {"ratio": scale.ratio}
    return {"ring": scale.ring, "fronts": [[f.centre, f.width, f.share] for f in scale.fronts]}


def _recorded_scale(about: dict[str, Any]) -> Scale:
    if "ratio" in about:
        return Logarithm(float(about["ratio"]))
    return Stretch(tuple(Front(*map(float, f)) for f in about["fronts"]), bool(about["ring"]))


def _encoded_forms(part: Field) -> str | None:
    try:
        return json.dumps({n: serialise.encode(e) for n, e in part.forms.items()})
    except ValueError:  # a Coefficient: the record can be resumed with its problem, but not be loaded without
        return None


def recorded_field(content: dict[str, Any], model: torch.nn.Module | None = None) -> Field | SlabField:
    """The field in a record.

    Args:
        content: of the record.
        model: of the structure of every network that is neither KAN nor MLP.
    """
    parts = recorded_parts(content, model)
    slabs = json.loads(content["field"]["slabs"])
    if not slabs:
        return parts[0]
    ends = tuple((float(stop), int(index)) for stop, index in slabs)
    return SlabField(tuple(parts), ends, json.loads(content["field"]["time"]))


def recorded_parts(content: dict[str, Any], model: torch.nn.Module | None = None) -> list[Field]:
    """The parts of the field in a record, in the order in which they build on each other."""
    saved = content["field"]
    coordinates = tuple(serialise.decode(c) for c in json.loads(saved["coordinates"]))
    shape = json.loads(saved.get("inside", "null"))  # records of version 0.1.0 know boxes only
    shapes = {name: depth_of(recorded_shape(arrays)) for name, arrays in saved.get("shapes", {}).items()}
    inside = None if shape is None else serialise.decode(shape, shapes=shapes)
    parts: list[Field] = []
    for part in saved["parts"]:
        if part["forms"] is None:
            raise RecordError("its trial solution has a function in it that cannot be stored, such as a Coefficient")
        network = recorded_network(content, len(parts)) if model is None else copy.deepcopy(model)
        if network is None:
            raise RecordError("`model` is missing: its network is neither KAN nor MLP")
        stretches = {name: _recorded_scale(about) for name, about in json.loads(part["stretches"]).items()}
        bounds = {name: (float(lo), float(hi)) for name, (lo, hi) in json.loads(part["bounds"]).items()}
        trial = Trial(
            network, InputMap(bounds, json.loads(part["periodic"]), stretches, json.loads(part.get("even", "[]")))
        )
        for name, value in json.loads(part["numbers"]).items():
            trial.numbers[name] = torch.nn.Parameter(next(network.parameters()).new_tensor(value))
        trial.load_state_dict(part["weights"])
        known = _functions_of(parts)
        found = Field(
            coordinates,
            {n: serialise.decode(v) for n, v in json.loads(part["outputs"]).items()},
            {n: serialise.decode(e, known) for n, e in json.loads(part["forms"]).items()},
            trial,
            inside,
        )
        for name in found.forms:
            found.expression(name)
        parts.append(found)
    return parts


def _functions_of(parts: Sequence[Field]) -> serialise.KnownFields:
    """The unknowns of earlier parts as known functions, each made once."""
    made: dict[tuple[int, str], Any] = {}

    def known(index: int, name: str) -> Any:
        return made.setdefault((index, name), field_function(parts[index], name, index))

    return known


def recorded_network(content: dict[str, Any], part: int = -1) -> Network | None:
    """A network of the recorded structure, its weights still to be loaded; None if it was another module.

    Args:
        content: of the record.
        part: of the field; the last one without it.
    """
    layout = json.loads(content["field"]["parts"][part]["layout"])
    if layout is None:
        return None
    return build(layout, DTYPES[content["run"][ATTRIBUTES]["dtype"]])


def recorded_reference(content: dict[str, Any]) -> Reference | None:
    """What the error of a recorded run was measured against; None if there was nothing."""
    if "reference" not in content or "grid" not in content:
        return None
    about, grid = content["reference"][ATTRIBUTES], content["grid"]
    values = {k.removesuffix("_reference"): v for k, v in grid.values.items() if k.endswith("_reference")}
    whole = content["reference"]  # beside the grid if that ends before the time does
    axes, values = (whole["axes"], whole["values"]) if "axes" in whole else (grid.axes, values)
    return Reference(about["name"], axes, values, float(about["error"]), float(about["seconds"]), {})


def reference_attributes(reference: Reference) -> dict[str, Any]:
    """What is said of a reference beside its values."""
    return {ATTRIBUTES: {"name": reference.name, "error": reference.error, "seconds": reference.seconds}}
