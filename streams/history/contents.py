"""What a snapshot's payload holds, for people: weights, trees, and how two of them differ.

Payloads are told apart by what they hold, so that a snapshot of any name or kind can be shown as
long as it is made of these forms; another form is shown by its size alone.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from models.portfolio.arrays import unpack_floats, unpack_ints
from models.portfolio.basis import read_basis
from models.portfolio.inputs import read_input

Contents = dict[str, Any]
LARGEST = 10
"""Weights and inputs that a text shows; the JSON has all."""


def contents(payload: bytes) -> Contents:
    """The payload of a snapshot as plain numbers, by its `form`.

    logistic: weights a standard deviation, weights of the missing-value indicators, intercept.
    splines: how far the log-odds move between the lowest and the highest knot of each input's
        curve and of each pair's surface.
    forest: trees, nodes, leaves, and how many splits use each input.
    blend: a weight a member, and the members' versions.
    mean: the models inside whose scores are averaged; of two, the second learned what came fast.
    river: a classifier as it is (`models.portfolio.river_form`): its class, the bytes of its state,
        its lessons, those it failed at, and whether it is full and learns no more.
    other: its bytes; a form that this module does not know, or one that is damaged.

    >>> contents(b'{"names": ["amount"], "weights": ["0x1p-1"], "missing": ["0x0p+0"],'
    ...          b' "intercept": "-0x1p+2"}')["weights"]
    {'amount': 0.5}
    """
    try:
        found = _form(json.loads(payload))
    except (ValueError, LookupError, TypeError, AttributeError):
        found = {}
    return found or {"form": "other", "bytes": len(payload)}


def _form(data: Any) -> Contents:
    if not isinstance(data, dict):
        return {}
    for needed, form in FORMS.items():
        if data.keys() >= set(needed):
            return form(data)
    return _form(data.get("model"))


def _logistic(data: Mapping[str, Any]) -> Contents:
    return {
        "form": "logistic",
        "intercept": float.fromhex(data["intercept"]),
        "weights": _named(data["names"], data["weights"]),
        "missing": _named(data["names"], data["missing"]),
    }


def _splines(data: Mapping[str, Any]) -> Contents:
    """The weights stand in the order of the inputs' knots, then of the pairs'."""
    basis, names = read_basis(data["basis"]), [read_input(one).name for one in data["inputs"]]
    coarse = [span.coarser(basis.coarse).pieces + 1 for span in basis.spans]
    knots = {name: span.pieces + 1 for name, span in zip(names, basis.spans, strict=True)}
    pairs = {f"{names[a]} x {names[b]}": coarse[a] * coarse[b] for a, b in basis.pairs}
    weights, at, moved = unpack_floats(data["weights"]), 0, {}
    for name, count in (*knots.items(), *pairs.items()):
        moved[name] = float(np.ptp(weights[at : at + count]))
        at += count
    return {
        "form": "splines",
        "intercept": float.fromhex(data["intercept"]),
        "knots": len(weights),
        "curves": {name: moved[name] for name in knots},
        "surfaces": {name: moved[name] for name in pairs},
    }


def _forest(data: Mapping[str, Any]) -> Contents:
    names = [read_input(one).name for one in data["inputs"]]
    nodes = data["nodes"]
    left, used = unpack_ints(nodes["left"]).tolist(), unpack_ints(nodes["input"]).tolist()
    # A leaf is its own child: it splits nothing.
    splits = Counter(used[at] for at, child in enumerate(left) if child != at)
    return {
        "form": "forest",
        "trees": len(data["roots"]),
        "nodes": len(left),
        "leaves": len(left) - splits.total(),
        "inputs": {names[at]: count for at, count in sorted(splits.items())},
    }


def _blend(data: Mapping[str, Any]) -> Contents:
    """Members are versions of their own, by reference, or payloads inside this one."""
    names = [_member(at, member) for at, member in enumerate(data["members"])]
    return {
        "form": "blend",
        "intercept": float.fromhex(data["intercept"]),
        "weights": _named(names, data["weights"]),
        "members": [_form(one) or _reference(one) for one in data["members"]],
    }


def _mean(data: Mapping[str, Any]) -> Contents:
    return {"form": "mean", "models": [_form(one) for one in data["members"]]}


def _river(data: Mapping[str, Any]) -> Contents:
    fared = {name: data[name] for name in ("class", "lessons", "failed", "full") if name in data}
    return {"form": "river", "bytes": len(data["state"]) * 3 // 4, **fared}


def _member(at: int, member: Mapping[str, Any]) -> str:
    return str(member.get("name", at))


def _reference(member: Mapping[str, Any]) -> Contents:
    return {"form": "reference", **{k: member[k] for k in ("name", "version") if k in member}}


def _named(names: list[str], numbers: list[str]) -> dict[str, float]:
    return {name: float.fromhex(number) for name, number in zip(names, numbers, strict=True)}


FORMS: dict[tuple[str, ...], Callable[[Mapping[str, Any]], Contents]] = {
    ("intercept", "names"): _logistic,
    ("basis", "weights"): _splines,
    ("roots", "nodes"): _forest,
    ("members", "weights"): _blend,
    ("members",): _mean,
    ("class", "state"): _river,
}


def difference(one: Contents, other: Contents) -> Contents:
    """How `other` differs from `one`: every number as [one, other, change], largest change first.

    >>> difference({"form": "logistic", "weights": {"a": 1.0}},
    ...            {"form": "logistic", "weights": {"a": 1.5}})["weights"]
    {'a': [1.0, 1.5, 0.5]}
    """
    if one["form"] != other["form"]:
        return {"form": [one["form"], other["form"]]}
    found: Contents = {"form": one["form"]}
    for name in one:
        mine, theirs = one[name], other.get(name)
        if isinstance(mine, dict) and isinstance(theirs, dict):
            found[name] = changes(mine, theirs)
        elif name == "models":
            found[name] = [difference(*two) for two in zip(mine, other[name], strict=False)]
        elif (
            name != "version" and isinstance(mine, int | float) and isinstance(theirs, int | float)
        ):
            found[name] = [mine, theirs, theirs - mine]
    return found


def changes(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, list[float | None]]:
    """Numbers by name as [one, other, change]; None where a side lacks it, and then no change.

    >>> changes({"a": 1.0, "b": 2.0}, {"a": 1.0, "b": 5.0, "c": 1.0})
    {'b': [2.0, 5.0, 3.0], 'a': [1.0, 1.0, 0.0], 'c': [None, 1.0, None]}
    """
    names = [*one, *(name for name in other if name not in one)]
    rows = {name: _row(one.get(name), other.get(name)) for name in names}
    return dict(sorted(rows.items(), key=lambda item: -abs(item[1][2] or 0.0)))


def _row(mine: float | None, theirs: float | None) -> list[float | None]:
    change = None if mine is None or theirs is None else theirs - mine
    return [mine, theirs, change]
