"""TREC's qrels and runs, as trec_eval and ir_measures read them, and queries.tsv with the questions.

Documents are passages by their ids (`article:start-end`), so that judgements made elsewhere come back as gold spans.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from eval.dataset import Gold, Question
from eval.formats.beir import relevant
from eval.formats.bundle import Bundle, language, read
from index.errors import UserError
from index.types import Passage

Run = Mapping[str, Sequence[tuple[str, float]]]
_PASSAGE = re.compile(r"(?P<article>.+):(?P<start>\d+)-(?P<end>\d+)")
MEASURES = ("nDCG@10", "R@5", "R@10", "RR", "Success@1", "Success@5")


def export(questions: Sequence[Question], passages: Iterable[Passage], folder: Path, run: Run | None = None) -> None:
    """Writes queries.tsv, qrels.txt and, with a `run`, run.txt.

    `run` is, for each question id, the passages found, best first, with scores. Scores that do not fall are lowered by
    the least step, for trec_eval orders by score and would break ties by name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    queries = [f"{_token(q.id)}\t{' '.join(q.question.split())}" for q in questions]
    judged = [
        f"{_token(q)} 0 {_token(p)} {grade}" for q, found in relevant(questions, passages).items() for p, grade in found.items()
    ]
    files = {"queries.tsv": queries, "qrels.txt": judged}
    if run is not None:
        files["run.txt"] = [line for name, ranking in run.items() for line in _ranked(name, ranking)]
    for name, lines in files.items():
        (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def load(folder: Path, lang: str | None = None) -> Bundle:
    """The questions of queries.tsv that qrels.txt judges, gold spans being the passages with a grade above 0.

    The articles are those the passages are named after, so there are none in the bundle, and no accepted answers.
    """
    qrels = read_qrels(folder / "qrels.txt")
    questions = []
    for number, line in enumerate(read(folder / "queries.tsv").splitlines(), 1):
        name, tab, text = line.partition("\t")
        if not tab:
            raise UserError(f"{folder / 'queries.tsv'}, line {number}: needs an id, a tab and a question")
        gold = tuple(_gold(document) for document, grade in qrels.get(name, {}).items() if grade > 0)
        if gold:
            questions.append(Question(name, text, language(text, lang), name, True, "", gold, ()))
    return Bundle(tuple(questions))


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Question id -> {document id: grade} of a qrels file: `question 0 document grade` a line."""
    out: dict[str, dict[str, int]] = {}
    for number, parts in _columns(path, 4):
        try:
            out.setdefault(parts[0], {})[parts[2]] = int(parts[3])
        except ValueError as error:
            raise UserError(f"{path}, line {number}: the grade must be a whole number, got {parts[3]!r}") from error
    return out


def read_run(path: Path) -> dict[str, list[tuple[str, float]]]:
    """Question id -> (document id, score), best first, of a run: `question Q0 document rank score tag` a line."""
    out: dict[str, list[tuple[str, float]]] = {}
    for number, parts in _columns(path, 6):
        try:
            out.setdefault(parts[0], []).append((parts[2], float(parts[4])))
        except ValueError as error:
            raise UserError(f"{path}, line {number}: the score must be a number, got {parts[4]!r}") from error
    return {name: sorted(found, key=lambda pair: -pair[1]) for name, found in out.items()}


def measure(qrels: Path, run: Path, measures: Sequence[str] = MEASURES) -> dict[str, float]:
    """Measure -> mean over the judged questions, by ir_measures. UserError if it is not installed or knows no such one."""
    try:
        import ir_measures
    except ImportError as error:
        raise UserError("measuring TREC files needs ir_measures: pip install 'crosscite[eval]'") from error
    try:
        parsed = [ir_measures.parse_measure(name) for name in measures]
    except (ValueError, NameError, SyntaxError) as error:
        raise UserError(f"no such measure among {', '.join(measures)}: {error}") from error
    judged = [ir_measures.Qrel(q, d, grade) for q, found in read_qrels(qrels).items() for d, grade in found.items()]
    ranked = [ir_measures.ScoredDoc(q, d, score) for q, found in read_run(run).items() for d, score in found]
    got = ir_measures.calc_aggregate(parsed, judged, ranked)
    return {name: got[one] for name, one in zip(measures, parsed, strict=True)}


def _ranked(name: str, ranking: Sequence[tuple[str, float]]) -> Iterable[str]:
    last = math.inf
    for rank, (document, score) in enumerate(ranking, 1):
        last = score if score < last else math.nextafter(last, -math.inf)
        yield f"{_token(name)} Q0 {_token(document)} {rank} {last!r} crosscite"


def _gold(document: str) -> Gold:
    named = _PASSAGE.fullmatch(document)
    if not named or int(named["start"]) >= int(named["end"]):
        raise UserError(f"document {document!r} of the qrels is no passage, which are named article:start-end")
    return Gold(named["article"], int(named["start"]), int(named["end"]))


def _token(name: str) -> str:
    if not name or name.split() != [name]:
        raise UserError(f"TREC's files part columns by white space; {name!r} cannot be an id there")
    return name


def _columns(path: Path, count: int) -> Iterable[tuple[int, list[str]]]:
    for number, line in enumerate(read(path).splitlines(), 1):
        parts = line.split()
        if parts and len(parts) != count:
            raise UserError(f"{path}, line {number}: needs {count} columns, got {len(parts)}")
        if parts:
            yield number, parts
