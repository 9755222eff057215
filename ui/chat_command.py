"""The `chat` command: its options, and the page they start."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from index.errors import UserError

if TYPE_CHECKING:
    from index.types import Embedder
    from rag.chatbot import Chatbot

AUTH = "CROSSCITE_AUTH"
RATE = 120


def add_arguments(chat: argparse.ArgumentParser) -> None:
    """Adds what the page can be started with."""
    chat.add_argument("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1: this computer only)")
    chat.add_argument("--port", type=int, default=7860, help="(7860)")
    chat.add_argument(
        "--auth", action="append", default=[], metavar="NAME:PASSWORD",
        help=f"who may sign in; can be repeated; also read from the variable {AUTH} (everyone, no password)",
    )
    chat.add_argument("--share", action="store_true", help="make a public link through Gradio's servers (no)")
    chat.add_argument(
        "--rate", type=int, default=RATE, metavar="N", help=f"questions a minute from one address, 0: no limit ({RATE})"
    )
    chat.add_argument(
        "--changes", action=argparse.BooleanOptionalAction, default=None,
        help="whether readers may add and delete articles, rate answers and start score runs (only on this computer)",
    )


def run(
    args: argparse.Namespace, embedder: Embedder, open_chatbot: Callable[[str | None], Chatbot], build: Callable[[], object]
) -> int:
    """Serves the page until it is asked to stop; `build` makes the index if there is none that fits.

    `open_chatbot(llm)` opens the index as it is now. UserError for wrong options.
    """
    from eval.ledger import runs_folder
    from index.errors import IndexMissing, IndexStale
    from ui.api import Service
    from ui.app import serve
    from ui.feedback import Feedback
    from ui.health import Health
    from ui.library import Library, holds
    from ui.scores_tab import Scores
    from ui.serving import is_loopback

    names = _names([*args.auth, *filter(None, os.environ.get(AUTH, "").split("\n"))])
    if args.rate < 0:
        raise UserError(f"--rate is a number of questions, got {args.rate}; 0 is no limit")

    health = Health(args.index, embedder, model=bool(args.llm))

    def open_all() -> dict[str, Chatbot]:
        written = {args.llm: open_chatbot(args.llm)} if args.llm else {}
        chatbots = {**written, "": open_chatbot(None)}
        health.opened()
        return chatbots

    try:
        chatbots = open_all()
    except (IndexMissing, IndexStale):
        build()
        chatbots = open_all()
    own = is_loopback(args.host) and not args.share
    changes = own if args.changes is None else args.changes
    whole = holds(args.seeds, (article.id for article in chatbots[""].articles()))
    if changes and not whole:
        print(
            f"crosscite: {args.seeds} does not hold the articles of {args.index}, so the page cannot add or delete any; "
            "name their folder with --seeds",
            file=sys.stderr,
        )
    library = Library(chatbots, reopen=open_all if whole else None, seeds=args.seeds, index=args.index, embedder=embedder)
    feedback = Feedback(args.index / "feedback") if changes else None
    scores = Scores(runs_folder(args.index), args.index, embedder.name)
    service = Service(library, feedback, scores, changes, only_here=args.changes is None, health=health)
    serve(service, args.host, args.port, auth=names, share=args.share, rate=args.rate)
    return 0


def _names(given: list[str]) -> list[tuple[str, str]]:
    """Names and passwords; UserError if one has no password."""
    pairs = []
    for text in given:
        name, colon, password = text.partition(":")
        if not (name and colon and password):
            raise UserError("--auth wants NAME:PASSWORD, for example: --auth reader:a-long-password")
        pairs.append((name, password))
    return pairs

