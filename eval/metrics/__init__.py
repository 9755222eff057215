"""Scores of one question, and curves over many: pure functions, hand-calculable; higher is better unless a name says rate."""

from eval.metrics.answers import (
    char_3gram_recall,
    chrf,
    exact_match,
    f1,
    in_language,
    in_script,
    quantity_right,
    tokens,
)
from eval.metrics.citations import (
    Attribution,
    Statement,
    attribution,
    citation_precision,
    citation_recall,
    exactness,
    statements,
    supports,
)
from eval.metrics.places import Place, finds, first_rank, overlap
from eval.metrics.ranking import (
    hit_at,
    ndcg,
    over_gold,
    prefers_own,
    rank_of_first,
    recall,
    reciprocal_rank,
    success,
)
from eval.metrics.refusal import (
    Refusals,
    RiskCoverage,
    Threshold,
    percentile,
    refusals,
    risk_coverage,
    separation,
    thresholds,
)
from eval.metrics.saying import answer_right, normalised, says

__all__ = [
    "Attribution", "Place", "Refusals", "RiskCoverage", "Statement", "Threshold", "answer_right", "attribution",
    "char_3gram_recall", "chrf", "citation_precision", "citation_recall", "exact_match", "exactness", "f1", "finds",
    "first_rank", "hit_at", "in_language", "in_script", "ndcg", "normalised", "over_gold", "overlap", "percentile",
    "prefers_own", "quantity_right", "rank_of_first", "recall", "reciprocal_rank", "refusals", "risk_coverage", "says",
    "separation", "statements", "success", "supports", "thresholds", "tokens",
]  # fmt: skip
