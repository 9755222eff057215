"""`crosscite score`: the eval set asked and judged."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Gives the command's parser its own options."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--questions", type=Path, metavar="FILE", help="a questions JSONL of your own")
    what.add_argument("--split", choices=("dev", "test"), help="shipped questions: dev, free to try on, or test (test)")
    parser.add_argument("--gate", action="store_true", help="exit 1 if a score fell below eval/expected.toml")
    parser.add_argument("--json", action="store_true", help="the report as JSON")


def run(args: argparse.Namespace) -> int:
    """Scores and prints; 1 if a score fell below the gate."""
    from eval.dataset import load, shipped
    from eval.report import load_expected, score
    from index.embedder import load_embedder
    from rag.chatbot import Chatbot

    chatbot = Chatbot.open(args.index, embedder=load_embedder(args.encoder))
    path = args.questions or shipped(args.split or "test")
    report = score(chatbot.ask, load(path), chatbot.articles(), progress=sys.stderr.isatty())
    print(report.json() if args.json else report.table())
    failed = report.gate(load_expected(ROOT / "eval" / "expected.toml", path.stem)) if args.gate else []
    for line in failed:
        print(f"crosscite: below the gate: {line}", file=sys.stderr)
    return 1 if failed else 0
