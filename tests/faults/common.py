"""What the fault scripts share: a collection, its index with a small encoder, what a reader gets out of it."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from fakes import ConceptEmbedder, write_town  # noqa: E402 (the paths come first)

from index.store import open_index  # noqa: E402
from rag.chatbot import Chatbot  # noqa: E402

QUESTIONS = ("Wann wurde die Brücke am Hafen eröffnet?", "Who brings fresh bread to the school?", "天文台什么时候开放?", "How many ships has the harbour?")


def write_folder(folder: Path, ships: int, count: int = 12) -> Path:
    """The town, and `count` notes on a harbour with `ships` ships and more."""
    write_town(folder)
    for i in range(count):
        text = f"Harbour note {i}\n\nThe harbour has {ships + i} ships today. The bridge was opened {i + 1} times in {1990 + i}.\n"
        (folder / f"note{i:02d}.txt").write_text(text, encoding="utf-8")
    return folder


def answers(folder: Path) -> list:
    """All that a reader who opens the index in `folder` now is told: texts, citations and hits of every question."""
    return told(Chatbot(open_index(folder, ConceptEmbedder())))


def told(chatbot: Chatbot) -> list:
    """What the chatbot answers to every question; ValueError if a citation does not quote its article."""
    out = []
    for question in QUESTIONS:
        answer = chatbot.ask(question)
        for c in answer.citations:
            if chatbot.article(c.article_id).text[c.start : c.end] != c.quote:
                raise ValueError(f"{c} does not quote its article")
        out.append((answer.text, answer.citations, tuple((h.passage.id, h.passage.text, h.score) for h in answer.hits)))
    return out
