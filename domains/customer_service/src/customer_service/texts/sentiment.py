"""Sentiment of a text: VADER's compound score, sentence by sentence, with the lexicon of its package.

Hutto and Gilbert (2014), VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text, ICWSM.
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING

from customer_service.judging.versions import version_of

if TYPE_CHECKING:
    from collections.abc import Callable

MODEL = "vader-sentence-mean"

POSITIVE_FROM = 0.05
NEGATIVE_TO = -0.05
"""The thresholds of VADER's authors; scores between them are neutral."""

SENTENCE_END = r"(?<=[.!?])\s+|\s*[\r\n]+\s*"
_PLACES = 4


def sentences(text: str) -> list[str]:
    """Split the text after `.`, `!` and `?` and at line ends; no empty parts."""
    return [part for part in re.split(SENTENCE_END, text.strip()) if part]


def whole_text_score(text: str) -> float:
    """Return VADER's compound of the whole text, which for long texts tends to -1 and 1; a baseline."""
    return float(_analyzer()(text)["compound"])


def sentiment_score(text: str) -> float:
    """Return the mean of the compounds of the text's sentences, -1 to 1, four places; 0 without a sentence.

    VADER is made for sentences; for longer texts its authors split into sentences and take the mean.
    """
    parts = sentences(text)
    if not parts:
        return 0.0
    return round(math.fsum(whole_text_score(part) for part in parts) / len(parts), _PLACES)


def label(score: float) -> str:
    """Return POSITIVE from 0.05, NEGATIVE to -0.05, NEUTRAL between."""
    if score >= POSITIVE_FROM:
        return "POSITIVE"
    return "NEGATIVE" if score <= NEGATIVE_TO else "NEUTRAL"


@cache
def sentiment_version() -> str:
    """Return the version, which changes with VADER's release, its lexicon and the rule that ends a sentence."""
    from importlib.metadata import version
    from importlib.resources import files

    package = files("vaderSentiment")
    lexicons = [(package / name).read_text("utf-8") for name in ("vader_lexicon.txt", "emoji_utf8_lexicon.txt")]
    return version_of([version("vaderSentiment"), *lexicons, SENTENCE_END, str(POSITIVE_FROM), str(NEGATIVE_TO)])


@cache
def _analyzer() -> Callable[[str], dict[str, float]]:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    scores: Callable[[str], dict[str, float]] = SentimentIntensityAnalyzer().polarity_scores
    return scores
