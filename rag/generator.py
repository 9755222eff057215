"""The default generator: no language model, the articles' own sentences, introduced in the asker's language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from index.languages import detect
from index.normalise import fold
from index.search import Index
from index.types import Hit, Span
from rag import messages
from rag.answerability import judge
from rag.disagreement import disagreeing
from rag.evidence import Evidence, evidence
from rag.naming import said
from rag.signals import SIGNALS
from rag.types import Claim, Source
from rag.wording import lead, written_in

MOST = 4  # quotations
_FITS = 0.7  # how well a name must fit what is asked for to be said and not only marked
_LISTED = SIGNALS.index("listed")


class ExtractiveGenerator:
    """Quotes the sentences that answer, to the character, each behind a sentence that says the figure or name asked for
    as the asker's language writes it."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def write(self, question: str, hits: Sequence[Hit], lang: str) -> Iterator[Claim]:
        """One claim a quoted sentence: the best for each thing that is asked; and those of other articles that give
        another figure."""
        hits = tuple(hits)
        found = evidence(self._index, question, hits)
        chosen = list({e.part: e for e in reversed(found)}.values())[::-1]
        likely = [e for e in chosen if self._answers(e, found, hits, detect(question))]
        chosen = likely or chosen[:1]
        others = disagreeing(found, hits, self._index.articles) if len(chosen) == 1 else []
        quoted: set[str] = set()
        for one in [*chosen, *others][:MOST]:
            article = self._index.articles[hits[one.hit].passage.article_id]
            quote = one.span.of(article.text)
            if fold(quote) not in quoted:  # an article may say a thing twice, in its summary and in its text
                quoted.add(fold(quote))
                yield self._claim(one, hits[one.hit], lang, other=one in others)

    def _answers(self, best: Evidence, found: Sequence[Evidence], hits: Sequence[Hit], asked_in: str) -> bool:
        """True if the part of the question that `best` answers is likely enough to be answered."""
        rivals = [best, *(e for e in found if e.part == best.part and e != best)]
        return judge(rivals, hits, asked_in)[1] is None

    def _claim(self, chosen: Evidence, hit: Hit, lang: str, other: bool) -> Claim:
        article = self._index.articles[hit.passage.article_id]
        quote, start = chosen.span.of(article.text), chosen.span.start
        marks = [Span(m.start - start, m.end - start) for m in chosen.marks]
        things, originals = said(quote, article.lang, chosen.kind, marks, lang)
        if chosen.kind in ("place", "person") and chosen.signals[_LISTED] < _FITS:
            things = []
        if len(things) > 1 or article.lang.split("-")[0] == lang.split("-")[0]:
            originals = []  # the quotation right behind shows them
        if not things:
            text = messages.quotation(article, quote, lang)
        elif other and not isinstance(things[0], str):
            text = messages.led(messages.otherwise(written_in(things[0], lang), lang), article, quote, lang)
        else:
            text = messages.led(lead(things, lang, originals), article, quote, lang)
        return Claim(text, (Source(chosen.hit, chosen.span, chosen.marks),))
