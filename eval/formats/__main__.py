"""`python -m eval.formats`: question files checked, exported, imported, and TREC files measured.

    python -m eval.formats check   questions.jsonl [--seeds DIR]
    python -m eval.formats export  beir|trec|ragas|squad|mkqa  questions.jsonl  OUT  [--seeds DIR] [--index DIR] [--answers FILE]
    python -m eval.formats import  beir|trec|ragas|squad|mkqa  SOURCE  OUT_FOLDER  [--seeds DIR] [--lang TAG]
    python -m eval.formats measure qrels.txt run.txt [nDCG@10 ...]

OUT is a folder for BEIR and TREC, else a file. `--answers` is what `crosscite ask --file questions.jsonl --json` printed:
the run of TREC, the responses of ragas. What an import writes, `crosscite build --seeds OUT_FOLDER/articles` and
`crosscite score --questions OUT_FOLDER/questions.jsonl` can use.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from eval.dataset import Question, load
from eval.formats import beir, mkqa, ragas, squad, trec
from eval.formats.bundle import Bundle, write
from index.errors import UserError
from index.types import Article, Passage

FORMATS = ("beir", "trec", "ragas", "squad", "mkqa")


def export(
    name: str, questions: Sequence[Question], articles: Mapping[str, Article], out: Path, index: Path, answers: Path | None = None
) -> None:
    """Writes `questions` about `articles` as format `name`; the documents of BEIR and TREC are the passages of `index`.

    See the module for `out` and `answers`.
    """
    given = ragas.answers(answers) if answers else None
    try:
        if name == "beir":
            beir.export(questions, _passages(index), articles, out, next((q.split for q in questions), "") or "test")
        elif name == "trec":
            run = given and {q: [(p, score) for p, score, _ in answer.hits] for q, answer in given.items()}
            trec.export(questions, _passages(index), out, run)
        elif name == "ragas":
            ragas.export(questions, articles, out, given)
        elif name == "squad":
            squad.export(questions, articles, out)
        else:
            mkqa.export(questions, out)
    except OSError as error:
        raise UserError(f"cannot write {out}: {error.strerror}") from error


def read(name: str, source: Path, seeds: Path, lang: str | None = None) -> Bundle:
    """What `source` holds in format `name`; ragas' contexts are looked up in the articles in `seeds`."""
    if name == "beir":
        return beir.load(source, lang)
    if name == "trec":
        return trec.load(source, lang)
    if name == "ragas":
        return ragas.load(source, _articles(seeds), lang)
    return squad.load(source, lang) if name == "squad" else mkqa.load(source, lang)


def _articles(seeds: Path) -> dict[str, Article]:
    from index.articles import read_articles

    articles, problems = read_articles(seeds)
    for problem in problems:
        print(f"left out: {problem.name}: {problem.message}", file=sys.stderr)
    return {article.id: article for article in articles}


def _passages(index: Path) -> tuple[Passage, ...]:
    from index.embedder import load_embedder
    from index.store import open_index

    return open_index(index, load_embedder()).passages


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit code."""
    args = _parser().parse_args(arguments)
    try:
        if args.command == "check":
            questions = load(args.questions, _articles(args.seeds).values())
            print(f"{args.questions}: {len(questions)} questions, all in order")
        elif args.command == "export":
            articles = _articles(args.seeds)
            questions = load(args.questions, articles.values())
            export(args.format, questions, articles, args.out, args.index, args.answers)
            print(f"wrote {args.out}")
        elif args.command == "import":
            bundle = read(args.format, args.source, args.seeds, args.lang)
            path = write(bundle, args.out)
            print(f"wrote {path}: {len(bundle.questions)} questions, {len(bundle.sources)} articles")
        else:
            for name, value in trec.measure(args.qrels, args.run, args.measures or trec.MEASURES).items():
                print(f"{name:12} {value:.4f}")
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m eval.formats", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    check, out, into, measure = (commands.add_parser(name) for name in ("check", "export", "import", "measure"))
    for command in (out, into):
        command.add_argument("format", choices=FORMATS)
    for command in (check, out):
        command.add_argument("questions", type=Path)
    into.add_argument("source", type=Path)
    for command in (out, into):
        command.add_argument("out", type=Path)
    for command in (check, out, into):
        command.add_argument("--seeds", type=Path, default=Path("seeds"), help="folder of the articles (seeds)")
    out.add_argument("--index", type=Path, default=Path(".index"), help="whose passages BEIR and TREC get (.index)")
    out.add_argument("--answers", type=Path, help="answers to the questions, as JSON lines")
    into.add_argument("--lang", help="the language of all questions and articles, where it is known")
    measure.add_argument("qrels", type=Path)
    measure.add_argument("run", type=Path)
    measure.add_argument("measures", nargs="*")
    return parser


if __name__ == "__main__":
    sys.exit(main())
