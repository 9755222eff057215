"""Articles written for training, invented all of them, with questions in German, English and both Chinese scripts.

One JSON file an article: `lang`, `date`, `title`; `sentences` by number; `asked`, facts with the number of the sentence that
answers (`gold`), those that answer as well (`also`), the shortest answer, its kind, and the question by language (`q`);
`refused`, questions by language that the article does not answer and the sentence that comes nearest (`near`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "written"
LANGUAGES = ("en", "de", "zh-Hans", "zh-Hant")


@dataclass(frozen=True, slots=True)
class Fact:
    """What is asked, by language; the places in the article's sentences that answer, the best first, or none; the answer
    as the first of them says it; and the sentence that comes nearest where none answers."""

    questions: dict[str, str]
    golds: tuple[int, ...]
    answer: str
    near: int | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """An article by its sentences, and what is asked of it."""

    name: str
    lang: str
    title: str
    sentences: tuple[str, ...]
    facts: tuple[Fact, ...]


def read(folder: Path = FOLDER) -> Iterator[Written]:
    """The articles of a folder by name. ValueError names the file of one that is not as above."""
    for path in sorted(folder.glob("*.json")):
        try:
            yield _article(path.stem, json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}: {type(error).__name__}: {error}") from error


def _article(name: str, row: dict) -> Written:
    numbers = list(row["sentences"])
    sentences = tuple(row["sentences"].values())
    place = {number: i for i, number in enumerate(numbers)}
    facts = []
    for fact in row["asked"]:
        golds = tuple(place[str(n)] for n in (fact["gold"], *fact.get("also", ())))
        if not fact["answer"] or fact["answer"] not in sentences[golds[0]]:
            raise ValueError(f"{fact['answer']!r} is not in sentence {fact['gold']}")
        facts.append(Fact(_questions(fact["q"]), golds, fact["answer"]))
    facts += [Fact(_questions(fact["q"]), (), "", place[str(fact["near"])]) for fact in row["refused"]]
    if row["lang"] not in LANGUAGES or not row["title"] or not all(sentences):
        raise ValueError("a language, a title or a sentence is missing")
    return Written(name, row["lang"], row["title"], sentences, tuple(facts))


def _questions(asked: dict[str, str]) -> dict[str, str]:
    if not asked or not all(lang in LANGUAGES and text.strip() for lang, text in asked.items()):
        raise ValueError(f"questions {asked}")
    return asked
