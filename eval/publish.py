"""Writes the published scores: `python -m eval.publish [--index DIR]`.

`eval/SCORES.md` holds the whole report of both splits, the README the summary of the test split between its two score
comments, and `eval/expected.toml` the gate, by the rule in `eval/gate.py`. The dev and test runs themselves are kept in
`runs/` beside the index.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from eval import ledger
from eval.dataset import load, shipped
from eval.gate import expected_toml
from eval.provenance import provenance
from eval.report import ALL, OTHER, SAME, Report, score
from eval.report_text import languages, markdown
from eval.saved import save
from eval.scores import SCORES
from index.embedder import load_embedder
from rag.chatbot import Chatbot

ROOT = Path(__file__).resolve().parent.parent
_BEGIN, _END = "<!-- scores: make score -->", "<!-- end of scores -->"
_SUMMARY = ("hit@1", "hit@5", "mrr", "citation_precision", "accuracy", "answered", "refusal_recall")


def summary(report: Report) -> str:
    """The README's block: the main scores with 95 % intervals, over all questions, in the reader's own language and
    across languages, and hit@5 for each language pair."""
    rows = {(row.question_lang, row.article_lang): row for row in report.rows()}
    totals = [rows.get((ALL, tag)) for tag in (ALL, SAME, OTHER)]
    lines = ["| test questions | all (95 % interval) | own language | across languages |", "|---|---|---|---|"]
    for name in _SUMMARY:
        row, *others = totals
        low, high = row.ranges[name]
        cells = [f"{row.scores[name]:.2f} ({low:.2f}-{high:.2f})"]
        cells += ["" if o is None or o.scores[name] is None else f"{o.scores[name]:.2f}" for o in others]
        lines.append(f"| {SCORES[name].words} | " + " | ".join(cells) + " |")
    asked = languages([q for q, _ in rows if q != ALL])
    across = [tag for tag in languages([a for _, a in rows]) if tag in asked]
    lines += ["", "| hit@5: question in | " + " | ".join(f"article in {a}" for a in across) + " |"]
    lines.append("|---" * (len(across) + 1) + "|")
    for lang in asked:
        cells = [rows.get((lang, tag)) for tag in across]
        shown = [f"{row.scores['hit@5']:.2f} (n={row.n})" if row else "-" for row in cells]
        lines.append(f"| {lang} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def scores_page(reports: Mapping[str, Report]) -> str:
    """`eval/SCORES.md` for one report a split."""
    parts = ["# Scores", "Written by `python -m eval.publish`. Intervals are 95 % bootstrap intervals over facts."]
    for split, report in reports.items():
        parts += [f"## {split}", markdown(report)]
    return "\n\n".join(parts) + "\n"


def with_summary(readme: str, block: str) -> str:
    """`readme` with `block` between its score comments; ValueError if it lacks them."""
    return with_block(readme, block, _BEGIN, _END)


def with_block(text: str, block: str, begin: str, end: str) -> str:
    """`text` with `block` between the comments `begin` and `end`; ValueError if it lacks them."""
    if begin not in text or end not in text:
        raise ValueError(f"the README needs {begin} and {end}")
    before, rest = text.split(begin, 1)
    return f"{before}{begin}\n{block}\n{end}{rest.split(end, 1)[1]}"


def main(argv: Sequence[str] | None = None) -> None:
    """Scores both splits, keeps the runs and writes the three files."""
    parser = argparse.ArgumentParser(prog="python -m eval.publish", description=__doc__.split("\n")[0])
    parser.add_argument("--index", type=Path, default=Path(".index"))
    args = parser.parse_args(argv)
    embedder = load_embedder()
    chatbot = Chatbot.open(args.index, embedder=embedder)
    folder = ledger.runs_folder(args.index)
    reports = {}
    for split in ("test", "dev"):
        questions = load(shipped(split))
        origin = provenance(split, questions, args.index, embedder.name)
        warning = ledger.note(origin, folder)
        if warning:
            print(f"crosscite: {warning}", file=sys.stderr)
        reports[split] = score(chatbot.ask, questions, chatbot.articles(), sys.stderr.isatty(), origin)
        save(reports[split], folder / f"{split}.jsonl")
    (ROOT / "eval" / "SCORES.md").write_text(scores_page(reports), encoding="utf-8")
    (ROOT / "eval" / "expected.toml").write_text(expected_toml(reports), encoding="utf-8")
    readme = ROOT / "README.md"
    readme.write_text(with_summary(readme.read_text(encoding="utf-8"), summary(reports["test"])), encoding="utf-8")


if __name__ == "__main__":
    main()
