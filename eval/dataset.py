"""Questions with gold spans: read, validated line by line, and checked against the articles.

A file holds one JSON object a line: `id`, `question`, `lang` (BCP 47), `answerable`, `gold` (a list of `article_id`,
`start`, `end` and, if wished, `quote`) and `answers` (short strings). `parallel_id` (or `fact`) joins questions that ask
for the same thing, `split` names the part of the set, `kind` the sort of question; without them a question is its own
fact, of no split and no kind. A line without the key `answers` asks for passages only, one without `gold` for answers
only; an empty list of an answerable question is one that somebody still has to fill. Other keys are passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.errors import UserError
from index.types import Article, Span

SHIPPED = Path(__file__).parent / "questions"
SPLITS = ("dev", "test")
WORDINGS = SHIPPED / "wordings.jsonl"  # the facts of dev in other words, and more that the articles do not answer
TRANSFER = Path(__file__).parent / "transfer"  # articles and questions that no rule was made on
NO_ARTICLE = "none"
_TAG = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|\d{3}))?")


@dataclass(frozen=True, slots=True)
class Gold:
    """A place that answers a question: `article.text[start:end]` is the supporting sentence or clause.

    `quote`, if it says something, is what the article must read there.
    """

    article_id: str
    start: int
    end: int
    quote: str = ""

    @property
    def span(self) -> Span:
        """The offsets alone."""
        return Span(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Question:
    """A question and what is right. The spans in `gold` are alternatives: each of them alone answers it.

    `answers` are short strings, in the source's writing and others; an answer that says any of them is right.
    Both are empty when the articles do not answer, one of them when nobody said what is right there. Questions that share a `fact` (the file's `parallel_id`) ask for
    the same thing.
    """

    id: str
    question: str
    lang: str
    fact: str
    answerable: bool
    kind: str
    gold: tuple[Gold, ...]
    answers: tuple[str, ...]
    split: str = ""


def shipped(split: str) -> Path:
    """The path of a question file that comes with the program; `split` is `dev` or `test`."""
    if split not in SPLITS:
        raise ValueError(f"split is one of {SPLITS}, got {split!r}")
    return SHIPPED / f"{split}.jsonl"


def load(path: Path, articles: Iterable[Article] | None = None) -> tuple[Question, ...]:
    """The questions of a JSONL file, in order, their gold checked against `articles` if given.

    UserError names every line that is wrong, one a line, and what it needs.
    """
    texts = None if articles is None else {article.id: article.text for article in articles}
    questions: dict[int, Question] = {}
    wrong: list[tuple[int, str]] = []
    for number, raw in _lines(path):
        try:
            questions[number] = _question(raw)
        except ValueError as error:
            wrong.append((number, str(error)))
    wrong += _contradictions(questions)
    if texts is not None:
        wrong += [(n, problem) for n, question in questions.items() for problem in _misplaced(question, texts)]
    if wrong:
        raise UserError("\n".join(f"{path}, line {number}: {problem}" for number, problem in sorted(wrong, key=lambda w: w[0])))
    if not questions:
        raise UserError(f"{path} holds no questions; a line needs {_shape()}")
    return tuple(questions.values())


def check(questions: Iterable[Question], articles: Iterable[Article]) -> None:
    """Raise UserError unless every gold span lies inside the text of an article given, and reads as it should."""
    texts = {article.id: article.text for article in articles}
    for question in questions:
        for problem in _misplaced(question, texts):
            raise UserError(f"question {question.id}: {problem}")


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


def row(question: Question) -> dict[str, Any]:
    """The JSON object that `load` reads as `question`; empty optional fields are left out."""
    gold = [{"article_id": g.article_id, "start": g.start, "end": g.end} for g in question.gold]
    for item, g in zip(gold, question.gold, strict=True):
        if g.quote:
            item["quote"] = g.quote
    out = {"id": question.id, "parallel_id": question.fact, "split": question.split, "lang": question.lang}
    out |= {"question": question.question, "answerable": question.answerable, "kind": question.kind}
    out |= {"gold": gold, "answers": list(question.answers)}
    return {key: value for key, value in out.items() if not (value == "" or (value == [] and question.answerable))}


def dumps(questions: Iterable[Question]) -> str:
    """The text of a question file."""
    return "".join(json.dumps(row(question), ensure_ascii=False) + "\n" for question in questions)


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


def _contradictions(questions: Mapping[int, Question]) -> Iterator[tuple[int, str]]:
    ids: dict[str, int] = {}
    facts: dict[str, int] = {}
    for number, question in questions.items():
        if question.id in ids:
            yield number, f"id {question.id!r} is already used in line {ids[question.id]}"
        ids.setdefault(question.id, number)
        first = questions[facts.setdefault(question.fact, number)]
        place = f"in line {facts[question.fact]}, which shares its parallel_id {question.fact!r}"
        if first.answerable != question.answerable:
            yield number, f"'answerable' is {question.answerable} here and {first.answerable} {place}"
        if first.split != question.split:
            yield number, f"'split' is {question.split!r} here and {first.split!r} {place}"


def _misplaced(question: Question, texts: Mapping[str, str]) -> Iterator[str]:
    for gold in question.gold:
        text = texts.get(gold.article_id)
        if text is None:
            yield f"no article {gold.article_id!r}; there are: {', '.join(sorted(texts)) or 'no articles'}"
        elif gold.end > len(text):
            yield (
                f"gold ends at {gold.end}, article {gold.article_id} has {len(text)} characters; "
                "were the articles changed?"
            )
        elif gold.quote and text[gold.start : gold.end] != gold.quote:
            yield (
                f"gold {gold.start}-{gold.end} of article {gold.article_id} reads "
                f"{_short(text[gold.start : gold.end])}, its quote says {_short(gold.quote)}"
            )


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:39]}…")


def _question(raw: str) -> Question:
    try:
        return question_of(json.loads(raw))
    except json.JSONDecodeError as error:
        place = f"{error.msg} at column {error.colno}"
        raise ValueError(f"not JSON ({place}); a line needs {_shape()}") from error


def question_of(row: Any) -> Question:
    """The question a line's JSON object is; ValueError says what is wrong with it."""
    if not isinstance(row, dict):
        raise ValueError(f"expected an object, got {type(row).__name__}; a line needs {_shape()}")
    name, lang = _text(row, "id"), _text(row, "lang")
    if not _TAG.fullmatch(lang):
        raise ValueError(f"'lang' must be a tag such as de, en or zh-Hant, got {lang!r}")
    answerable = _typed(row, "answerable", bool)
    gold = tuple(_gold(item) for item in _typed(row, "gold", list)) if "gold" in row else ()
    answers = tuple(_typed(row, "answers", list)) if "answers" in row else ()
    for answer in answers:
        if not isinstance(answer, str) or not answer.strip():
            raise ValueError(f"answers are strings that say something, got {answer!r}")
    text = _text(row, "question", "; write it, or delete the line")
    if answerable and (not (gold or answers) or [] in (row.get("gold"), row.get("answers"))):
        raise ValueError(f"an answerable question needs gold and answers, got {len(gold)} and {len(answers)}")
    if not answerable and (gold or answers):
        raise ValueError(
            f"an unanswerable question has neither, got {len(gold)} gold and {len(answers)} answers"
        )
    if "fact" in row and row.get("parallel_id", row["fact"]) != row["fact"]:
        raise ValueError(f"'fact' and 'parallel_id' are two names of one thing, got {row['fact']!r} and {row['parallel_id']!r}")
    fact = next((_text(row, key) for key in ("parallel_id", "fact") if key in row), name)
    split, kind = (_typed(row, key, str) if key in row else "" for key in ("split", "kind"))
    return Question(name, text, lang, fact, answerable, kind, gold, answers, split)


def _gold(item: Any) -> Gold:
    if not isinstance(item, dict):
        raise ValueError(f"gold items are objects with article_id, start and end, got {item!r}")
    start, end = _typed(item, "start", int), _typed(item, "end", int)
    if not 0 <= start < end:
        raise ValueError(f"a gold span needs 0 <= start < end, got start={start}, end={end}")
    return Gold(_text(item, "article_id"), start, end, _typed(item, "quote", str) if "quote" in item else "")


def _text(row: dict[str, Any], key: str, advice: str = "") -> str:
    value = _typed(row, key, str)
    if not value.strip():
        raise ValueError(f"{key!r} is empty{advice}")
    return value


def _typed(row: dict[str, Any], key: str, kind: type) -> Any:
    if key not in row:
        raise ValueError(f"{key!r} is missing; a line needs {_shape()}")
    if type(row[key]) is not kind:
        raise ValueError(f"{key!r} must be {kind.__name__}, got {type(row[key]).__name__}")
    return row[key]


def _shape() -> str:
    return "id, question, lang, answerable, gold [{article_id, start, end}] and answers [text]"
