"""What holds for every model of the portfolio, whoever adds one, and for those that users bring."""

import json
import math
import os
import subprocess
import sys
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from models import portfolio
from models.portfolio import PORTFOLIO
from models.portfolio.compiled import KINDS, compile_payload
from models.portfolio.interface import OnlineModel, PayloadError
from models.portfolio.separate import Separate

HELPERS = Path(__file__).parents[1] / "unit" / "models" / "portfolio"
sys.path.insert(0, str(HELPERS))

from portfolio_world import (  # noqa: E402
    BLIND,
    BROUGHT,
    NAMES,
    digest,
    made,
    outcomes,
    rows,
    teach,
)  # fmt: skip

LEARNED = 900
EVERY = (*PORTFOLIO, *BROUGHT)
every_model = pytest.mark.parametrize("name", EVERY)
few = settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))


@cache
def packed(name: str, learned: int = LEARNED, seed: int = 7) -> bytes:
    return teach(made(name, seed), islice(outcomes(LEARNED), learned)).pack()


def taught(name: str, learned: int = LEARNED) -> OnlineModel:
    model = made(name)
    model.unpack(packed(name, learned))
    return model


def test_no_file_of_the_portfolio_escapes_the_laws() -> None:
    found = set()
    for path in Path(portfolio.__file__).parent.glob("*.py"):
        for line in path.read_text().splitlines():
            if line.startswith("    name = ") and '""' not in line:
                found.add(line.split('"')[1])
    assert found == set(PORTFOLIO)
    assert {made(name, 1).name for name in PORTFOLIO} == found


@every_model
def test_scoring_is_pure(name: str) -> None:
    model, asked = taught(name), rows(40)
    before = model.pack()
    first = model.score_many(asked)
    assert model.score_many(asked) == first == [model.score(one) for one in asked]
    assert model.pack() == before
    fresh = made(name)
    empty = fresh.pack()
    fresh.score_many(asked)
    assert fresh.pack() == empty


@every_model
@pytest.mark.parametrize("learned", [0, 1, 60, LEARNED])
def test_scores_are_probabilities_whatever_is_missing(name: str, learned: int) -> None:
    model = taught(name, learned)
    compiled = compile_payload(model.compiled())
    odd = [None, math.nan, math.inf, -math.inf, 1e12, -1e12, 1e300, 0.0]
    asked = [[value] * len(NAMES) for value in odd] + rows(40)
    for found in (*model.score_many(asked), *compiled.score_many(asked)):
        assert 0.0 <= found <= 1.0


@every_model
def test_missing_values_can_be_learned(name: str) -> None:
    model = taught(name, 60)
    for value in (None, math.nan, math.inf, -math.inf):
        for fraud in (True, False):
            model.learn([value] * len(NAMES), fraud, 20.0)
    assert all(0.0 <= found <= 1.0 for found in model.score_many(rows(40)))


@pytest.mark.parametrize("name", [name for name in EVERY if name not in BLIND])
def test_it_learns_to_tell_fraud(name: str) -> None:
    # without extremes: one value of 1e12 flattens the logistic regression's scale for good
    scores = {True: [0.0], False: [0.0]}
    model = teach(made(name), outcomes(LEARNED, oddity=0.0))
    for values, fraud, _ in outcomes(300, seed=3, oddity=0.0):
        scores[fraud].append(model.score(values))
    assert np.mean(scores[True]) > 2 * np.mean(scores[False])


@every_model
@given(cut=st.integers(0, LEARNED))
@example(cut=0)
@few
def test_a_resumed_model_goes_on_bit_for_bit(name: str, cut: int) -> None:
    model = made(name)
    model.unpack(packed(name, cut))
    assert model.pack() == packed(name, cut)
    teach(model, islice(outcomes(LEARNED), cut, None))
    assert model.pack() == packed(name)
    assert model.score_many(rows(20)) == taught(name).score_many(rows(20))


def test_other_processes_with_other_hash_seeds_agree(tmp_path: Path) -> None:
    parts = {0: "1", 450: "2"}
    for done, hash_seed in parts.items():
        arguments = []
        for name in EVERY:
            (tmp_path / name).write_bytes(packed(name, done))
            arguments += [name, str(tmp_path / name), str(done)]
        path = os.pathsep.join([str(Path.cwd()), str(HELPERS)])
        run = subprocess.run(
            [sys.executable, str(HELPERS / "portfolio_process.py"), *arguments],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": path},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        found = dict(line.split() for line in run.stdout.splitlines())
        assert found == {name: digest(packed(name)) for name in EVERY}


@every_model
def test_another_seed_is_another_model_unless_nothing_is_random(name: str) -> None:
    assert (packed(name, seed=8) == packed(name)) == (name == "logistic")


@every_model
@given(learned=st.integers(0, LEARNED), seed=st.integers(0, 9))
@few
def test_compiled_scores_agree_with_river(name: str, learned: int, seed: int) -> None:
    model, asked = taught(name, learned), rows(30, seed)
    payload = json.loads(json.dumps(model.compiled(), allow_nan=False))
    found = compile_payload(payload).score_many(asked)
    if name in BROUGHT:
        assert found == model.score_many(asked)
    assert found == pytest.approx(model.score_many(asked), abs=1e-9, rel=0)


@every_model
def test_bits_do_not_depend_on_the_batch(name: str) -> None:
    model, asked = taught(name), rows(500)
    compiled = compile_payload(model.compiled())
    whole = compiled.score_many(asked)
    assert [compiled.score(one) for one in asked] == whole
    for size in (1, 7, 499):
        parts = [asked[at : at + size] for at in range(0, 500, size)]
        assert [score for part in parts for score in compiled.score_many(part)] == whole
    assert model.score_many(asked[:9]) == [model.score(one) for one in asked[:9]]
    assert compiled.score_many([]) == model.score_many([]) == []


@pytest.mark.parametrize("name", PORTFOLIO)  # see test_brought.py for those that users bring
def test_memory_is_bounded(name: str) -> None:
    model = taught(name)
    members = getattr(model, "members", [model])
    for member in members:
        member.max_leaves = 3
    before = most_leaves(members)
    sizes = [len(teach(model, outcomes(700, seed)).pack()) for seed in (4, 5, 6)]
    assert most_leaves(members) <= max(3, before)
    assert max(sizes) < 1.15 * sizes[0] + 4_096 + len(packed(name))


def most_leaves(members: list[OnlineModel]) -> int:
    trees = [tree for one in members for tree in getattr(getattr(one, "model", None), "data", [])]
    return max((tree._n_active_leaves + tree._n_inactive_leaves for tree in trees), default=0)


@every_model
def test_a_state_of_other_features_or_damaged_is_refused(name: str) -> None:
    with pytest.raises(PayloadError):
        made(name, 7, NAMES[:-1]).unpack(packed(name, 60))
    for damaged in (b"", packed(name, 60)[:-1], b"\x80\x04N."):
        with pytest.raises(PayloadError):
            made(name).unpack(damaged)


@every_model
def test_rows_of_another_length_are_refused(name: str) -> None:
    model = taught(name, 60)
    for scorer in (model, compile_payload(model.compiled())):
        with pytest.raises(ValueError, match=r"expected|argument"):
            scorer.score([1.0])


def test_every_kind_of_payload_comes_from_a_model() -> None:
    found = {taught(name, 60).compiled()["kind"] for name in EVERY}
    assert found | {Separate("logistic", NAMES, 7, first=1).compiled()["kind"]} == set(KINDS)


def test_scorers_do_not_import_river() -> None:
    code = "import sys, models.portfolio.compiled; print('river' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
