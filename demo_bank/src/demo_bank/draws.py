"""Random draws of all modules: independent streams from one seed, and exact proportional shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Key = TypeVar("Key", bound="Hashable")


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the random stream `name` of a seed; streams of different names do not influence each other."""
    return np.random.default_rng([seed, *name.encode()])


def shares(weights: Mapping[Key, int], total: int) -> dict[Key, int]:
    """Split `total` in proportion to `weights` by the largest remainder, so that the parts add up exactly."""
    whole = sum(weights.values())
    parts = {key: total * weight // whole for key, weight in weights.items()}
    by_remainder = sorted(weights, key=lambda key: -(total * weights[key] % whole))
    for key in by_remainder[: total - sum(parts.values())]:
        parts[key] += 1
    return parts


def shuffled_shares(rng: np.random.Generator, weights: Mapping[int, int], total: int) -> IntArray:
    """Return `total` values in exact proportion to `weights`, in random order."""
    parts = shares(weights, total)
    values = np.repeat(np.array(list(parts), dtype=np.int64), np.array(list(parts.values()), dtype=np.int64))
    return rng.permutation(values)


def gapped_ids(rng: np.random.Generator, count: int, mean_gap: float) -> IntArray:
    """Return ascending ids from 1 with random gaps, as a system leaves them that has deleted rows."""
    gaps = rng.geometric(1 / mean_gap, count)
    gaps[:1] = 1
    return np.cumsum(gaps).astype(np.int64)


def pick(rng: np.random.Generator, weights: Mapping[Key, int], count: int) -> IntArray:
    """Draw `count` positions in `weights`, each as likely as its weight."""
    share = np.array(list(weights.values()), dtype=np.float64)
    return (
        np.searchsorted(np.cumsum(share / share.sum()), rng.random(count))
        .clip(0, len(share) - 1)
        .astype(np.int64)
    )
