"""Questions with gold spans: read, validated, and checked against the articles."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.errors import UserError
from index.types import Article, Span

SHIPPED = Path(__file__).parent / "questions"
SPLITS = ("dev", "test")
NO_ARTICLE = "none"


@dataclass(frozen=True, slots=True)
class Gold:
    """A place that answers a question: `article.text[start:end]` is the supporting sentence or clause."""

    article_id: str
    start: int
    end: int

    @property
    def span(self) -> Span:
        """The offsets alone."""
        return Span(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Question:
    """A question and what is right. The spans in `gold` are alternatives: each of them alone answers it.

    `answers` are short strings, in the source's writing and others; an answer that says any of them is right.
    Both are empty when the articles do not answer. Questions that share a `fact` ask for the same thing.
    """

    id: str
    question: str
    lang: str
    fact: str
    answerable: bool
    kind: str
    gold: tuple[Gold, ...]
    answers: tuple[str, ...]


def shipped(split: str) -> Path:
    """The path of a question file that comes with the program; `split` is `dev` or `test`."""
    if split not in SPLITS:
        raise ValueError(f"split is one of {SPLITS}, got {split!r}")
    return SHIPPED / f"{split}.jsonl"


def load(path: Path) -> tuple[Question, ...]:
    """The questions of a JSONL file, in order. UserError names the line, what is wrong and needed."""
    questions: list[Question] = []
    lines: dict[str, int] = {}
    for number, raw in _lines(path):
        try:
            question = _question(raw)
        except ValueError as error:
            raise UserError(f"{path}, line {number}: {error}") from error
        if question.id in lines:
            first = lines[question.id]
            raise UserError(f"{path}, line {number}: id {question.id!r} is already used in line {first}")
        lines[question.id] = number
        questions.append(question)
    if not questions:
        raise UserError(f"{path} holds no questions; a line needs {_shape()}")
    return tuple(questions)


def check(questions: Iterable[Question], articles: Iterable[Article]) -> None:
    """Raise UserError unless every gold span lies inside the text of an article given."""
    lengths = {article.id: len(article.text) for article in articles}
    for question in questions:
        for gold in question.gold:
            if gold.article_id not in lengths:
                known = ", ".join(sorted(lengths)) or "no articles"
                raise UserError(f"question {question.id}: no article {gold.article_id!r}; there are: {known}")
            if gold.end > lengths[gold.article_id]:
                raise UserError(
                    f"question {question.id}: gold ends at {gold.end}, article {gold.article_id} has "
                    f"{lengths[gold.article_id]} characters; were the articles changed?"
                )


def shared_facts(*splits: Sequence[Question]) -> set[str]:
    """The facts that occur in more than one of `splits`; empty when nothing leaks from one to another."""
    seen: set[str] = set()
    shared: set[str] = set()
    for split in splits:
        facts = {question.fact for question in split}
        shared |= facts & seen
        seen |= facts
    return shared


def article_langs(question: Question, langs: Mapping[str, str]) -> str:
    """The languages of the gold articles, sorted and joined by `+` (`de+en`), or `none`.

    `langs` is the language of each article id.
    """
    return "+".join(sorted({langs[gold.article_id] for gold in question.gold})) or NO_ARTICLE


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"cannot read the questions in {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    for number, raw in enumerate(text.split("\n"), 1):
        if raw.strip():
            yield number, raw


def _question(raw: str) -> Question:
    try:
        row = json.loads(raw)
    except json.JSONDecodeError as error:
        place = f"{error.msg} at column {error.colno}"
        raise ValueError(f"not JSON ({place}); a line needs {_shape()}") from error
    if not isinstance(row, dict):
        raise ValueError(f"expected an object, got {type(row).__name__}; a line needs {_shape()}")
    words = {key: _text(row, key) for key in ("id", "question", "lang", "fact", "kind")}
    answerable = _typed(row, "answerable", bool)
    gold = tuple(_gold(item) for item in _typed(row, "gold", list))
    answers = tuple(_typed(row, "answers", list))
    for answer in answers:
        if not isinstance(answer, str) or not answer.strip():
            raise ValueError(f"answers are strings that say something, got {answer!r}")
    if answerable and not (gold and answers):
        raise ValueError(f"an answerable question needs gold and answers, got {len(gold)} and {len(answers)}")
    if not answerable and (gold or answers):
        raise ValueError(
            f"an unanswerable question has neither, got {len(gold)} gold and {len(answers)} answers"
        )
    return Question(answerable=answerable, gold=gold, answers=answers, **words)


def _gold(item: Any) -> Gold:
    if not isinstance(item, dict):
        raise ValueError(f"gold items are objects with article_id, start and end, got {item!r}")
    start, end = _typed(item, "start", int), _typed(item, "end", int)
    if not 0 <= start < end:
        raise ValueError(f"a gold span needs 0 <= start < end, got start={start}, end={end}")
    return Gold(_text(item, "article_id"), start, end)


def _text(row: dict[str, Any], key: str) -> str:
    value = _typed(row, key, str)
    if not value.strip():
        raise ValueError(f"{key!r} is empty")
    return value


def _typed(row: dict[str, Any], key: str, kind: type) -> Any:
    if key not in row:
        raise ValueError(f"{key!r} is missing; a line needs {_shape()}")
    if type(row[key]) is not kind:
        raise ValueError(f"{key!r} must be {kind.__name__}, got {type(row[key]).__name__}")
    return row[key]


def _shape() -> str:
    return "id, question, lang, fact, answerable, kind, gold [{article_id, start, end}] and answers [text]"
