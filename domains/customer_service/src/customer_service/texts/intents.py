"""What the writer of a text wants: a linear classifier over word and character n-grams.

One-against-rest linear support vector machines (Fan et al. 2008, LIBLINEAR), whose margins a temperature turns into
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
"""Every fifth example of an intent is held out to find the temperature."""

_FEWEST_INTENTS = 2
_FLATTEST, _STEEPEST = 1e-2, 1e2
_BISECTIONS = 50
_PLACES = 4


class Reading(NamedTuple):
    """The likeliest intent of a text, and how sure the model is, 0 to 1."""

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
        machine: from texts to a margin for each intent.
        steepness: by which margins are multiplied before they become confidences; one over the temperature.
    """

    version: str
    machine: Pipeline
    steepness: float

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """One reading for each text, in their order."""
        if not texts:
            return []
        sure = confidences(_margins(self.machine, texts), self.steepness)
        names = self.machine.classes_
        return [
            Reading(str(names[best]), round(float(row[best]), _PLACES))
            for best, row in zip(sure.argmax(axis=1), sure, strict=True)
        ]


def examples_of(frame: pl.DataFrame) -> list[Example]:
    """The rows of a frame with the columns `text` and `intent`."""
    return [Example(*row) for row in frame.select("text", "intent").iter_rows()]


def train_intents(examples: Iterable[Example]) -> IntentModel | None:
    """Train on the examples, whatever their order; None unless they show at least two intents.

    The model that was trained last in this process serves the same examples again.
    """
    ordered = tuple(sorted(examples, key=lambda example: (example.intent, example.text)))
    if len({example.intent for example in ordered}) < _FEWEST_INTENTS:
        return None
    return _trained(ordered)


# Two products of one run learn from the same examples; more models than that one would only take memory.
@lru_cache(maxsize=1)
def _trained(ordered: tuple[Example, ...]) -> IntentModel:
    import sklearn

    made_of = json.dumps([WORDS, CHARACTERS, MACHINE, HELD_OUT, sklearn.__version__], sort_keys=True)
    version = version_of([made_of, *(part for example in ordered for part in example)])
    return IntentModel(version, _fitted(ordered), _steepness(*held_apart(ordered)))


def held_apart(ordered: Iterable[Example]) -> tuple[list[Example], list[Example]]:
    """The examples without every fifth of each intent, and those."""
    kept: list[Example] = []
    apart: list[Example] = []
    seen: dict[str, int] = {}
    for example in ordered:
        seen[example.intent] = seen.get(example.intent, 0) + 1
        (kept if seen[example.intent] % HELD_OUT else apart).append(example)
    return kept, apart


def confidences(margins: np.ndarray, steepness: float) -> np.ndarray:
    """The softmax of each row of margins times `steepness`."""
    import numpy as np

    raised = np.exp(steepness * (margins - margins.max(axis=1, keepdims=True)))
    shares: np.ndarray = raised / raised.sum(axis=1, keepdims=True)
    return shares


def best_steepness(margins: np.ndarray, right: np.ndarray) -> float:
    """The steepness under which the right columns are likeliest, between 0.01 and 100.

    Right is taken to be so in n + 1 of n + 2 cases, else a few cases that are all right would make the model sure of
    everything: Platt (1999), Probabilistic Outputs for Support Vector Machines. The logarithm of the likelihood is
    concave in the steepness, so its derivative is bisected.
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
    """One row for each text, one column for each intent."""
    import numpy as np

    margins = np.asarray(machine.decision_function(texts))
    # Of two intents, scikit-learn gives the margin of the second alone.
    return np.column_stack([-margins, margins]) if margins.ndim == 1 else margins


def _steepness(kept: Sequence[Example], apart: Sequence[Example]) -> float:
    """Of a machine that has not seen what is held apart; 1 where there are too few examples to hold any."""
    if not apart or len({example.intent for example in kept}) < _FEWEST_INTENTS:
        return 1.0
    import numpy as np

    machine = _fitted(kept)
    right = np.searchsorted(machine.classes_, [example.intent for example in apart])
    return best_steepness(_margins(machine, [example.text for example in apart]), right)
