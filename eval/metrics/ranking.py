"""Rankings against what is relevant: the measures of trec_eval, and which language comes first.

A ranking is a sequence of ids, best first; `relevant` are the ids that are right, or their grades (0 is not relevant).
Values equal those of `ir_measures` for the same ranking.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from eval.metrics.places import Place, finds

Relevant = Collection[str] | Mapping[str, int]


def ndcg(ranking: Sequence[str], relevant: Relevant, k: int = 10) -> float:
    """nDCG@k: gain is the grade, discount log2(rank + 1), ideal is all of `relevant` in order (Järvelin & Kekäläinen,
    2002; `nDCG@k` of trec_eval). 0.0 if nothing is relevant."""
    grades = _grades(relevant)
    ideal = _dcg(sorted(grades.values(), reverse=True)[:k])
    return _dcg([grades.get(name, 0) for name in ranking[:k]]) / ideal if ideal else 0.0


def recall(ranking: Sequence[str], relevant: Relevant, k: int) -> float:
    """The share of what is relevant among the best `k` (`R@k`); 0.0 if nothing is."""
    grades = _grades(relevant)
    return sum(name in grades for name in set(ranking[:k])) / len(grades) if grades else 0.0


def success(ranking: Sequence[str], relevant: Relevant, k: int) -> float:
    """1.0 if anything relevant is among the best `k` (`Success@k`), else 0.0."""
    return float(rank_of_first(ranking, relevant) in range(1, k + 1))


def rank_of_first(ranking: Sequence[str], relevant: Relevant) -> int | None:
    """The 1-based rank of the first relevant id, or None. The mean of `reciprocal_rank` of it is MRR (`RR`)."""
    grades = _grades(relevant)
    return next((rank for rank, name in enumerate(ranking, 1) if name in grades), None)


def over_gold(hits: Sequence[Place], gold: Sequence[Place]) -> tuple[list[str], set[str]]:
    """(ranking, relevant) of retrieved passages over gold spans, for the measures above.

    The relevant things are the gold spans, named `gold-0`, `gold-1`, ...; spans that one hit finds together are one.
    A hit that finds a span no hit found before stands for it, every other hit for itself, as not relevant. So recall is
    the share of the gold spans found, and the same passage twice is no gain.
    """
    ranking: list[str] = []
    name_of: dict[int, str] = {}
    for rank, hit in enumerate(hits):
        found = [i for i, g in enumerate(gold) if finds(hit, [g])]
        fresh = [i for i in found if i not in name_of]
        ranking.append(f"gold-{fresh[0]}" if fresh else f"other-{rank}")
        name_of |= {i: ranking[-1] for i in fresh}
    return ranking, {name_of.get(i, f"gold-{i}") for i in range(len(gold))}


def prefers_own(question_lang: str, hit_langs: Sequence[str], gold_langs: Collection[str]) -> float | None:
    """1.0 if the first hit is in the asker's own language although no gold span is, 0.0 if it is in another.

    None where a gold span is in the asker's language, or nothing was found: then it says nothing about preference. The
    mean is the language-preference rate, 0 is fair. Scripts do not count: zh-Hans and zh-Hant are one language.
    """
    own = _base(question_lang)
    if not hit_langs or not gold_langs or own in map(_base, gold_langs):
        return None
    return float(_base(hit_langs[0]) == own)


def hit_at(rank: int | None, k: int) -> float:
    """1.0 if the first right passage is among the best `k`, else 0.0."""
    return float(rank is not None and rank <= k)


def reciprocal_rank(rank: int | None) -> float:
    """1 / rank of the first right passage, 0.0 without one; the mean over questions is MRR (TREC-8, 1999)."""
    return 0.0 if rank is None else 1 / rank


def _grades(relevant: Relevant) -> dict[str, int]:
    if isinstance(relevant, Mapping):
        return {name: grade for name, grade in relevant.items() if grade > 0}
    return dict.fromkeys(relevant, 1)


def _dcg(grades: Sequence[int]) -> float:
    return sum(grade / math.log2(rank + 1) for rank, grade in enumerate(grades, 1))


def _base(tag: str) -> str:
    return tag.split("-")[0].casefold()
