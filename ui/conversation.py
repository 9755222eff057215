"""A conversation: its turns, how they grow while an answer is written, and how they look."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from index.errors import UserError
from index.types import Article
from rag.types import Answer
from ui import texts
from ui.render import answer_html, collection_html, count, escape, language_badge, partial_html, sources_html

if TYPE_CHECKING:
    from rag.chatbot import Chatbot

HEADLINE = 160  # characters of a question that still make a headline
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation and what has become of it.

    `text` grows while the answer is being written; `stopped` says that the reader cut it off. Once there is
    an `answer`, `body` and `sources` are its HTML, kept as the articles were when they were cited.
    """

    id: int
    question: str
    text: str = ""
    stopped: bool = False
    answer: Answer | None = None
    body: str = ""
    sources: str = ""

    @property
    def writing(self) -> bool:
        """Whether more of the answer is to come."""
        return self.answer is None and not self.stopped


def converse(
    chatbot: Chatbot, question: str, turns: tuple[Turn, ...]
) -> Iterator[tuple[tuple[Turn, ...], str, str]]:
    """The conversation as the answer to `question` grows, the question to leave in the box, and a notice.

    Whatever goes wrong, nothing of the conversation is lost, and the question is back in the box.
    """
    question = question.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair cannot be sent
    if turns and turns[-1].writing:
        yield turns, question, texts.BUSY
        return
    turn = Turn(id=len(turns), question=question.strip())
    if turn.question:
        yield (*turns, turn), "", ""
    try:
        for piece in chatbot.stream(question):
            if isinstance(piece, Answer):
                turn = answered(turn, piece, chatbot.article)
            else:
                turn = replace(turn, text=piece)
            yield (*turns, turn), "", ""
    except UserError as error:
        yield settled((*turns, turn))[: None if turn.text else -1], question, str(error)
    except Exception:
        log.exception("the question %r could not be answered", question)
        yield settled((*turns, turn))[: None if turn.text else -1], question, texts.ERROR


def settled(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """The conversation with its last answer cut off where it is, if it was still being written."""
    if turns and turns[-1].writing:
        return (*turns[:-1], replace(turns[-1], stopped=True))
    return turns


def answered(turn: Turn, answer: Answer, find: Callable[[str], Article]) -> Turn:
    """`turn` with its answer; `find` gives the article of an id."""
    body, sources = answer_html(answer, turn.id, find), sources_html(answer, turn.id, find)
    return replace(turn, text=answer.text, answer=answer, body=body, sources=sources)


def conversation_html(turns: Sequence[Turn]) -> str:
    """The conversation, oldest first; without a turn the example questions."""
    if turns:
        return "".join(_turn(turn) for turn in turns)
    examples = "".join(
        f'<li><button type="button" class="cc-example" lang="{lang}" data-question="{escape(question)}">'
        f'<span class="cc-lang">{escape(texts.language_name(lang))}</span><span>{escape(question)}</span>'
        "</button></li>"
        for lang, question in texts.EXAMPLE_QUESTIONS
    )
    return f'<div class="cc-welcome"><h2>{escape(texts.EXAMPLES)}</h2><ul>{examples}</ul></div>'


def panel_html(turns: Sequence[Turn], articles: Sequence[Article]) -> str:
    """The source panel: the latest answer's sources, older ones hidden; before any answer, the collection."""
    shown = [turn for turn in turns if turn.sources]
    if not shown:
        return collection_html(articles)
    sections = []
    for turn in shown:
        hidden = "" if turn is shown[-1] else " hidden"
        sections.append(f'<section class="cc-sources" data-turn="{turn.id}"{hidden}>{turn.sources}</section>')
    return "".join(sections)


def _turn(turn: Turn) -> str:
    """A question as a headline with what has been answered below it."""
    answer, stamp = turn.answer, ""
    if answer:
        state, lang = ("found" if answer.found else "refusal"), f' lang="{escape(answer.lang)}"'
        body, stamp = turn.body, _stamp(answer, turn.id)
    else:
        state, lang, body = ("stopped" if turn.stopped else "writing"), "", partial_html(turn.text)
        if turn.stopped:
            stamp = f'<p class="cc-stamp">{escape(texts.STOPPED if turn.text else texts.STOPPED_EMPTY)}</p>'
        elif not turn.text:
            stamp = f'<p class="cc-stamp cc-waiting">{escape(texts.ANSWERING)}</p>'
    kicker = f'<p class="cc-kicker">{escape(texts.REFUSAL)}</p>' if state == "refusal" else ""
    size = " cc-long" if len(turn.question) > HEADLINE else ""
    reach = ' tabindex="0"' if size else ""  # a long one scrolls, so the keyboard must get there
    busy = ' aria-busy="true"' if state == "writing" else ""
    return (
        f'<article class="cc-turn" data-turn="{turn.id}" data-state="{state}"{busy}>'
        f'<h2 class="cc-question{size}"{reach} dir="auto"{lang}>{escape(turn.question)}</h2>{kicker}'
        f'<div class="cc-answer" dir="auto"{lang}>{body}</div>{stamp}</article>'
    )


def _stamp(answer: Answer, turn: int) -> str:
    """The line under an answer: its sources (a button that shows them), their languages, the time it took."""
    if answer.found:
        words = count(len(answer.citations), texts.SOURCES_ONE, texts.SOURCES_MANY)
    else:
        words = texts.NEAREST_SHOW
    parts = []
    if answer.citations or answer.hits:
        parts.append(f'<button type="button" class="cc-show" data-turn="{turn}">{escape(words)}</button>')
    parts += [language_badge(lang) for lang in dict.fromkeys(c.lang for c in answer.citations)]
    parts.append(f"<span>{escape(texts.SECONDS.format(seconds=answer.seconds))}</span>")
    return f'<p class="cc-stamp">{" ".join(parts)}</p>'
