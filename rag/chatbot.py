"""A question in, a cited answer or an honest refusal out."""

from __future__ import annotations

import logging
import time
import unicodedata
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing, closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from index.errors import GeneratorError, UserError
from index.search import Index
from index.types import Article, Embedder, Hit
from rag import messages
from rag.answerability import judge
from rag.citations import Citations
from rag.evidence import evidence, supporting_span
from rag.generator import ExtractiveGenerator
from rag.ranking import EvidenceRetriever
from rag.rewrite import complete, plausible, spoken
from rag.support import near, supported
from rag.types import Answer, Claim, Dropped, Generator, Reason

LONGEST = 2000
REMEMBERED = 8  # earlier questions that are read
log = logging.getLogger(__name__)


class Chatbot:
    """Answers questions over an index with a generator; safe to share between threads."""

    def __init__(self, index: Index, generator: Generator | None = None) -> None:
        self._index = index
        self._retriever = EvidenceRetriever(index)
        self._generator = generator or ExtractiveGenerator(index)

    @classmethod
    def open(
        cls, folder: Path, llm: str | None = None, embedder: Embedder | None = None, *, llm_url: str | None = None,
        llm_timeout: float | None = None,
    ) -> Chatbot:
        """On the index in `folder`; `llm` (`provider:model`) lets a language model write, served at `llm_url` if not at
        its provider's own address, and given up after `llm_timeout` seconds without a word. Raises as `open_index`,
        GeneratorError if the model cannot be loaded."""
        from index.embedder import load_embedder
        from index.store import open_index

        index = open_index(folder, embedder or load_embedder())
        if llm is None:
            return cls(index)
        from rag.chat_model import TIMEOUT, ChatModelGenerator

        return cls(index, ChatModelGenerator.load(llm, llm_url, llm_timeout or TIMEOUT))

    def warm(self) -> None:
        """Loads what the first question would wait for; no language model is called."""
        question = "Wuhan 武汉 2028"
        evidence(self._index, question, tuple(self._retriever.search(question)))

    def articles(self) -> tuple[Article, ...]:
        """The articles in the index, by id."""
        return tuple(self._index.articles[i] for i in sorted(self._index.articles))

    def article(self, article_id: str) -> Article:
        """The article of that id; UserError if it is not in the index."""
        if article_id not in self._index.articles:
            raise UserError(f"no article {article_id!r} in the index; build it anew: crosscite build")
        return self._index.articles[article_id]

    def ask(
        self, question: str, *, k: int = 10, answer_lang: str | None = None, source_langs: Sequence[str] = (),
        history: Sequence[str] = (),
    ) -> Answer:
        """The answer, with the `k` best passages as hits.

        `answer_lang` is the language to answer in (otherwise the question's), `source_langs` limits the articles'.
        `history` are the questions before this one, oldest first, as they were asked or searched (`Answer.query`).
        UserError if the question is empty or longer than `LONGEST` characters, GeneratorError from a language model.
        """
        *_, answer = self.stream(
            question, k=k, answer_lang=answer_lang, source_langs=source_langs, history=history
        )
        return answer

    def stream(
        self, question: str, *, k: int = 10, answer_lang: str | None = None, source_langs: Sequence[str] = (),
        history: Sequence[str] = (),
    ) -> Iterator[str | Answer]:
        """The answer's text as it grows, whole sentences with their markers checked, and last the Answer itself."""
        turn = self._turn(question, k, answer_lang, source_langs, history)
        if turn.reason is None:
            try:
                with closing(self._generator.write(turn.query, turn.hits, turn.lang)) as claims:
                    for claim in claims:
                        if turn.add(claim):
                            yield turn.text
            except GeneratorError as error:
                turn.broke_off(error)
        yield turn.answer()

    async def astream(
        self, question: str, *, k: int = 10, answer_lang: str | None = None, source_langs: Sequence[str] = (),
        history: Sequence[str] = (),
    ) -> AsyncIterator[str | Answer]:
        """As `stream`, awaited: the caller's event loop is never blocked, and cancelling ends a model's request."""
        import asyncio

        from rag.background import from_thread

        turn = await asyncio.to_thread(self._turn, question, k, answer_lang, source_langs, history)
        if turn.reason is None:
            given = (turn.query, turn.hits, turn.lang)
            awrite = getattr(self._generator, "awrite", None)
            claims = awrite(*given) if awrite else from_thread(self._generator.write(*given))
            try:
                async with aclosing(claims):
                    async for claim in claims:
                        if await asyncio.to_thread(turn.add, claim):
                            yield turn.text
            except GeneratorError as error:
                turn.broke_off(error)
        yield turn.answer()

    def _turn(
        self, question: str, k: int, answer_lang: str | None, source_langs: Sequence[str], history: Sequence[str]
    ) -> _Turn:
        watch = _Watch()
        question, history = _clean(question), _remembered(history)
        asked_in = spoken(question, history)
        query = self._query(question, history)
        watch.lap("understand")
        hits = tuple(self._retriever.search(query, k, source_langs))
        watch.lap("search")
        found = evidence(self._index, query, hits)
        confidence, reason = judge(found, hits, asked_in)
        watch.lap("evidence")
        lang = messages.written_language(answer_lang or asked_in)
        return _Turn(self._index, watch, question, query, asked_in, lang, hits, confidence, reason)

    def _query(self, question: str, history: Sequence[str]) -> str:
        """What to search: a question that leans on an earlier one is made whole, by rule, and where the rule is not
        certain by the language model, if there is one and what it writes can be the question."""
        whole = complete(question, history)
        rewrite = getattr(self._generator, "rewrite", None)
        if whole.carried and not whole.certain and rewrite is not None:
            try:
                written = _cleaned(rewrite(question, history))
            except GeneratorError as error:
                log.warning("made_whole_by_rule", extra={"fields": {"reason": type(error).__name__}, "texts": {"message": str(error)}})
                return whole.query
            if written and plausible(written, question, history):
                return written
        return whole.query if len(whole.query) <= LONGEST else question


@dataclass
class _Watch:
    """Seconds by stage; the time between two laps goes to the stage of the second."""

    started: float = field(default_factory=time.perf_counter)
    stages: dict[str, float] = field(default_factory=dict)
    last: float = 0.0

    def lap(self, stage: str) -> None:
        elapsed = self.total()
        self.stages[stage] = self.stages.get(stage, 0.0) + elapsed - self.last
        self.last = elapsed

    def total(self) -> float:
        return time.perf_counter() - self.started


@dataclass
class _Turn:
    """An answer while it grows: what was found, and the claims that stood the check."""

    index: Index
    watch: _Watch
    question: str
    query: str
    asked_in: str
    lang: str
    hits: tuple[Hit, ...]
    confidence: float
    reason: Reason | None
    text: str = ""
    note: str | None = None
    dropped: list[Dropped] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.citations = Citations(self.index.articles, self.hits)

    def add(self, claim: Claim) -> bool:
        """Adds a claim that its sources support; True if the text grew."""
        self.watch.lap("write")
        stands = supported(claim, self.hits, self.index.articles, claim.lang or self.lang) and near(claim, self.index, self.hits)
        if stands:
            self.text += self.citations.add(self._pointed(claim))
            if claim.lang:
                self.note = messages.note("other_language", self.lang)
        else:
            self.dropped.append(Dropped(claim.text, "not_supported" if claim.sources else "no_source"))
        self.watch.lap("check")
        return stands

    def broke_off(self, error: GeneratorError) -> None:
        """What was written stands, with a note; raises `error` if there is nothing."""
        if not self.text:
            raise error
        self.note = messages.note("broke_off", self.lang)

    def answer(self) -> Answer:
        """The answer as it stands: a refusal if no claim stood."""
        if self.reason is None:
            self.watch.lap("write")
        reason = self.reason or (None if self.text else "not_supported")
        answer = Answer(
            question=self.question,
            lang=self.lang,
            found=reason is None,
            text=self.text if reason is None else messages.refusal(reason, self.lang, self.asked_in),
            citations=tuple(self.citations.found),
            hits=self.hits,
            reason=reason,
            seconds=self.watch.total(),
            confidence=self.confidence,
            query=self.query,
            stages=tuple(self.watch.stages.items()),
            dropped=tuple(self.dropped),
            note=self.note,
        )
        self._log(answer)
        return answer

    def _log(self, answer: Answer) -> None:
        fields = {
            "seconds": answer.seconds, "lang": self.asked_in, "answer_lang": self.lang, "found": answer.found, "reason": answer.reason,
            "confidence": answer.confidence, "hits": len(answer.hits), "citations": len(answer.citations),
            "dropped": len(answer.dropped), "stages": self.watch.stages,
        }
        texts = {"question": answer.question, "query": answer.query, "text": answer.text}
        log.info("answered", extra={"fields": fields, "texts": texts})

    def _pointed(self, claim: Claim) -> Claim:
        """The claim, each of its sources narrowed to the sentence that supports it."""
        sources = tuple(
            s if s.span is not None else replace(s, span=supporting_span(self.index, claim.text, self.hits[s.hit]))
            for s in claim.sources
        )
        return replace(claim, sources=sources)


def _cleaned(text: str) -> str:
    """`text` on one line without control characters and lone surrogates."""
    kept = "".join(c if c.isspace() or unicodedata.category(c) not in ("Cc", "Cs", "Co", "Cn") else " " for c in text)
    return " ".join(kept.split())


def _remembered(history: Sequence[str]) -> list[str]:
    """The last questions of a conversation, each made whole by those before it."""
    whole: list[str] = []
    for asked in history[-REMEMBERED:]:
        if 0 < len(kept := _cleaned(asked)) <= LONGEST:
            whole.append(complete(kept, whole).query)
    return whole


def _clean(question: str) -> str:
    """The question cleaned; UserError if nothing is left or too much."""
    kept = _cleaned(question)
    if not kept:
        raise UserError('the question is empty; type one, for example: crosscite ask "What does Wuhan plan for 2028?"')
    if len(kept) > LONGEST:
        raise UserError(f"the question has {len(kept):,} characters, at most {LONGEST:,} are read; ask more briefly")
    return kept
