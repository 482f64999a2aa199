"""River's Gaussian attribute observer, without a random generator in each Gaussian.

The arithmetic is River's own. `proba.Gaussian` seeds a Mersenne Twister of 2.5 KB from the
operating system on creation, for sampling that no tree does: a forest holds tens of thousands.
"""

from __future__ import annotations

from typing import Any

from river import proba, stats
from river.tree.splitter import GaussianSplitter


def gaussian() -> Any:
    """An empty `proba.Gaussian` that cannot be sampled from."""
    made: Any = proba.Gaussian.__new__(proba.Gaussian)
    made._var = stats.Var(ddof=1)
    return made


class GaussianObserver(GaussianSplitter):
    """`GaussianSplitter` with lean Gaussians and a cheap `clone`.

    >>> observer = GaussianObserver()
    >>> observer.update(1.5, True, 2.0)
    >>> observer._att_dist_per_class[True].mu
    1.5
    """

    def update(self, att_val: float, target_val: Any, w: float) -> None:
        """Count a value of one class with a weight, as River does."""
        known = self._att_dist_per_class.get(target_val)
        if known is None:
            self._att_dist_per_class[target_val] = known = gaussian()
            self._min_per_class[target_val] = self._max_per_class[target_val] = att_val
        elif att_val < self._min_per_class[target_val]:
            self._min_per_class[target_val] = att_val
        elif att_val > self._max_per_class[target_val]:
            self._max_per_class[target_val] = att_val
        known.update(att_val, w)

    def clone(self, *_: Any, **__: Any) -> GaussianObserver:
        """A fresh observer; River's own way looks the signature up each time."""
        return GaussianObserver(self.n_splits)
