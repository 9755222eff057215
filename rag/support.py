"""Whether a claim is supported by the passages it names: every figure in it must stand there, by canonical value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from index.quantities import Quantity, agrees, find
from index.types import Article, Hit
from rag.types import Claim


def supported(claim: Claim, hits: Sequence[Hit], articles: Mapping[str, Article], lang: str) -> bool:
    """True if the claim names a source, and each quantity it states is stated in one of its sources.

    Quantities are compared by value: `200 Milliarden` is supported by `2000亿`. A source's title and date count as its
    own words, since an introduction may name them. `lang` is the language the claim is written in.
    """
    if not claim.sources:
        return False
    stated = find(claim.text, lang)
    if not stated:
        return True
    given: list[Quantity] = []
    for source in claim.sources:
        passage = hits[source.hit].passage
        article = articles[passage.article_id]
        for text in (passage.text, article.title, article.publisher or "", article.date or ""):
            for tag in (article.lang, lang):
                given += find(text, tag)
    return all(any(agrees(s, g) for g in given) for s in stated)
