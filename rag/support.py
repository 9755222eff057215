"""Whether a claim is supported by the passages it names: every figure and name in it must stand there, and something like it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from index.names import names
from index.normalise import fold
from index.quantities import Quantity, agrees, find
from index.search import Index
from index.types import Article, Embedder, Hit, Span
from rag.calibration import calibration
from rag.candidates import persons
from rag.places import BROAD, named
from rag.signals import preceding
from rag.types import Claim

# Coined names (DeepSeek), which are written alike everywhere; capitals alone (IDC) may be translated.
_COINED = re.compile(r"(?<![^\W_])[A-Z][a-z]+[A-Z]\w*(?![^\W_])")


def supported(claim: Claim, hits: Sequence[Hit], articles: Mapping[str, Article], lang: str) -> bool:
    """True if the claim names a source, and each quantity and name it states is stated in one of its sources.

    Quantities are compared by value: `200 Milliarden` is supported by `2000亿`; places and people across scripts: Peking
    by 北京, Jiang Guangzhi by 姜广智. A source's title and date count as its own words, since an introduction may name
    them, and for places what the article says right before the passage, which may go on about a city it has named.
    `lang` is the language the claim is written in.
    """
    if not claim.sources:
        return False
    return _figures_stand(claim, hits, articles, lang) and _names_stand(claim, hits, articles, lang)


def near(claim: Claim, index: Index, hits: Sequence[Hit]) -> bool:
    """True if a sentence of a source says something like the claim, by the cosine of their vectors.

    What an extract says need not be asked, since it points to its sentence. Nor can it be asked of an encoder other than
    the one that the calibration is for.
    """
    sources = [hits[s.hit].passage for s in claim.sources if s.span is None]
    if not sources or index.embedder.name != calibration().encoder:
        return True
    texts = [span.of(index.articles[p.article_id].text) for p in sources for span in p.sentences or (Span(p.start, p.end),)]
    return nearness(index.embedder, claim.text, texts) >= calibration().near


def nearness(embedder: Embedder, text: str, others: Sequence[str]) -> float:
    """The cosine of a text with the nearest of the others."""
    vectors = embedder.encode_passages([fold(t) for t in (text, *others)])
    return float((vectors[1:] @ vectors[0]).max())


def _figures_stand(claim: Claim, hits: Sequence[Hit], articles: Mapping[str, Article], lang: str) -> bool:
    stated = find(claim.text, lang)
    if not stated:
        return True
    given: list[Quantity] = []
    for source in claim.sources:
        article = articles[hits[source.hit].passage.article_id]
        for text in (hits[source.hit].passage.text, article.title, article.publisher or "", article.date or ""):
            for tag in (article.lang, lang):
                given += find(text, tag)
    return all(any(agrees(s, g) for g in given) for s in stated)


def _names_stand(claim: Claim, hits: Sequence[Hit], articles: Mapping[str, Article], lang: str) -> bool:
    sources = [hits[s.hit].passage for s in claim.sources]
    own = " ".join(f"{p.text} {articles[p.article_id].title} {articles[p.article_id].publisher or ''}" for p in sources)
    folded = fold(own)
    if any(fold(m.group()) not in folded for m in _COINED.finditer(claim.text)):
        return False
    if any(fold(s.of(claim.text)) not in folded and not _spelled(s.of(claim.text), folded) for s in persons(claim.text, lang)):
        return False
    places = named(claim.text) - BROAD
    return places <= named(own) or places <= named(own) | named(_before(claim, hits, articles))


def _spelled(person: str, folded: str) -> bool:
    """True if a person's name stands in the other script."""
    return any(len(n.span) == len(fold(person)) and n.is_in(folded) for n in names(person))


def _before(claim: Claim, hits: Sequence[Hit], articles: Mapping[str, Article]) -> str:
    out = []
    for source in claim.sources:
        passage = hits[source.hit].passage
        article = articles[passage.article_id]
        if passage.sentences:
            out += [s.of(article.text) for s in preceding(article, hits[source.hit], passage.sentences[0])]
    return " ".join(out)
