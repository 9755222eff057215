"""A question sheet drafted from a reader's own articles: facts worth asking for, with gold spans and answers filled in.

A person writes the questions. Until then every line lacks one, and reading the sheet names each line that does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from index.errors import UserError
from index.quantities import CALENDAR, Quantity, find
from index.splitter import sentences
from index.types import Article, Span
from rag.wording import written_in

FACTS = 40
ASKED = ("en", "de", "zh-Hans", "zh-Hant")
BLANK = "____"
_SHORTEST, _LONGEST = 12, 400  # characters of a sentence
_SMALLEST = 3  # a bare count below it is seldom worth a question
_QUOTED = re.compile(r"《([^《》\n]{2,40})》|“([^“”„\n]{2,40})”|„([^“”„\n]{2,40})“|「([^「」\n]{2,40})」")
_NAME = re.compile(r"(?<=[a-zäöüß,] )[A-ZÄÖÜ][\w'’-]+(?: [A-ZÄÖÜ][\w'’-]+){1,3}")
_ASK = {
    "en": "Ask for what fills the blank: {}",
    "de": "Frage nach dem, was die Lücke füllt: {}",
    "zh-Hans": "请就空格处的内容提问：{}",
    "zh-Hant": "請就空格處的內容提問：{}",
}
_ASK_NEAR = {
    "en": "Ask for something near this that no article says, such as another year, place or attribute: {}",
    "de": "Frage nach etwas Ähnlichem, das in keinem Artikel steht, etwa einem anderen Jahr, Ort oder Merkmal: {}",
    "zh-Hans": "请提一个与此相近、但各篇文章都没有答案的问题，例如换一个年份、地点或指标：{}",
    "zh-Hant": "請提一個與此相近、但各篇文章都沒有答案的問題，例如換一個年份、地點或指標：{}",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """A sentence worth asking for: its span, what in it may be the answer, and accepted writings of that."""

    article: Article
    span: Span
    answer: Span
    kind: str
    answers: tuple[str, ...]

    @property
    def cloze(self) -> str:
        """The sentence with a blank for the answer, on one line."""
        text = self.article.text
        blanked = text[self.span.start : self.answer.start] + BLANK + text[self.answer.end : self.span.end]
        return " ".join(blanked.split())


def facts(article: Article) -> list[Fact]:
    """The facts of an article in order, one a sentence at most: a figure, else a quoted or capitalised name, else a date."""
    spans = (s for keep in article.keep for s in sentences(article.text, keep) if _SHORTEST <= len(s) <= _LONGEST)
    return [fact for span in spans if (fact := _fact(article, span))]


def draft(articles: Iterable[Article], count: int = FACTS, langs: Sequence[str] = ASKED) -> list[dict[str, Any]]:
    """The lines of a sheet over `count` facts or as many as there are, the languages and articles taken in turn and each
    article's facts spread over its text.

    Each fact is to be asked in its article's own language and in another of `langs`, which take turns. Two facts of three
    bring a further line for a question near them that cannot be answered, so that a quarter of all lines are such.
    """
    lines: list[dict[str, Any]] = []
    for number, fact in enumerate(_chosen(list(articles), count)):
        own = fact.article.lang
        others = [lang for lang in langs if lang.split("-")[0] != own.split("-")[0]] or [own]
        name = f"{fact.article.id}-{fact.span.start}"
        gold = {"article_id": fact.article.id, "start": fact.span.start, "end": fact.span.end}
        gold["quote"] = fact.span.of(fact.article.text)
        for lang in dict.fromkeys((own, others[number % len(others)])):
            about = {"kind": fact.kind, "gold": [gold], "answers": list(fact.answers)}
            lines.append(_line(name, lang, fact, about))
        if number % 3:
            lang = langs[number % len(langs)]
            lines.append(_line(f"none-{name}", lang, fact, {"kind": "near_miss", "gold": [], "answers": []}))
    return lines


def write(path: Path, articles: Iterable[Article], count: int = FACTS) -> int:
    """Writes a sheet; the number of its lines. UserError if `path` is there already, or the articles hold no facts."""
    lines = draft(articles, count)
    if not lines:
        raise UserError("no sentence of the articles holds a figure, a name or a date to ask for")
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    except FileExistsError as error:
        raise UserError(f"{path} is there already; name another file") from error
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error
    return len(lines)


def _line(name: str, lang: str, fact: Fact, about: dict[str, Any]) -> dict[str, Any]:
    answerable = bool(about["gold"])
    hints, sentence = (_ASK, fact.cloze) if answerable else (_ASK_NEAR, " ".join(fact.span.of(fact.article.text).split()))
    hint = hints.get(lang, hints["en"]).format(sentence)
    out = {"id": f"{name}.{lang.lower()}", "parallel_id": name, "lang": lang, "question": "", "answerable": answerable}
    return out | about | {"hint": hint}


def _chosen(articles: Sequence[Article], count: int) -> Iterator[Fact]:
    """Facts of one language after the other, of one article of it after the other, `count` at most."""
    held = {article.id: facts(article) for article in articles}
    turns = {lang: [a.id for a in articles if a.lang == lang and held[a.id]] for lang in sorted({a.lang for a in articles})}
    taken = dict.fromkeys(held, 0)
    order: list[str] = []
    while len(order) < count and (open_ := [lang for lang, names in turns.items() if names]):
        for lang in open_:
            name = turns[lang].pop(0)
            taken[name] += 1
            order.append(name)
            if taken[name] < len(held[name]):
                turns[lang].append(name)
    order = order[:count]
    spread = {name: iter(_spread(held[name], order.count(name))) for name in held}
    return (next(spread[name]) for name in order)


def _spread(found: Sequence[Fact], count: int) -> list[Fact]:
    return [found[i * len(found) // count] for i in range(count)]


def _fact(article: Article, span: Span) -> Fact | None:
    text = span.of(article.text)
    quantities = [q for q in find(text, article.lang) if q.kind != "count" or q.value >= _SMALLEST]
    figures = [q for q in quantities if q.unit not in CALENDAR]
    if figures:
        best = next((q for q in figures if q.unit != "number"), None) or max(figures, key=lambda q: q.value)
        return _of_quantity(article, span, best, "figure")
    named = _QUOTED.search(text) or _NAME.search(text)
    if named:
        group = named.lastindex or 0
        start, end = (span.start + at for at in named.span(group))
        return Fact(article, span, Span(start, end), "name", (article.text[start:end],))
    return _of_quantity(article, span, quantities[0], "date") if quantities else None


def _of_quantity(article: Article, span: Span, quantity: Quantity, kind: str) -> Fact:
    start, end = span.start + quantity.span.start, span.start + quantity.span.end
    bare = replace(quantity, bound="exact")
    written = (article.text[start:end], *(written_in(bare, lang) for lang in ("en", "de", "zh-Hans")))
    return Fact(article, span, Span(start, end), kind, tuple(dict.fromkeys(w.strip() for w in written if w.strip())))
