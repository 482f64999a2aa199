"""A vendor's signal that told frauds apart, until it does not."""

import numpy as np
import polars as pl

from producers.scenarios.setting import Setting

LEGITIMATE, FRAUD = (2.0, 8.0), (5.0, 3.0)
"""Beta distributions of device_risk, means .2 and .625: alone it has an AUC of .976."""
DECIMALS = 3


def dies(setting: Setting, frame: pl.DataFrame) -> pl.DataFrame:
    """Let the signal be missing."""
    return _from_onset(setting, frame, pl.lit(None, dtype=pl.Float64))


def stuck(setting: Setting, frame: pl.DataFrame) -> pl.DataFrame:
    """Let the signal repeat one ordinary number."""
    mean = LEGITIMATE[0] / sum(LEGITIMATE)
    return _from_onset(setting, frame, pl.lit(mean))


def rescaled(setting: Setting, frame: pl.DataFrame) -> pl.DataFrame:
    """Let the signal run from 0 to 100 instead of from 0 to 1."""
    return _from_onset(setting, frame, pl.col("device_risk") * 100)


def _from_onset(setting: Setting, frame: pl.DataFrame, then: pl.Expr) -> pl.DataFrame:
    after = pl.col("event_time") >= setting.onset
    risk = pl.when(after).then(then).otherwise(pl.col("device_risk"))
    return _measured(setting, frame).with_columns(device_risk=risk, changed=after)


def _measured(setting: Setting, frame: pl.DataFrame) -> pl.DataFrame:
    """The working signal, equal for all worlds of a seed and its shorter ones."""
    dice = [np.random.default_rng([setting.spec.seed, _SIGNAL, stream]) for stream in (0, 1)]
    # Both are drawn for each row, so that a row's number does not depend on the rows before it.
    kinds = [
        one.beta(*shape, len(frame)) for one, shape in zip(dice, (LEGITIMATE, FRAUD), strict=True)
    ]
    risk = np.where(frame["scenario"].to_numpy() > 0, kinds[1], kinds[0])
    return frame.with_columns(device_risk=pl.Series(np.round(risk, DECIMALS)))


_SIGNAL = 0x7E57
