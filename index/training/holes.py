"""Questions made of sentences by rule: one with a hole where a question word stands, and one spoilt so that none answers it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from index.training import data as corpus

# What a hole may be filled with, by what was there.
ASKING = {
    "en": {
        "figure": ("how many", "how much", "what number of"), "year": ("when", "in what year", "which year"),
        "name": ("who", "which", "what", "where"), "words": ("what", "which", "how"),
    },
    "de": {
        "figure": ("wie viele", "wie viel", "wie hoch"), "year": ("wann", "in welchem Jahr"),
        "name": ("wer", "welche", "was", "wo", "welcher"), "words": ("was", "welche", "wie", "wodurch"),
    },
    "zh": {
        "figure": ("多少", "几", "多少个"), "year": ("什么时候", "哪一年", "何时"),
        "name": ("谁", "哪个", "什么", "哪里"), "words": ("什么", "哪些", "如何", "怎么"),
    },
}  # fmt: skip
FIGURE = re.compile(r"\d[\d.,]*\d|\d")
YEAR = re.compile(r"(?<!\d)(19|20)\d\d(?!\d)")
# Capitals after a small letter, where English and German write names; German writes every noun so.
NAME = re.compile(r"(?<=[a-zäöü,] )[A-ZÄÖÜ][\w\-]+(?: [A-ZÄÖÜ][\w\-]+)*")
_STOPS = re.compile("[，,、：:；]")
_LONGEST, _SHORTEST = 6, 2  # characters of a Chinese name
_NEAR_YEARS = (-10, -3, -2, -1, 1, 2, 3, 10)

Place = tuple[int, int]


def script(lang: str) -> str:
    """`en`, `de` or `zh` of a language tag of the corpus."""
    return "zh" if lang.startswith("zh") else lang


def _shelf(lang: str, place: Place) -> tuple[str, int]:
    """What a name may be exchanged within: its script, and in Chinese its length."""
    return script(lang), place[1] - place[0] if script(lang) == "zh" else 0


def han_names(data: Path) -> set[str]:
    """The Chinese titles among the dictionaries that have a name's length."""
    found = set()
    for a, b, path in corpus.dictionaries(data):
        sides = [i for i, lang in enumerate((a, b)) if lang.startswith("zh")]
        if "cedict" not in path.name:
            found |= {row[i] for row in corpus.read_dictionary(path) for i in sides}
    return {name for name in found if _SHORTEST <= len(name) <= _LONGEST}


class Holes:
    """Makes questions of sentences; all that is drawn comes from `rng`."""

    def __init__(self, names: set[str], rng: np.random.Generator) -> None:
        self._names, self._rng = names, rng

    def ask(self, text: str, lang: str) -> tuple[str, str] | None:
        """(a question, the words of `text` it asks for): a figure, a year, a name or some words become a question word,
        and what stands far from it is often left out. None if the sentence is too short."""
        kind, hole = self._hole(text, script(lang)) or (None, None)
        if kind is None:
            return None
        word = self._any(ASKING[script(lang)][kind])
        before, after = text[: hole[0]].strip(), text[hole[1] :].strip().rstrip(".。!！;；")
        asked = self._han(before, word, after) if script(lang) == "zh" else self._spaced(before.split(), word, after.split())
        return (asked, text[slice(*hole)]) if asked else None

    def places(self, text: str, lang: str) -> list[Place]:
        """Where names stand: capitals in English, titles of the dictionaries in Chinese, none in German."""
        if script(lang) == "zh":
            return self._titles(text)
        return [m.span() for m in NAME.finditer(text)] if lang == "en" else []

    def spoilt(self, question: str, lang: str, gold: str, others: dict[tuple[str, int], list[str]]) -> str | None:
        """The question with another figure or name, so that `gold` no longer answers; None if it has neither.

        `others` are names by script and length (0 where it does not matter), as `named` gives them.
        """
        figures = list(FIGURE.finditer(question))
        if figures and self._rng.random() < 0.6:
            m = self._any(figures)
            new = self._other_figure(m.group())
            if new != m.group():
                return question[: m.start()] + new + question[m.end() :]
        found = self.places(question, lang)
        found = [p for p in found if question[slice(*p)] in gold] or found
        if not found:
            return None
        start, end = self._any(found)
        pool = others.get(_shelf(lang, (start, end)), [])
        new = self._any(pool) if pool else question[start:end]
        return question[:start] + new + question[end:] if new != question[start:end] else None

    def named(self, questions: Iterable[tuple[str, str]]) -> dict[tuple[str, int], list[str]]:
        """The names in (question, language), for `spoilt`."""
        out = defaultdict(list)
        for text, lang in questions:
            for start, end in self.places(text, lang):
                out[_shelf(lang, (start, end))].append(text[start:end])
        return out

    def _hole(self, text: str, lang: str) -> tuple[str, Place] | None:
        years = [m.span() for m in YEAR.finditer(text)]
        options = [("year", span) for span in years]
        options += [("figure", m.span()) for m in FIGURE.finditer(text) if m.span() not in years]
        options += [("name", span) for span in self.places(text, lang)]
        if options and self._rng.random() >= 0.25:
            return self._any(options)
        if lang == "zh":
            size = int(self._rng.integers(2, 5))
            at = int(self._rng.integers(0, len(text) - size)) if len(text) >= 8 else None
            return None if at is None else ("words", (at, at + size))
        words = [m.span() for m in re.finditer(r"\S+", text)]
        if len(words) < 5:
            return None
        size = int(self._rng.integers(1, 4))
        at = int(self._rng.integers(0, len(words) - size))
        return "words", (words[at][0], words[at + size - 1][1])

    def _han(self, before: str, word: str, after: str) -> str | None:
        stops = [m.end() for m in _STOPS.finditer(before)]
        if stops and self._rng.random() < 0.4:
            before = before[self._any(stops) :]
        stops = [m.start() for m in _STOPS.finditer(after)]
        if stops and self._rng.random() < 0.5:
            after = after[: self._any(stops)]
        if len(before) + len(after) < 4:
            return None
        return (before + word + after if self._rng.random() < 0.8 else word + before + after) + "？"

    def _spaced(self, before: list[str], word: str, after: list[str]) -> str | None:
        if len(before) > 4 and self._rng.random() < 0.5:
            before = before[int(self._rng.integers(0, len(before) - 3)) :]
        if len(after) > 4 and self._rng.random() < 0.6:
            after = after[: int(self._rng.integers(3, len(after)))]
        if len(before) + len(after) < 3:
            return None
        orders = ([word, *after, *before], [word, *before, *after], [*before, word, *after])
        return " ".join(orders[int(self._rng.choice(3, p=(0.3, 0.42, 0.28)))]) + "?"

    def _titles(self, text: str) -> list[Place]:
        out, at = [], 0
        while at < len(text):
            sizes = range(min(_LONGEST, len(text) - at), _SHORTEST - 1, -1)
            size = next((s for s in sizes if text[at : at + s] in self._names), 0)
            if size:
                out.append((at, at + size))
            at += max(1, size)
        return out

    def _other_figure(self, figure: str) -> str:
        if YEAR.fullmatch(figure):
            return str(int(figure) + self._any(_NEAR_YEARS))
        return "".join(str(int(self._rng.integers(1, 10))) if c.isdigit() else c for c in figure)

    def _any(self, options: Sequence):
        return options[int(self._rng.integers(len(options)))]
