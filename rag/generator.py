"""The default generator: no language model, the articles' own sentences, introduced in the asker's language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from index.normalise import fold
from index.search import Index
from index.types import Hit
from rag import messages
from rag.evidence import Evidence, evidence
from rag.types import Claim, Source
from rag.wording import gloss

# A second sentence is quoted where it is as good as the best to within MARGIN: on the development questions a wider
# margin costs more precision than it brings recall (eval/LOG.md).
MARGIN = 0.02
MOST = 2


class ExtractiveGenerator:
    """Quotes the sentences that answer, to the character; a figure is also given as the asker's language writes it."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def write(self, question: str, hits: Sequence[Hit], lang: str) -> Iterator[Claim]:
        """One claim a quoted sentence, the best first."""
        found = evidence(self._index, question, tuple(hits))
        said: set[str] = set()
        for chosen in found:
            article = self._index.articles[hits[chosen.hit].passage.article_id]
            quote = fold(chosen.span.of(article.text))
            if len(said) == MOST or chosen.score < found[0].score - MARGIN:
                return
            if quote not in said:  # an article may say a thing twice, in its summary and in its text
                said.add(quote)
                yield self._claim(chosen, hits[chosen.hit], lang)

    def _claim(self, chosen: Evidence, hit: Hit, lang: str) -> Claim:
        article = self._index.articles[hit.passage.article_id]
        quote = chosen.span.of(article.text)
        written = None
        if article.lang.split("-")[0] != lang.split("-")[0]:
            written = gloss(quote, article.lang, chosen.span, chosen.marks, lang)
        text = messages.quotation(article, quote, lang, written)
        return Claim(text, (Source(chosen.hit, chosen.span, chosen.marks),))
