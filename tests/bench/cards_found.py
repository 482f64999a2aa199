"""How many cards with a fraud a day's highest scores hold, by how far down one looks.

Run it from the project's root: `python -m tests.bench.cards_found WORLD`, WORLD being the output of
`fraud simulate handbook`. On the VALID folds, as they are assessed: of a day's cards, each by its
highest score, how many of those with a fraud are among the first 20, 60, 100, 200 and 400, on
average; `all` is how many there are. Where it no longer grows from 60 to 200, what is not found
leaves no trace in the rows, and card precision at 100 differs by chance.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from models.portfolio.settings import CHOSEN
from models.protocol import assessed
from models.replay_history import Recorded
from tests.bench.choose_settings import VALID, Scores, Trial

RANKS = (20, 60, 100, 200, 400)


def cards(rows: Recorded, scores: Scores) -> list[bool]:
    """Whether each card of a day had a fraud, the card with the highest score first."""
    best: dict[int, tuple[float, bool]] = {}
    for card, score, truth in zip(
        rows.card.tolist(), scores.tolist(), rows.truth.tolist(), strict=True
    ):
        high, fraud = best.get(card, (0.0, False))
        best[card] = max(high, score), fraud or truth == 1
    return [fraud for _, fraud in sorted(best.values(), key=lambda one: -one[0])]


def found(recorded: Recorded, scores: Scores) -> dict[str, float]:
    """Cards with a fraud a day, by rank."""
    days = []
    for fold in VALID:
        mask = assessed(recorded, fold)
        rows, said = recorded.take(mask), scores[mask]
        for day in np.unique(rows.day):
            today = rows.day == day
            days.append(cards(rows.take(today), said[today]))
    each = {str(rank): [sum(day[:rank]) for day in days] for rank in RANKS}
    each["all"] = [sum(day) for day in days]
    return {rank: round(float(np.mean(many)), 1) for rank, many in each.items()}


def main() -> None:
    """A JSON object a model."""
    trial = Trial(Path(sys.argv[1]))
    recorded = trial.found.recorded()
    for name in (*CHOSEN["blend"]["members"], "blend"):
        scores = trial.scores(name, CHOSEN[name], 0)
        print(json.dumps({"model": name, **found(recorded, scores)}), flush=True)


if __name__ == "__main__":
    main()
