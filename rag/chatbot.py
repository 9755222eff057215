"""A question in, a cited answer or an honest refusal out."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from index.errors import UserError
from index.languages import detect
from index.search import Index
from index.types import Article, Embedder, Hit
from rag import messages
from rag.answerability import judge
from rag.citations import Citations
from rag.evidence import evidence, supporting_span
from rag.generator import ExtractiveGenerator
from rag.support import supported
from rag.types import Answer, Claim, Generator

LONGEST = 2000

class Chatbot:
    """Answers questions over an index with a generator; safe to share between threads."""

    def __init__(self, index: Index, generator: Generator | None = None) -> None:
        self._index = index
        self._generator = generator or ExtractiveGenerator(index)

    @classmethod
    def open(cls, folder: Path, llm: str | None = None, embedder: Embedder | None = None) -> Chatbot:
        """On the index in `folder`; `llm` (`provider:model`) lets a language model write. Raises as `open_index`."""
        from index.embedder import load_embedder
        from index.store import open_index

        index = open_index(folder, embedder or load_embedder())
        if llm is None:
            return cls(index)
        from rag.chat_model import ChatModelGenerator

        return cls(index, ChatModelGenerator.load(llm))

    def warm(self) -> None:
        """Loads what the first question would wait for; no language model is called."""
        question = "Wuhan 武汉 2028"
        evidence(self._index, question, tuple(self._index.search(question)))

    def articles(self) -> tuple[Article, ...]:
        """The articles in the index, by id."""
        return tuple(self._index.articles[i] for i in sorted(self._index.articles))

    def article(self, article_id: str) -> Article:
        """The article of that id; UserError if it is not in the index."""
        if article_id not in self._index.articles:
            raise UserError(f"no article {article_id!r} in the index; build it anew: crosscite build")
        return self._index.articles[article_id]

    def ask(
        self, question: str, *, k: int = 10, answer_lang: str | None = None, source_langs: Sequence[str] = ()
    ) -> Answer:
        """The answer, with the `k` best passages as hits.

        `answer_lang` is the language to answer in (otherwise the question's), `source_langs` limits the articles'.
        UserError if the question is empty or longer than `LONGEST` characters, GeneratorError from a language model.
        """
        for item in self.stream(question, k=k, answer_lang=answer_lang, source_langs=source_langs):
            if isinstance(item, Answer):
                return item
        raise AssertionError("a stream ends with its answer")

    def stream(
        self, question: str, *, k: int = 10, answer_lang: str | None = None, source_langs: Sequence[str] = ()
    ) -> Iterator[str | Answer]:
        """The answer's text as it grows, whole sentences with their markers checked, and last the Answer itself."""
        started = time.perf_counter()
        question = _clean(question)
        asked_in = detect(question)
        lang = messages.written_language(answer_lang or asked_in)
        hits = tuple(self._index.search(question, k, source_langs))
        found = evidence(self._index, question, hits)
        confidence, reason = judge(found, hits, asked_in)
        text = ""
        citations = Citations(self._index.articles, hits)
        if reason is None:
            for claim in self._generator.write(question, hits, lang):
                if supported(claim, hits, self._index.articles, lang):
                    text += citations.add(self._pointed(claim, hits))
                    yield text
            if not text:
                reason = "not_supported"
        yield Answer(
            question=question,
            lang=lang,
            found=reason is None,
            text=text if reason is None else messages.refusal(reason, lang, asked_in),
            citations=tuple(citations.found),
            hits=hits,
            reason=reason,
            seconds=time.perf_counter() - started,
            confidence=confidence,
        )
    def _pointed(self, claim: Claim, hits: Sequence[Hit]) -> Claim:
        """The claim, each of its sources narrowed to the sentence that supports it."""
        sources = tuple(
            s if s.span is not None else replace(s, span=supporting_span(self._index, claim.text, hits[s.hit]))
            for s in claim.sources
        )
        return replace(claim, sources=sources)


def _clean(question: str) -> str:
    """The question without control characters and lone surrogates, white space trimmed; UserError if nothing is left
    or too much."""
    kept = "".join(c if c.isspace() or unicodedata.category(c) not in ("Cc", "Cs", "Co", "Cn") else " " for c in question)
    kept = " ".join(kept.split())
    if not kept:
        raise UserError('the question is empty; type one, for example: crosscite ask "What does Wuhan plan for 2028?"')
    if len(kept) > LONGEST:
        raise UserError(f"the question has {len(kept):,} characters, at most {LONGEST:,} are read; ask more briefly")
    return kept
