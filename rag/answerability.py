"""Whether the hits answer a question at all: a calibrated probability, and the reason where they do not.

The coefficients are those of a logistic regression on the development questions and live in `calibration.json`;
`python -m eval.calibrate` fits them anew. Nothing here is tuned by hand.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from index.types import Hit
from rag.evidence import Evidence
from rag.types import Reason

CALIBRATION = Path(__file__).with_name("calibration.json")
FEATURES = ("score", "cosine", "quantities", "kind", "same_language")


@dataclass(frozen=True, slots=True)
class Calibration:
    """Logistic regression over `FEATURES`, standardised by `mean` and `scale`; the question is answered from
    `threshold` up. Below it, the topic counts as covered from `topic` (score of the best hit) up."""

    encoder: str
    intercept: float
    weights: tuple[float, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    threshold: float
    topic: float

    def probability(self, features: Sequence[float]) -> float:
        """1 / (1 + exp(-(intercept + w . (x - mean) / scale))); ValueError if the counts differ."""
        if len(features) != len(self.weights):
            raise ValueError(f"need {len(self.weights)} features, got {len(features)}")
        z = self.intercept + sum(
            w * (x - m) / s for w, x, m, s in zip(self.weights, features, self.mean, self.scale, strict=True)
        )
        return 1 / (1 + math.exp(-z)) if z > -700 else 0.0


@cache
def calibration() -> Calibration:
    """The shipped calibration."""
    return Calibration(**{
        k: tuple(v) if isinstance(v, list) else v
        for k, v in json.loads(CALIBRATION.read_text(encoding="utf-8")).items()
    })


def features(best: Evidence, hits: Sequence[Hit], question_lang: str) -> tuple[float, ...]:
    """The `FEATURES` of the best evidence: its score, the best hit's cosine, whether figures and the kind of answer are
    there, and whether the passage is in the asker's own language, where the same support scores higher."""
    cosine = hits[0].why.dense_score or 0.0
    own = hits[best.hit].passage.lang.split("-")[0] == question_lang.split("-")[0]
    return (best.score, cosine, best.quantities, float(best.kind), float(own))


def judge(found: Sequence[Evidence], hits: Sequence[Hit], question_lang: str) -> tuple[float, Reason | None]:
    """(confidence, None) if the hits answer, else (confidence, reason)."""
    if not hits or not found:
        return 0.0, "nothing_retrieved"
    fitted = calibration()
    confidence = fitted.probability(features(found[0], hits, question_lang))
    if confidence >= fitted.threshold:
        return confidence, None
    return confidence, "not_supported" if hits[0].score >= fitted.topic else "out_of_scope"
