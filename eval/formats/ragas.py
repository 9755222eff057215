"""ragas' JSONL of single-turn samples: user_input, reference, reference_contexts, response, retrieved_contexts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.dataset import Gold, Question
from eval.formats.bundle import Bundle, field, language, rows
from index.errors import UserError
from index.types import Article


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as `crosscite ask --json` prints it: its text, and its hits as (passage id, score, text), best first."""

    text: str
    hits: tuple[tuple[str, float, str], ...]


def answers(path: Path) -> dict[str, Answered]:
    """Question id -> answer, of the output of `crosscite ask --file questions.jsonl --json`."""
    out: dict[str, Answered] = {}
    for number, line in rows(path):
        where = f"{path}, line {number}"
        hits = []
        for hit in field(line, "hits", list, where):
            article, start, end = (field(hit, *key, where) for key in (("article_id", str), ("start", int), ("end", int)))
            hits.append((f"{article}:{start}-{end}", float(hit.get("score", 0)), field(hit, "text", str, where)))
        out[str(line.get("id"))] = Answered(field(line, "text", str, where), tuple(hits))
    return out


def export(
    questions: Iterable[Question], articles: Mapping[str, Article], path: Path, given: Mapping[str, Answered] | None = None
) -> None:
    """Writes a sample a question: the first accepted answer is the reference, gold spans are the reference contexts.

    `given` are answers by question id, which become `response` and `retrieved_contexts`; questions that lack one have
    neither. An unanswerable question has neither reference nor reference contexts.
    """
    lines = []
    for question in questions:
        line: dict[str, Any] = {"user_input": question.question}
        if question.answers:
            line["reference"] = question.answers[0]
        if question.gold:
            line["reference_contexts"] = [articles[g.article_id].text[g.start : g.end] for g in question.gold]
        answer = (given or {}).get(question.id)
        if answer:
            line |= {"response": answer.text, "retrieved_contexts": [text for _, _, text in answer.hits]}
        lines.append(json.dumps(line, ensure_ascii=False) + "\n")
    path.write_text("".join(lines), encoding="utf-8")


def load(path: Path, articles: Mapping[str, Article], lang: str | None = None) -> Bundle:
    """The samples of a file as questions `q1`, `q2`, ... about `articles`.

    Reference contexts are looked up to the letter, and every place that reads so is gold; UserError if none does. A sample
    without reference and reference contexts cannot be answered.
    """
    questions = []
    for number, line in rows(path):
        where = f"{path}, line {number}"
        text = field(line, "user_input", str, where)
        contexts, reference = line.get("reference_contexts") or [], line.get("reference")
        gold = tuple(place for context in contexts for place in _places(context, articles, where))
        accepted = (reference,) if isinstance(reference, str) and reference.strip() else ()
        name = f"q{len(questions) + 1}"
        tag = language(text, lang)
        questions.append(Question(name, text, tag, name, bool(gold or accepted), "", gold, accepted))
    return Bundle(tuple(questions))


def _places(context: str, articles: Mapping[str, Article], where: str) -> Iterator[Gold]:
    found = False
    for name, article in articles.items():
        start = article.text.find(context) if context else -1
        while start >= 0:
            found = True
            yield Gold(name, start, start + len(context))
            start = article.text.find(context, start + 1)
    if not found:
        raise UserError(f"{where}: no article reads {context[:60]!r}, a reference context")
