"""Writes the published scores: `python -m eval.publish [--index DIR]`.

`eval/SCORES.md` holds the whole tables of both splits, the README the summary between its two score comments, and
`eval/expected.toml` the gate: each score of the test split, less a slack of `SLACK` or one question of the row.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from eval.dataset import load, shipped
from eval.report import Report, Row, score
from index.embedder import load_embedder
from rag.chatbot import Chatbot

ROOT = Path(__file__).resolve().parent.parent
LANGS = ("en", "de", "zh-Hans", "zh-Hant")
SLACK = 0.03
_BEGIN, _END = "<!-- scores: make score -->", "<!-- end of scores -->"
_SUMMARY = (
    ("hit@1", "right passage first"), ("hit@5", "right passage in the first five"), ("mrr", "mean reciprocal rank"),
    ("citation_precision", "citations that are right"), ("accuracy", "answers that hold the accepted figure or name"),
    ("answered", "answerable questions answered"), ("refusal_recall", "unanswerable questions refused"),
)


def summary(report: Report) -> str:
    """The scores over all questions with their 95 % intervals, and hit@5 for each language pair, as Markdown."""
    rows = {row.name: row for row in report.rows()}
    overall = rows["overall"]
    lines = ["| test questions | all | 95 % interval |", "|---|---|---|"]
    for key, words in _SUMMARY:
        low, high = overall.ranges[key]
        lines.append(f"| {words} | {overall.scores[key]:.2f} | {low:.2f}-{high:.2f} |")
    lines += ["", "| hit@5: question in | " + " | ".join(f"article in {a}" for a in LANGS) + " |", "|---" * 5 + "|"]
    for q in LANGS:
        lines.append(f"| {q} | " + " | ".join(_cell(rows.get(f"{q} -> {a}")) for a in LANGS) + " |")
    return "\n".join(lines)


def expected(report: Report) -> str:
    """The gate for a report's rows, as the TOML of `eval/expected.toml`."""
    lines = ["# Written by `python -m eval.publish`; `crosscite score --gate` fails below these.", ""]
    for row in report.rows():
        limits = {k: v for k, v in row.scores.items() if v is not None}
        if not limits:
            continue
        lines.append(f'[test."{row.name}"]')
        slack = max(SLACK, 1 / row.n)
        lines += [f'"{key}" = {max(0.0, value - slack):.3f}' for key, value in limits.items()]
        lines.append("")
    return "\n".join(lines)


def with_summary(readme: str, block: str) -> str:
    """`readme` with `block` between its score comments; ValueError if it lacks them."""
    if _BEGIN not in readme or _END not in readme:
        raise ValueError(f"the README needs {_BEGIN} and {_END}")
    before, rest = readme.split(_BEGIN, 1)
    return f"{before}{_BEGIN}\n{block}\n{_END}{rest.split(_END, 1)[1]}"


def _cell(row: Row | None) -> str:
    return f"{row.scores['hit@5']:.2f} (n={row.n})" if row else "-"


def main(argv: Sequence[str] | None = None) -> None:
    """Scores both splits and writes the three files."""
    parser = argparse.ArgumentParser(prog="python -m eval.publish", description=__doc__.split("\n")[0])
    parser.add_argument("--index", type=Path, default=Path(".index"))
    args = parser.parse_args(argv)
    chatbot = Chatbot.open(args.index, embedder=load_embedder())
    reports = {s: score(chatbot.ask, load(shipped(s)), chatbot.articles(), progress=sys.stderr.isatty()) for s in ("test", "dev")}
    name = load_embedder().name
    parts = [f"# Scores\n\nEncoder `{name}`, no language model. Written by `python -m eval.publish`.\n"]
    parts += [f"## {split}\n\n{report.markdown()}\n" for split, report in reports.items()]
    (ROOT / "eval" / "SCORES.md").write_text("\n".join(parts), encoding="utf-8")
    (ROOT / "eval" / "expected.toml").write_text(expected(reports["test"]), encoding="utf-8")
    readme = ROOT / "README.md"
    readme.write_text(with_summary(readme.read_text(encoding="utf-8"), summary(reports["test"])), encoding="utf-8")


if __name__ == "__main__":
    main()
