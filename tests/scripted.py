"""A chatbot with known answers about the real seeds, for the tests of the page."""

from __future__ import annotations

import re
import time
from pathlib import Path

from index.errors import GeneratorError, UserError
from index.types import Article, Hit, Passage, Span, Why
from rag.types import Answer, Citation, Dropped

SEEDS = Path(__file__).parent.parent / "seeds"
LANGS = {"000": "de", "001": "en", "002": "de", "003": "zh-Hans", "004": "zh-Hant"}
CHINESE = ("003", "2024年,上海人工智能产业规模突破4000亿元,同比增长超过7%,提前完成“十四五”目标。", "4000亿元")
GERMAN = ("000", "40 5G-Basisstationen pro 10.000 Einwohnern", "40")
QUOTES = {"en": (CHINESE, GERMAN), "zh": (GERMAN, CHINESE)}


class Scripted:
    """A chatbot of five seeds whose answers are known beforehand.

    It quotes two sentences (the Chinese one first for an English question, the German one for a Chinese
    question), refuses to speak of the weather, fails at "broken" (as a model does) and "bug" (as a programmer
    does), and takes `pause` seconds between the pieces of an answer to a "slow" question.
    """

    def __init__(self, pause: float = 3.0) -> None:
        self._pause = pause
        self.asked: list[dict] = []  # the options of every question, in order
        self._articles = {}
        for path in sorted(SEEDS.glob("*.txt")):
            text = path.read_text(encoding="utf-8")
            title = max(text.splitlines()[:5], key=lambda line: len(line) if len(line) < 120 else 0)
            keep = (Span(0, len(text)),)
            lang = LANGS[path.stem[:3]]
            self._articles[path.stem] = Article(path.stem, lang, title, text, keep, "2025-02-15", "36Kr")

    def warm(self) -> None:
        """There is nothing to load."""

    def articles(self) -> tuple[Article, ...]:
        return tuple(self._articles.values())

    def article(self, article_id: str) -> Article:
        return self._articles[article_id]

    def stream(self, question: str, *, k: int = 10, answer_lang=None, source_langs=(), history=()):
        chosen = {"k": k, "answer_lang": answer_lang, "source_langs": source_langs, "history": history}
        self.asked.append({"question": question, **chosen})
        if not question.strip():
            raise UserError("the question is empty: type one")
        if "weather" in question:
            yield self.refusal(question)
            return
        yield "The articles "
        if "broken" in question:
            raise GeneratorError("the language model does not answer: is it running?")
        if "bug" in question:
            raise RuntimeError("a programmer's mistake")
        time.sleep(self._pause if "slow" in question else 0)
        yield "The articles say: “…"
        yield self.answer(question)

    def answer(self, question: str) -> Answer:
        found, lang = [], "zh" if re.search("[一-鿿]", question) else "en"
        for prefix, quote, figure in QUOTES[lang]:
            article = next(a for a in self.articles() if a.id.startswith(prefix))
            start = article.text.index(quote)
            at = start + quote.index(figure)
            passage = Span(max(0, start - 60), min(len(article.text), start + len(quote) + 60))
            marks = (Span(at, at + len(figure)),)
            place = (article.id, start, start + len(quote))
            found.append(Citation(len(found) + 1, *place, quote, article.lang, passage, marks))
        text = f"The articles say: “{found[0].quote}” [1]\n\nAnother one adds: “{found[1].quote}” [2]"
        stages = (("search", 0.12), ("write", 0.19))
        dropped = (Dropped("The moon is made of cheese.", "not_supported"),)
        more = {"query": f"{question} (in full)", "stages": stages, "dropped": dropped}
        return Answer(question, lang, True, text, tuple(found), self.hits(), None, 0.31, 0.9, **more)

    def refusal(self, question: str) -> Answer:
        text = "The articles do not say what the weather will be."
        return Answer(question, "en", False, text, (), self.hits(), "not_supported", 0.12, 0.1)

    def hits(self) -> tuple[Hit, ...]:
        hits = []
        for article in self.articles()[:4]:
            start, end = 80, 260
            passage = Passage(article.id, article.lang, start, end, article.text[start:end])
            why = Why(len(hits) + 1, 0.8, None, None, 0.5, ("industry", "#40"), 3, ("#40",), "part of it")
            hits.append(Hit(passage, 1.0 - len(hits) / 10, why, (passage,)))
        return tuple(hits)
