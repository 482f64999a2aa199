"""Compiled payloads of every kind become scorers here, without River but for its own form.

>>> compile_payload({"kind": "unheard of"})  # doctest: +ELLIPSIS
Traceback (most recent call last):
...
models.portfolio.interface.PayloadError: compiled model: expected kind ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from models.portfolio.compiled_blend import CompiledBlend
from models.portfolio.compiled_forest import CompiledForest
from models.portfolio.compiled_logistic import CompiledLogistic
from models.portfolio.compiled_mean import CompiledMean
from models.portfolio.compiled_splines import CompiledSplines
from models.portfolio.interface import PayloadError, RowScorer
from models.portfolio.river_form import KIND as RIVER_FORM
from models.portfolio.river_form import RiverForm

FORMAT = 1


def _blend(payload: Mapping[str, Any]) -> RowScorer:
    return CompiledBlend(payload, [compile_payload(member) for member in payload["members"]])


def _mean(payload: Mapping[str, Any]) -> RowScorer:
    return CompiledMean([compile_payload(member) for member in payload["members"]])


KINDS: dict[str, Callable[[Mapping[str, Any]], RowScorer]] = {
    "river.hoeffding_forest": CompiledForest,
    "river.splines": CompiledSplines,
    "river.logistic_pipeline": CompiledLogistic,
    "river.blend": _blend,
    "river.mean": _mean,
    RIVER_FORM: RiverForm,
}


def compile_payload(payload: Mapping[str, Any]) -> RowScorer:
    """The scorer of what `OnlineModel.compiled` gave; raises `PayloadError`.

    Agrees with River's own score to 1e-9; `river.form` is River's own score, to the bit.
    """
    kind = payload.get("kind")
    if kind not in KINDS or payload.get("format") != FORMAT:
        came = f"{kind!r} in format {payload.get('format')!r}"
        raise PayloadError("compiled model", expected=f"kind of {[*KINDS]}, format 1", came=came)
    try:
        return KINDS[kind](payload)
    except (LookupError, TypeError, ValueError) as error:
        raise PayloadError(f"compiled model {kind}", expected="whole data", came=error) from error
