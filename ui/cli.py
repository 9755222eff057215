"""The command line: build, search, ask, chat, score, doctor."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ui import build_command, chat_command, doctor, logs, score_command
from ui.hits import ranked_json, ranked_plain
from ui.output import YIELDING, answer_json, harmless, json_line, plain

if TYPE_CHECKING:
    from rag.chatbot import Chatbot

ROOT = Path(__file__).resolve().parent.parent
SEEDS = ROOT / "seeds"
INDEX = Path(".index")
AT_ONCE = ("ask", "search")  # commands that leave nothing to be done when they have answered


def main(argv: list[str] | None = None) -> int:
    """Runs one command; returns its exit code: 0 done, 1 a person can fix it, 2 wrong usage."""
    args = _parser().parse_args(argv)
    from index.errors import UserError

    try:
        served = args.command == "chat"
        logs.start(args.log, args.log_text, logging.INFO if served or args.log else logging.WARNING)
        code = args.run(args)
        sys.stdout.flush()
        return code
    except UserError as error:
        print(f"crosscite: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader has gone (`| head`): nothing is left to say, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("crosscite: stopped", file=sys.stderr)
        return 1


def console() -> NoReturn:
    """The program: `main`, then the process ends.

    After a question it ends at once: to take the libraries and the index apart again took 0.2 s of processor time.
    """
    code = main()
    if sys.argv[1] in AT_ONCE:
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="crosscite",
        description="Ask in your language, read sources in theirs: answers with exact citations.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument(
            "--index", type=Path, default=INDEX, metavar="DIR", help="the index's folder (.index)"
        )
        sub.add_argument(
            "--encoder", metavar="MODEL", help="a sentence-transformers model instead of the embedded one"
        )
        logs.add_arguments(sub)
        sub.set_defaults(run=run)
        return sub

    build_command.add_arguments(command("build", _build, "build or update the index"), SEEDS)

    search = command("search", _search, "the passages nearest to a question")
    search.add_argument("question")
    search.add_argument("--k", type=_positive, default=10, help="how many passages (10)")
    search.add_argument(
        "--source-lang", action="append", default=[], metavar="TAG", help="only articles in TAG"
    )
    search.add_argument("--explain", action="store_true", help="say how each passage was found")
    search.add_argument("--json", action="store_true", help="one JSON object a line")

    ask = command("ask", _ask, "the cited answer to a question")
    what = ask.add_mutually_exclusive_group(required=True)
    what.add_argument("question", nargs="?")
    what.add_argument(
        "--file", type=Path, metavar="JSONL", help='a file of {"id", "question"} lines, - for stdin'
    )
    ask.add_argument("--k", type=_positive, default=10, help="how many passages to read (10)")
    ask.add_argument("--json", action="store_true", help="one JSON object a line")
    ask.add_argument("--answer-lang", metavar="TAG", help="the answer's language (the question's)")
    ask.add_argument("--source-lang", action="append", default=[], metavar="TAG", help="only articles in TAG")
    _model_options(ask)

    chat = command("chat", _chat, "the chat page in a browser")
    chat.add_argument(
        "--seeds", type=Path, default=SEEDS, metavar="DIR", help="articles to index if nothing is (seeds)"
    )
    _model_options(chat)
    chat_command.add_arguments(chat)

    doctor.add_arguments(command("doctor", doctor.run, "what is wrong here, and what to type"), SEEDS)

    score_command.add_arguments(command("score", score_command.run, "score the system on the eval set"))
    return parser


def _model_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--llm", metavar="PROVIDER:MODEL", help="let a language model write, e.g. ollama:qwen3, openai:NAME")
    sub.add_argument("--llm-url", metavar="URL", help="where it is served, e.g. http://127.0.0.1:8080/v1 with openai:NAME")
    sub.add_argument(
        "--llm-timeout", type=_positive, metavar="SECONDS", help="give up when it has said nothing for so long (60)"
    )


def _chatbot(args: argparse.Namespace, embedder: Any = None) -> Chatbot:
    embedder = embedder or _embedder(args)  # first: it loads in a thread while the rest is imported
    from rag.chatbot import Chatbot

    return Chatbot.open(args.index, args.llm, embedder, llm_url=args.llm_url, llm_timeout=args.llm_timeout)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, got {value}")
    return value


def _embedder(args: argparse.Namespace):
    from index.embedder import load_embedder

    return load_embedder(args.encoder)


def _build(args: argparse.Namespace) -> int:
    return build_command.run(args, _embedder(args))


def _search(args: argparse.Namespace) -> int:
    embedder = _embedder(args)  # first, as in `_chatbot`
    from index.store import open_index
    from rag.ranking import EvidenceRetriever

    index = open_index(args.index, embedder)
    find = index.articles.__getitem__
    for rank, hit in enumerate(EvidenceRetriever(index).search(args.question, args.k, args.source_lang), 1):
        print(json_line(ranked_json(rank, hit, find)) if args.json else ranked_plain(rank, hit, find, args.explain))
    return 0


def _ask(args: argparse.Namespace) -> int:
    chatbot = _chatbot(args)
    options = {"k": args.k, "answer_lang": args.answer_lang, "source_langs": args.source_lang}
    if args.file is not None:
        return _ask_file(chatbot, args.file, args.json, options)
    answer = chatbot.ask(args.question, **options)
    if args.json:
        print(json_line({"id": None, **answer_json(answer, chatbot.article), "question": args.question}))
    else:
        print(plain(answer, chatbot))
    return 0


def _ask_file(chatbot: Chatbot, path: Path, as_json: bool, options: dict[str, Any]) -> int:
    """Answers line by line, each printed when it is ready. A line that is no question ends the run with its number; a
    question that cannot be answered (empty, too long) gets a line that says so, and the others go on. `history` in a
    line are the questions asked before it, oldest first."""
    from index.errors import GeneratorError, UserError
    from rag.messages import written_language

    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            question = row["question"]
            if not isinstance(question, str):
                raise TypeError("question must be a string")
            history = row.get("history", [])
            if not (isinstance(history, list) and all(isinstance(h, str) for h in history)):
                raise TypeError("history must be a list of questions")
        except (ValueError, TypeError, KeyError) as error:
            reason = "no question" if isinstance(error, KeyError) else str(error)
            raise UserError(
                f'{path}:{number}: expected {{"id", "question"}}, got {line.strip()[:60]!r} ({reason})'
            ) from error
        try:
            answer = answer_json(chatbot.ask(question, history=history, **options), chatbot.article)
        except GeneratorError:
            raise  # a model that is down will not answer the next question either
        except UserError as error:
            answer = {
                "question": question,
                "lang": written_language(options["answer_lang"] or "en"),
                "found": False,
                "text": str(error),
                "reason": "nothing_retrieved",
                "citations": [],
                "hits": [],
                "seconds": 0.0,
            }
        if as_json:
            kept = {key: value for key, value in answer.items() if key not in YIELDING or key not in row}
            print(json_line({**row, "id": row.get("id"), **kept, "question": question}), flush=True)
        else:
            print(harmless(f"{question}\n{answer['text']}\n"), flush=True)
    return 0


def _lines(path: Path) -> Iterator[str]:
    from index.errors import UserError

    if str(path) == "-":
        yield from sys.stdin
        return
    try:
        with open(path, encoding="utf-8") as f:
            yield from f
    except OSError as error:
        raise UserError(f"cannot read {path} ({error.strerror}); give a JSONL file of questions") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8; save it as UTF-8") from error


def _chat(args: argparse.Namespace) -> int:
    embedder = _embedder(args)

    def open_chatbot(llm: str | None) -> Chatbot:
        return _chatbot(argparse.Namespace(**{**vars(args), "llm": llm}), embedder)

    return chat_command.run(args, embedder, open_chatbot, lambda: build_command.report(args.seeds, args.index, embedder))



if __name__ == "__main__":
    console()
