"""What chance alone changes on the TEST folds: other seeds of the learners, and other worlds.

Run it from the project's root, once the settings stand: `python -m tests.bench.other_seeds WORLD
[WORLD …]`, each the output of `fraud simulate handbook --seed N`. The chosen settings learn
continuously, labels seven days late, published once a day; the first world with each of `SEEDS`,
the others with the first of them. Prints a JSON object a line: mean and deviation of the folds.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from models.features import FEATURES
from models.portfolio import PORTFOLIO
from models.portfolio.combination import Combination
from models.portfolio.settings import CHOSEN
from models.protocol import FOLDS, METRICS, assess, summary
from tests.bench.choose_settings import Scores, Table, asked_of, collected, combined, prequential

TEST = FOLDS["test"]
END = max(fold.assessed.end for fold in TEST)
SEEDS = tuple(range(6))
SINGLES = ("splines", "leveraging_bagging", "logistic")


def measured(found: Table, scores: Scores) -> dict[str, list[float]]:
    """Mean and deviation over the folds, by metric."""
    recorded = found.recorded()
    of = summary([assess(recorded, scores, fold) for fold in TEST])
    return {name: [round(of[part][name], 4) for part in ("mean", "std")] for name in METRICS}


def run(world: Path, found: Table, seed: int) -> None:
    """Every model on one world with one seed."""
    asked, said = asked_of(found, seed, TEST), {}
    for name in SINGLES:
        said[name] = prequential(PORTFOLIO[name](FEATURES.names, seed), found, asked)
        report(world, seed, name, found, said[name])
    members = CHOSEN["blend"]["members"]
    blend = combined(Combination(members, seed), found, [said[name] for name in members])
    report(world, seed, "blend", found, blend)


def report(world: Path, seed: int, name: str, found: Table, scores: Scores) -> None:
    """One line."""
    line = {"world": world.name, "seed": seed, "model": name, **measured(found, scores)}
    print(json.dumps(line), flush=True)


def main() -> None:
    """Run the worlds given."""
    for world in map(Path, sys.argv[1:]):
        found = collected(world, END)
        for seed in SEEDS if str(world) == sys.argv[1] else SEEDS[:1]:
            run(world, found, seed)


if __name__ == "__main__":
    main()
