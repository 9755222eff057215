"""BEIR's folder (Thakur et al., 2021): corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.dataset import Gold, Question
from eval.formats.bundle import Bundle, Source, field, file_name, language, one_newline, read, rows
from eval.metrics import finds
from index.errors import UserError
from index.types import Article, Passage

_HEADER = "query-id\tcorpus-id\tscore"


def export(
    questions: Sequence[Question], passages: Iterable[Passage], articles: Mapping[str, Article], folder: Path, split: str
) -> None:
    """Writes the folder: passages are the corpus, and relevant to a question if they find one of its gold spans.

    Language, accepted answers and the like go into `metadata`, which BEIR's readers pass over. Unanswerable questions are
    queries without a relevance judgement.
    """
    passages = list(passages)
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    corpus = (
        {"_id": p.id, "title": articles[p.article_id].title, "text": p.text, "metadata": {"lang": p.lang}} for p in passages
    )
    queries = (
        {"_id": q.id, "text": q.question, "metadata": {"lang": q.lang, "parallel_id": q.fact, "kind": q.kind,
                                                       "answerable": q.answerable, "answers": list(q.answers)}}
        for q in questions
    )
    for name, lines in (("corpus", corpus), ("queries", queries)):
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    judged = [f"{q}\t{p}\t{grade}" for q, ranked in relevant(questions, passages).items() for p, grade in ranked.items()]
    (folder / "qrels" / f"{split}.tsv").write_text("\n".join([_HEADER, *judged]) + "\n", encoding="utf-8")


def relevant(questions: Iterable[Question], passages: Iterable[Passage]) -> dict[str, dict[str, int]]:
    """Question id -> {passage id: 1} of the passages that find one of its gold spans; without those that have none."""
    passages = list(passages)
    found = {q.id: {p.id: 1 for p in passages if finds(p, q.gold)} for q in questions if q.gold}
    return {name: judged for name, judged in found.items() if judged}


def load(folder: Path, lang: str | None = None) -> Bundle:
    """The queries judged in `qrels/test.tsv`, or else in the one file there is, and the corpus; every document becomes an
    article.

    A document with a score above 0 answers as a whole; there are no accepted answers unless `metadata` has them. A query
    is kept if something is relevant to it, or its metadata says that it cannot be answered. Languages are `lang`, or what
    `metadata` says, or detected.
    """
    split, qrels = _split(folder)
    sources: dict[str, Source] = {}
    taken: set[str] = set()
    for number, document in rows(folder / "corpus.jsonl"):
        where = f"{folder / 'corpus.jsonl'}, line {number}"
        name, text = field(document, "_id", str, where), one_newline(field(document, "text", str, where))[0]
        known = lang or _metadata(document).get("lang")
        title = document.get("title") or ""
        sources[name] = Source(file_name(name, taken), language(text, known), title, text)
    questions = []
    for number, query in rows(folder / "queries.jsonl"):
        where = f"{folder / 'queries.jsonl'}, line {number}"
        name, text, about = field(query, "_id", str, where), field(query, "text", str, where), _metadata(query)
        gold = tuple(_whole(sources, document, where) for document, grade in qrels.get(name, {}).items() if grade > 0)
        if not gold and about.get("answerable") is not False:
            continue
        answers = tuple(about.get("answers", ())) if gold else ()
        tag = language(text, lang or about.get("lang"))
        fact, kind = about.get("parallel_id", name), about.get("kind", "")
        questions.append(Question(name, text, tag, fact, bool(gold), kind, gold, answers, split))
    return Bundle(tuple(questions), tuple(sources.values()))


def _whole(sources: Mapping[str, Source], name: str, where: str) -> Gold:
    if name not in sources:
        raise UserError(f"{where}: the qrels name document {name!r}, which the corpus lacks")
    return Gold(sources[name].id, 0, len(sources[name].text))


def _metadata(row: Mapping[str, Any]) -> Mapping[str, Any]:
    got = row.get("metadata")
    return got if isinstance(got, dict) else {}


def _split(folder: Path) -> tuple[str, dict[str, dict[str, int]]]:
    files = {path.stem: path for path in (folder / "qrels").glob("*.tsv")}
    split = "test" if "test" in files or len(files) != 1 else next(iter(files))
    return split, _qrels(files.get(split, folder / "qrels" / "test.tsv"))


def _qrels(path: Path) -> dict[str, dict[str, int]]:
    out: dict[str, dict[str, int]] = {}
    for number, line in enumerate(read(path).splitlines(), 1):
        parts = line.split("\t")
        if not line.strip() or (number == 1 and parts[-1] == "score"):
            continue
        if len(parts) != 3 or not parts[2].strip().lstrip("-").isdigit():
            raise UserError(f"{path}, line {number}: needs a query id, a corpus id and a whole score, parted by tabs")
        out.setdefault(parts[0], {})[parts[1]] = int(parts[2])
    return out
