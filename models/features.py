"""Features are data: name, entity, column, aggregation, window. The engine interprets them.

A user adds a feature by adding a :class:`Feature` to a :class:`FeatureSet`; nothing else changes.
State holds events, not aggregates, so a new feature has its history at once, as far as the
state's horizon reaches. The set's hash travels with every score.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

from models.feature_catalogue import DEFAULT_FEATURES
from models.windows.errors import FeatureSpecError
from models.windows.spec import ENTITIES, LATENESS_MS, Entity, Feature

__all__ = ["FEATURES", "Feature", "FeatureSet"]


def attribute_feature(attribute: str) -> Feature:
    """The feature of one declared numeric signal; missing where the event lacks it.

    >>> attribute_feature("device_score").name
    'attribute_device_score'
    """
    return Feature(
        name=f"attribute_{attribute}",
        entity="attribute",
        aggregation="value",
        column=attribute,
        low=-1e12,
        high=1e12,
        meaning=f"signal {attribute!r} of the transaction's attributes",
    )


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """An ordered set of features: transaction, card, terminal, then declared attributes.

    Two sets are equal when their ``spec_hash`` is.

    >>> FEATURES.names[:2], len(FEATURES.spec_hash)
    (('amount', 'log_amount'), 16)
    >>> FeatureSet(attributes=("device_score",)).names[-1]
    'attribute_device_score'

    Raises :class:`~models.windows.errors.FeatureSpecError` for a name used twice.
    """

    declared: tuple[Feature, ...] = DEFAULT_FEATURES
    attributes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        repeated = sorted(name for name in set(self.names) if self.names.count(name) > 1)
        if repeated:
            raise FeatureSpecError("feature set", expected="each name once", came=repeated)

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        """All features in the vector's order."""
        every = (*self.declared, *map(attribute_feature, self.attributes))
        return tuple(f for entity in ENTITIES for f in every if f.entity == entity)

    def of(self, entity: Entity) -> tuple[Feature, ...]:
        """The features of one entity, in order."""
        return tuple(f for f in self.features if f.entity == entity)

    def horizon_ms(self, entity: Entity) -> int:
        """How long this entity's events are kept: longest window + delay + lateness, in ms."""
        return max((f.span_ms for f in self.of(entity)), default=0) + LATENESS_MS

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the whole row."""
        return tuple(f.name for f in self.features)

    @cached_property
    def card_names(self) -> tuple[str, ...]:
        """Names of what :func:`models.card.profile` returns."""
        return tuple(f.name for f in self.of("card"))

    @cached_property
    def terminal_names(self) -> tuple[str, ...]:
        """Names of what :func:`models.terminal.observe` returns."""
        return tuple(f.name for f in self.of("terminal"))

    @cached_property
    def spec_hash(self) -> str:
        """First 16 hex digits of the sha256 of the canonical JSON of the specs."""
        specs = [f.canonical() for f in self.features]
        text = json.dumps(specs, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FeatureSet) and self.spec_hash == other.spec_hash

    def __hash__(self) -> int:
        return hash(self.spec_hash)


FEATURES = FeatureSet()
"""The default feature set."""
