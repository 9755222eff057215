"""SQuAD's JSON, which XQuAD and MLQA share: contexts, questions, answers as text and offset.

Written, a context is a whole article and an answer an accepted string inside a gold span, or the span itself. The line of
the question file travels along under `crosscite`, which other readers pass over, so that nothing is lost on the way back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.dataset import Gold, Question, question_of, row
from eval.formats.bundle import Bundle, Source, field, file_name, language, one_newline, read
from index.errors import UserError
from index.types import Article

_MLQA = re.compile(r"context-(?P<context>[a-z]{2})-question-(?P<question>[a-z]{2})")
_XQUAD = re.compile(r"xquad\w*\.(?P<context>[a-z]{2})(?=\.json)")


def export(questions: Iterable[Question], articles: Mapping[str, Article], path: Path) -> None:
    """Writes one file. A question stands with the article of its first gold span; unanswerable ones (`is_impossible`)
    stand with the first article. Questions without gold are left out: the format cannot say them."""
    held: dict[str, list[dict[str, Any]]] = {name: [] for name in articles}
    for question in questions:
        if question.gold or not question.answerable:
            home = question.gold[0].article_id if question.gold else next(iter(articles))
            held[home].append(_entry(question, home, articles[home].text))
    data = [
        {"title": name, "paragraphs": [{"context": articles[name].text, "qas": entries}]}
        for name, entries in held.items()
        if entries
    ]
    path.write_text(json.dumps({"version": "v2.0", "data": data}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def load(path: Path, lang: str | None = None) -> Bundle:
    """A file of SQuAD's, 1.1 or 2.0; every context becomes an article.

    The language of questions and contexts is `lang`, or what the file's name says (`xquad.de.json`,
    `test-context-de-question-zh.json`), or is detected. UserError if an answer does not stand at its offset.
    """
    try:
        data = field(json.loads(read(path)), "data", list, str(path))
    except json.JSONDecodeError as error:
        raise UserError(f"{path} is not JSON: {error.msg} in line {error.lineno}") from error
    named = _MLQA.search(path.name) or _XQUAD.search(path.name)
    langs = named.groupdict() if named else {}
    asked, written = (lang or langs.get("question", langs.get("context"))), lang or langs.get("context")
    questions: list[Question] = []
    sources: list[Source] = []
    taken: set[str] = set()
    for number, article in enumerate(data, 1):
        where = f"{path}, article {number}"
        title = article.get("title") or f"article-{number}"
        paragraphs = field(article, "paragraphs", list, where)
        for part, paragraph in enumerate(paragraphs):
            context = field(paragraph, "context", str, where)
            name = file_name(title if len(paragraphs) == 1 else f"{title}-{part:03d}", taken)
            sources.append(Source(name, language(context, written), title, one_newline(context)[0]))
            for entry in field(paragraph, "qas", list, where):
                questions.append(_question(entry, context, name, asked, where))
    return Bundle(tuple(questions), tuple(sources))


def _entry(question: Question, home: str, text: str) -> dict[str, Any]:
    answers = []
    for gold in question.gold:
        if gold.article_id == home:
            span = text[gold.start : gold.end]
            short = next((a for a in question.answers if a in span), span)
            answers.append({"text": short, "answer_start": gold.start + span.index(short)})
    out: dict[str, Any] = {"id": question.id, "question": question.question, "answers": answers}
    return out | {"is_impossible": not question.answerable, "crosscite": row(question)}


def _question(entry: Any, context: str, article_id: str, lang: str | None, where: str) -> Question:
    name = str(entry.get("id")) if isinstance(entry, dict) else ""
    where = f"{where}, question {name}"
    if "crosscite" in entry:
        try:
            return question_of(field(entry, "crosscite", dict, where))
        except ValueError as error:
            raise UserError(f"{where}: {error}") from error
    text = field(entry, "question", str, where)
    answers: Sequence[Any] = [] if entry.get("is_impossible") else field(entry, "answers", list, where)
    gold: list[Gold] = []
    for answer in answers:
        short, start = field(answer, "text", str, where), field(answer, "answer_start", int, where)
        if not short or context[start : start + len(short)] != short:
            raise UserError(f"{where}: the answer {short!r} does not stand at {start}")
        gold.append(Gold(article_id, *one_newline(context, start, start + len(short))[1]))
    texts = tuple(dict.fromkeys(one_newline(answer["text"])[0] for answer in answers))
    return Question(name, text, language(text, lang), name, bool(gold), "", tuple(dict.fromkeys(gold)), texts)
