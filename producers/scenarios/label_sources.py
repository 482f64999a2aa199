"""Who says what: several sources of labels, one of which is wrong from the onset on."""

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from producers.scenarios.setting import Setting

OF_FRAUDS: Mapping[str, float] = {"ANALYST": 0.45, "CUSTOMER": 0.35, "CHARGEBACK": 0.20}
OF_LEGITIMATE: Mapping[str, float] = {"ISSUER": 0.60, "CUSTOMER": 0.20, "ANALYST": 0.20}
POISONED = 0.10  # of the customers' legitimate ones
_STREAM = 0x1ABE1


def poisoned(setting: Setting, frame: pl.DataFrame) -> pl.DataFrame:
    """Let customers call a tenth of what they bought themselves fraud."""
    return _turned(setting, frame, truth="LEGITIMATE", share=POISONED)


def whitewashed(setting: Setting, frame: pl.DataFrame) -> pl.DataFrame:
    """Let analysts call every fraud that they see legitimate."""
    return _turned(setting, frame, truth="FRAUD", share=1.0)


def _turned(setting: Setting, frame: pl.DataFrame, truth: str, share: float) -> pl.DataFrame:
    """What one source says from the onset on, a `share` of the `truth` turned round."""
    asked, chance = np.random.default_rng([setting.spec.seed, _STREAM]).random((len(frame), 2)).T
    frauds = frame["scenario"].to_numpy() > 0
    source = np.where(frauds, _drawn(OF_FRAUDS, asked), _drawn(OF_LEGITIMATE, asked))
    turned = (
        (source == setting.scenario.source)
        & (chance < share)
        & (frauds == (truth == "FRAUD"))
        # When it is said counts, not when it happened.
        & ((frame["event_time"] + frame["delay"]).to_numpy() >= setting.onset)
    )
    said = np.where(frauds != turned, "FRAUD", "LEGITIMATE")
    return frame.with_columns(
        source=pl.Series(source), said=pl.Series(said), changed=pl.Series(turned)
    )


def _drawn(shares: Mapping[str, float], chance: NDArray[np.float64]) -> NDArray[np.str_]:
    bounds = np.cumsum([*shares.values()])[:-1]
    return np.array([*shares])[np.searchsorted(bounds, chance, side="right")]
