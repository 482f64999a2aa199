"""Attacks of one day: which cards, where, when, for how much.

Numbers a day are those of the Handbook's 5,000 cards, and go with the number of cards.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from producers.handbook_frauds import LARGE_CENTS
from producers.handbook_world import DAY_SECONDS, Ints, reachable
from producers.scenarios.places import distances, with_channels
from producers.scenarios.setting import Setting
from producers.scenarios.strikes import (
    Strikes,
    established,
    in_turn,
    in_use,
    laid_over,
    moments,
    second_of,
    some,
)

HOUR = 3_600
Dice = np.random.Generator

# Card testing: 100 cards a day tried at three terminals of the week, a quarter of them then used.
BURSTS, CARDS_A_BURST, BURST_SECONDS, TERMINALS_A_WEEK = 4, 25, 360, 3
LIVE, HITS = 0.25, 3
# Account takeover: twelve cards a day, eight purchases each, within about half a day.
TAKEOVERS, TAKEN, FAR = 12, 8, 30.0
# Bust-out: six cards a day, 16 purchases each, after two weeks of one more purchase a day.
BUSTS, BUST, BUILD_UP_DAYS = 6, 16, 14
# Evader: six cards a day, seven probes (the last is above the limit) and eight purchases each.
EVADERS, UNDER = 6, 8
PROBES = np.array([60, 75, 94, 117, 146, 183, 229], dtype=np.int64) * 100


def card_testing(setting: Setting, frame: pl.DataFrame) -> pl.DataFrame:
    """Try many cards for small change at a few terminals within minutes, then use those that work.

    A burst takes six minutes; a working card pays 150 to 500 three times within a day.
    """
    cards = in_use(setting, frame)

    def of_day(day: int, dice: Dice) -> Strikes:
        week = setting.dice(day // 7, 1)
        terminals = week.choice(setting.spec.terminals, TERMINALS_A_WEEK, replace=False)
        bursts = range(setting.rate(BURSTS))
        tests = [_burst(dice, cards, int(dice.choice(terminals))) for _ in bursts]
        hits = (_hits(setting, dice, test) for test in tests)
        return Strikes.joined([*tests, *hits])

    return laid_over(setting, frame, of_day)


def _burst(dice: Dice, cards: Ints, terminal: int) -> Strikes:
    count = min(CARDS_A_BURST, len(cards))
    start = dice.integers(0, DAY_SECONDS - BURST_SECONDS)
    return Strikes.of(
        dice.choice(cards, count, replace=False),
        np.full(count, terminal, dtype=np.int64),
        start + np.sort(dice.integers(0, BURST_SECONDS, count)),
        dice.integers(50, 300, count),
    )


def _hits(setting: Setting, dice: Dice, test: Strikes) -> Strikes:
    live = np.flatnonzero(dice.random(len(test.second)) < LIVE).repeat(HITS)
    count = len(live)
    return Strikes.of(
        test.customer[live],
        dice.integers(0, setting.spec.terminals, count),
        test.second[live] + dice.integers(HOUR, 24 * HOUR, count),
        dice.integers(150_00, 500_00, count),
    )


def account_takeover(setting: Setting, frame: pl.DataFrame) -> pl.DataFrame:
    """Let established cards suddenly pay three to eight times as much online, far from home."""
    cards = established(setting, frame)

    def of_day(day: int, dice: Dice) -> Strikes:
        victims = in_turn(setting, cards, day, setting.rate(TAKEOVERS))
        return Strikes.joined(_takeover(setting, dice, int(card)) for card in victims)

    return with_channels(setting, laid_over(setting, frame, of_day))


def _takeover(setting: Setting, dice: Dice, card: int) -> Strikes:
    far_online = (distances(setting, card) > FAR) & setting.online
    far = some(np.flatnonzero(far_online), "terminal far from a card, online")
    times = moments(dice, second_of(dice, (0, 12)), 1.5 * HOUR, TAKEN)
    return Strikes.of(
        card, dice.choice(far, TAKEN), times, _cents(setting, card, dice.uniform(3, 8, TAKEN))
    )


def bust_out(setting: Setting, frame: pl.DataFrame) -> pl.DataFrame:
    """Let good cards buy and pay more and more, then spend all at once and never pay.

    The first are cards whose months before were their build-up.
    """
    cards = established(setting, frame)

    def of_day(day: int, dice: Dice) -> Strikes:
        leaving = in_turn(setting, cards, day, setting.rate(BUSTS))
        parts = (_bust(setting, dice, int(card)) for card in leaving)
        return Strikes.joined(part for pair in parts for part in pair)

    return laid_over(setting, frame, of_day, days_ahead=BUILD_UP_DAYS)


def _bust(setting: Setting, dice: Dice, card: int) -> tuple[Strikes, Strikes]:
    near = np.array(reachable(setting.customers[card], setting.places, setting.spec.radius))
    days = np.arange(BUILD_UP_DAYS)
    noon = ((days - BUILD_UP_DAYS) * 24 + dice.uniform(8, 20, BUILD_UP_DAYS)) * HOUR
    build_up = Strikes.of(
        card, dice.choice(near, BUILD_UP_DAYS), noon.astype(np.int64),
        _cents(setting, card, 1 + days / BUILD_UP_DAYS), fraud=False,
    )  # fmt: skip
    times = moments(dice, second_of(dice, (6, 16)), HOUR / 2, BUST)
    factors = dice.uniform(2, 4, BUST)
    return build_up, Strikes.of(
        card, dice.choice(near, BUST), times, _cents(setting, card, factors)
    )


def evader(setting: Setting, frame: pl.DataFrame) -> pl.DataFrame:
    """Probe with rising amounts until one is too large, then stay just below what still passed.

    The limit is the Handbook's, 220.00, above which everything is fraud: what a model learns there.
    """
    cards = established(setting, frame)

    def of_day(day: int, dice: Dice) -> Strikes:
        stolen = in_turn(setting, cards, day, setting.rate(EVADERS))
        return Strikes.joined(part for card in stolen for part in _evasion(setting, dice, card))

    return laid_over(setting, frame, of_day)


def _evasion(setting: Setting, dice: Dice, card: int) -> Iterator[Strikes]:
    where = setting.spec.terminals
    probes = moments(dice, second_of(dice, (6, 12)), HOUR / 6, len(PROBES))
    wobble = dice.integers(-200, 201, len(PROBES))
    yield Strikes.of(card, dice.integers(0, where, len(PROBES)), probes, PROBES + wobble)
    later = moments(dice, float(probes[-1]) + HOUR, 2 * HOUR, UNDER)
    below = (LARGE_CENTS * dice.uniform(0.90, 0.99, UNDER)).astype(np.int64)
    yield Strikes.of(card, dice.integers(0, where, UNDER), later, below)


def _cents(setting: Setting, card: int, factors: NDArray[np.float64]) -> Ints:
    """Amounts as multiples of what the card usually spends, 10.00 at least."""
    cents = np.rint(setting.mean_amounts[card] * factors * 100).astype(np.int64)
    least: Ints = np.maximum(cents, 10_00)
    return least
