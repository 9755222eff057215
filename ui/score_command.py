"""`crosscite score`: the eval set asked and judged, runs saved and compared."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eval.judge import Judge
    from eval.report import Report

ROOT = Path(__file__).resolve().parent.parent
EXPECTED = ROOT / "eval" / "expected.toml"
_DEFAULT = "-"  # --save without a file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Gives the command's parser its own options."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--questions", type=Path, metavar="FILE", help="a questions JSONL of your own")
    what.add_argument("--split", choices=("dev", "test"), help="shipped questions: dev, free to try on, or test (test)")
    what.add_argument("--run", type=Path, metavar="FILE", dest="saved", help="report on a saved run, ask nothing")
    what.add_argument("--compare", type=Path, nargs=2, metavar=("A", "B"), help="compare two saved runs")
    what.add_argument(
        "--new-questions", type=Path, metavar="FILE", dest="sheet", help="draft questions about your articles for you to write"
    )
    parser.add_argument("--llm", metavar="PROVIDER:MODEL", help="score the answers a LangChain chat model writes")
    parser.add_argument("--judge", metavar="PROVIDER:MODEL", help="let a chat model grade the answers too")
    parser.add_argument("--gate", action="store_true", help="exit 1 if a score fell below eval/expected.toml")
    parser.add_argument(
        "--save", type=Path, nargs="?", const=Path(_DEFAULT), metavar="FILE", help="keep the run (runs/ beside the index)"
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the report as one HTML page")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="the report as JSON")
    form.add_argument("--markdown", action="store_true", help="the report as Markdown, with every cell")


def run(args: argparse.Namespace) -> int:
    """Scores and prints; 1 if a score fell below the gate."""
    if args.compare:
        return _compare(args)
    if args.sheet:
        return _drafted(args)
    judge = _judge(args.judge) if args.judge else None
    report, split = _saved(args) if args.saved else _asked(args)
    if judge:
        report = _judged(report, judge)
    _print(report, args)
    if args.save:
        _save(report, args)
    if args.html:
        from eval.report_html import page

        _write(args.html, page(report))
    return _gate(report, split) if args.gate else 0


def _asked(args: argparse.Namespace) -> tuple[Report, str]:
    from eval import ledger
    from eval.dataset import load, shipped
    from eval.provenance import provenance
    from eval.report import score
    from index.embedder import load_embedder
    from rag.chatbot import Chatbot

    embedder = load_embedder(args.encoder)
    chatbot = Chatbot.open(args.index, args.llm, embedder)
    path = args.questions or shipped(args.split or "test")
    questions = load(path, chatbot.articles())
    origin = provenance(path.stem, questions, args.index, embedder.name, {"llm": args.llm})
    warning = ledger.note(origin, ledger.runs_folder(args.index))
    if warning:
        print(f"crosscite: {warning}", file=sys.stderr)
    report = score(chatbot.ask, questions, chatbot.articles(), sys.stderr.isatty(), origin)
    return report, path.stem


def _drafted(args: argparse.Namespace) -> int:
    from eval.drafting import write
    from index.embedder import load_embedder
    from index.store import open_index

    count = write(args.sheet, open_index(args.index, load_embedder(args.encoder)).articles.values())
    print(f"crosscite: {args.sheet} has {count} lines; write their questions, then crosscite score --questions {args.sheet}")
    return 0


def _saved(args: argparse.Namespace) -> tuple[Report, str]:
    from eval.saved import load_run

    report = load_run(args.saved)
    return report, report.provenance.name if report.provenance else args.saved.stem


def _judge(spec: str) -> Judge:
    from eval.judge import Judge

    return Judge.load(spec)


def _judged(report: Report, judge: Judge) -> Report:
    from dataclasses import replace

    from eval.judge import verdicts

    return replace(report, verdicts=verdicts(judge, report.results, sys.stderr.isatty()))


def _print(report: Report, args: argparse.Namespace) -> None:
    from eval.report_text import markdown, table

    print(report.json() if args.json else markdown(report) if args.markdown else table(report))


def _save(report: Report, args: argparse.Namespace) -> None:
    from eval.ledger import runs_folder
    from eval.saved import save

    path = args.save
    if str(path) == _DEFAULT:
        stamp = report.provenance.time.replace(":", "").replace("+0000", "Z") if report.provenance else "run"
        path = runs_folder(args.index) / f"{report.provenance.name if report.provenance else 'run'}-{stamp}.jsonl"
    save(report, path)
    print(f"crosscite: saved in {path}", file=sys.stderr)


def _gate(report: Report, split: str) -> int:
    from eval.gate import gate, load_expected

    expected = load_expected(EXPECTED, split)
    missed = gate(report.rows(), expected)
    for miss in missed:
        print(f"crosscite: below the gate: {miss}", file=sys.stderr)
    if missed:
        limits = sum(map(len, expected.values()))
        cells = len({miss.row for miss in missed})
        print(f"crosscite: {len(missed)} of {limits} limits missed, in {cells} of {len(expected)} cells", file=sys.stderr)
    return 1 if missed else 0


def _compare(args: argparse.Namespace) -> int:
    from eval import compare
    from eval.saved import load_run

    names = compare.run_names(args.compare)
    found = compare.compare(*map(load_run, args.compare), names)
    form = compare.to_json if args.json else compare.markdown if args.markdown else compare.table
    print(form(found))
    if args.html:
        from eval.report_compare import page

        _write(args.html, page(found))
    return 0


def _write(path: Path, text: str) -> None:
    from index.errors import UserError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error
