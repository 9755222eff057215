"""MKQA's JSONL (Longpre et al., 2021): a question in many languages a line, with answers in each, without passages."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from eval.dataset import Question
from eval.formats.bundle import Bundle, field, rows

LANGS = {"en": "en", "de": "de", "zh_cn": "zh-Hans", "zh_tw": "zh-Hant"}
_NO_ANSWER = ("unanswerable", "long_answer")  # MKQA scores both as questions without an answer


def export(questions: Iterable[Question], path: Path) -> None:
    """Writes a line a fact, the questions that share it as its languages; further ones of a language are left out.

    Accepted answers are the first as `text`, the rest as its `aliases`. Languages MKQA lacks keep their tags.
    """
    names = {tag: name for name, tag in LANGS.items()}
    lines: dict[str, dict[str, Any]] = {}
    for question in questions:
        line = lines.setdefault(question.fact, {"query": "", "answers": {}, "queries": {}, "example_id": question.fact})
        lang = names.get(question.lang, question.lang)
        if lang in line["queries"]:
            continue
        line["queries"][lang] = question.question
        line["answers"][lang] = [_answer(question)]
        line["query"] = line["queries"].get("en", next(iter(line["queries"].values())))
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines.values()), encoding="utf-8")


def load(path: Path, lang: str | None = None) -> Bundle:
    """The German, English and Chinese questions of `mkqa.jsonl` or `mkqa.jsonl.gz`, or those of one of these languages.

    Accepted answers are the texts and aliases of each language. There is no gold: they are questions about the world.
    """
    questions: list[Question] = []
    for number, line in rows(path):
        where = f"{path}, line {number}"
        fact = str(line.get("example_id", number))
        queries, answers = field(line, "queries", dict, where), field(line, "answers", dict, where)
        for name, tag in LANGS.items():
            if name not in queries or lang not in (None, tag, tag.split("-")[0]):
                continue
            given = field(answers, name, list, where)
            texts = [text for answer in given if answer.get("type") not in _NO_ANSWER for text in _texts(answer)]
            accepted = tuple(dict.fromkeys(texts))
            asked = field(queries, name, str, where)
            questions.append(Question(f"{fact}.{name}", asked, tag, fact, bool(accepted), "", (), accepted))
    return Bundle(tuple(questions))


def _texts(answer: dict[str, Any]) -> list[str]:
    return [str(text) for text in (answer.get("text"), *answer.get("aliases", ())) if text]


def _answer(question: Question) -> dict[str, Any]:
    if not question.answerable:
        return {"type": "unanswerable", "entity": "", "text": None, "aliases": []}
    text, *aliases = question.answers or ("",)
    return {"type": "short_phrase", "entity": "", "text": text, "aliases": aliases}
