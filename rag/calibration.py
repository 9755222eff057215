"""The fitted numbers of `calibration.json`: how signals are weighed, and from where a question is answered.

`python -m eval.calibrate` fits them to the development questions. Nothing here is tuned by hand.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

CALIBRATION = Path(__file__).with_name("calibration.json")
VERSION = 4


@dataclass(frozen=True, slots=True)
class Linear:
    """A weighted sum of standardised values: intercept + sum of w * (x - mean) / scale."""

    names: tuple[str, ...]
    weights: tuple[float, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    intercept: float = 0.0

    def __call__(self, values: Sequence[float]) -> float:
        """The sum; ValueError if the counts differ."""
        if len(values) != len(self.weights):
            raise ValueError(f"need {len(self.weights)} values, got {len(values)}")
        return self.intercept + sum(
            w * (x - m) / s for w, x, m, s in zip(self.weights, values, self.mean, self.scale, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Calibration:
    """`first` scores a sentence by its signals, `sentence` by these and what the reader says; `answerable` gives the log odds
    that the best one answers, and the question is answered from the probability `threshold` up, if its topic is covered: if
    the best hit scores `topic` or more. `near` is how near a claim must be to a sentence of its source, as a cosine."""

    version: int
    encoder: str
    reader: str
    first: Linear
    sentence: Linear
    answerable: Linear
    threshold: float
    topic: float
    near: float

    def probability(self, values: Sequence[float]) -> float:
        """1 / (1 + exp(-log odds)) of the `answerable` values."""
        z = self.answerable(values)
        return 1 / (1 + math.exp(-z)) if z > -700 else 0.0


@cache
def calibration() -> Calibration:
    """The shipped calibration."""
    return load(CALIBRATION)


def load(path: Path) -> Calibration:
    """The calibration in a file. ValueError if it was written by another version."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    if raw.get("version") != VERSION:
        raise ValueError(f"{path.name} has version {raw.get('version')}, need {VERSION}; fit it: python -m eval.calibrate")
    for name in ("first", "sentence", "answerable"):
        raw[name] = Linear(**{k: tuple(v) if isinstance(v, list) else v for k, v in raw[name].items()})
    return Calibration(**raw)


def save(fitted: Calibration, path: Path) -> None:
    """Writes a calibration as JSON."""
    path.write_text(json.dumps(asdict(fitted), indent=1) + "\n", encoding="utf-8")
