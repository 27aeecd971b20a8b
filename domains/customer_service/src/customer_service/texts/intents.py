"""Intent of the writer of a text: a linear classifier over word and character n-grams.

One-against-rest linear support vector machines (Fan et al. 2008, LIBLINEAR). A temperature turns their margins into
a confidence (Guo et al. 2017, On Calibration of Modern Neural Networks). Single-threaded, seeded and independent of the
order of its examples, so that two trainings are equal.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from customer_service.judging.versions import version_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    import polars as pl
    from sklearn.pipeline import Pipeline

MODEL = "tfidf-linear-svm"

# Common values for short texts, not tuned.
WORDS: dict[str, Any] = {"ngram_range": (1, 2), "sublinear_tf": True, "strip_accents": "unicode"}
CHARACTERS: dict[str, Any] = WORDS | {"analyzer": "char_wb", "ngram_range": (2, 5)}
MACHINE: dict[str, Any] = {"C": 0.5, "random_state": 0}

HELD_OUT = 5
"""Every fifth example of an intent is held out to fit the temperature."""

_FEWEST_INTENTS = 2
_FLATTEST, _STEEPEST = 1e-2, 1e2
_BISECTIONS = 50
_PLACES = 4


class Reading(NamedTuple):
    """The most likely intent of a text, and the model's confidence, 0 to 1."""

    intent: str
    confidence: float


class Example(NamedTuple):
    """A text whose intent is known."""

    text: str
    intent: str


@dataclass(frozen=True)
class IntentModel:
    """A trained classifier.

    Attributes:
        version: a hash of the examples, the parameters and scikit-learn's release.
        machine: maps texts to a margin for each intent.
        steepness: factor of the margins before they become confidences; one over the temperature.
    """

    version: str
    machine: Pipeline
    steepness: float

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """Return one reading for each text, in their order."""
        if not texts:
            return []
        sure = confidences(_margins(self.machine, texts), self.steepness)
        names = self.machine.classes_
        return [
            Reading(str(names[best]), round(float(row[best]), _PLACES))
            for best, row in zip(sure.argmax(axis=1), sure, strict=True)
        ]


def examples_of(frame: pl.DataFrame) -> list[Example]:
    """Return the rows of a frame with the columns `text` and `intent`."""
    return [Example(*row) for row in frame.select("text", "intent").iter_rows()]


def train_intents(examples: Iterable[Example]) -> IntentModel | None:
    """Train on the examples, in any order; None unless they have at least two intents.

    The model that was trained last in this process is reused for the same examples.
    """
    ordered = tuple(sorted(examples, key=lambda example: (example.intent, example.text)))
    if len({example.intent for example in ordered}) < _FEWEST_INTENTS:
        return None
    return _trained(ordered)


# Two products of one run train on the same examples; keeping more than one model would only use memory.
@lru_cache(maxsize=1)
def _trained(ordered: tuple[Example, ...]) -> IntentModel:
    import sklearn

    made_of = json.dumps([WORDS, CHARACTERS, MACHINE, HELD_OUT, sklearn.__version__], sort_keys=True)
    version = version_of([made_of, *(part for example in ordered for part in example)])
    return IntentModel(version, _fitted(ordered), _steepness(*held_apart(ordered)))


def held_apart(ordered: Iterable[Example]) -> tuple[list[Example], list[Example]]:
    """Split off every fifth example of each intent; return the rest and those."""
    kept: list[Example] = []
    apart: list[Example] = []
    seen: dict[str, int] = {}
    for example in ordered:
        seen[example.intent] = seen.get(example.intent, 0) + 1
        (kept if seen[example.intent] % HELD_OUT else apart).append(example)
    return kept, apart


def confidences(margins: np.ndarray, steepness: float) -> np.ndarray:
    """Return the softmax of each row of margins times `steepness`."""
    import numpy as np

    raised = np.exp(steepness * (margins - margins.max(axis=1, keepdims=True)))
    shares: np.ndarray = raised / raised.sum(axis=1, keepdims=True)
    return shares


def best_steepness(margins: np.ndarray, right: np.ndarray) -> float:
    """Return the steepness that maximizes the likelihood of the correct columns, between 0.01 and 100.

    The target probability is (n + 1) / (n + 2), because a few cases that are all correct would otherwise give full
    confidence: Platt (1999), Probabilistic Outputs for Support Vector Machines. The log-likelihood is concave in the
    steepness, so its derivative is bisected.
    """
    import numpy as np

    count, intents = margins.shape
    chosen = margins[np.arange(count), right]
    others = (margins.sum(axis=1) - chosen) / (intents - 1)
    wanted = (chosen * (count + 1) + others) / (count + 2)
    low, high = _FLATTEST, _STEEPEST
    for _ in range(_BISECTIONS):
        middle = float(np.sqrt(low * high))
        expected = (confidences(margins, middle) * margins).sum(axis=1)
        low, high = (middle, high) if (wanted - expected).sum() > 0 else (low, middle)
    return low


def _fitted(examples: Sequence[Example]) -> Pipeline:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.svm import LinearSVC

    features = make_union(TfidfVectorizer(**WORDS), TfidfVectorizer(**CHARACTERS))
    machine = make_pipeline(features, LinearSVC(**MACHINE))
    return machine.fit([example.text for example in examples], [example.intent for example in examples])


def _margins(machine: Pipeline, texts: Sequence[str]) -> np.ndarray:
    """Return one row for each text, one column for each intent."""
    import numpy as np

    margins = np.asarray(machine.decision_function(texts))
    # For two intents, scikit-learn gives only the margin of the second.
    return np.column_stack([-margins, margins]) if margins.ndim == 1 else margins


def _steepness(kept: Sequence[Example], apart: Sequence[Example]) -> float:
    """Return the steepness of a machine trained without the held-out examples; 1 if there are too few to hold out."""
    if not apart or len({example.intent for example in kept}) < _FEWEST_INTENTS:
        return 1.0
    import numpy as np

    machine = _fitted(kept)
    right = np.searchsorted(machine.classes_, [example.intent for example in apart])
    return best_steepness(_margins(machine, [example.text for example in apart]), right)
