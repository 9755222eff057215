"""A turn of a conversation as HTML, and the example questions that an index can answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from index.languages import detect
from index.types import Article
from rag.types import Answer
from ui.places import article_or_none, placed
from ui.records import answer_of, record_of
from ui.render import answer_html, escape, language_badge
from ui.sources import sources_html
from ui.texts import say
from ui.why import why_html

if TYPE_CHECKING:
    from rag.chatbot import Chatbot

HEADLINE = 160  # characters of a question that still make a headline
EXAMPLES = 4

# Asked of every index and shown where it answers them; each in another language.
KNOWN_QUESTIONS = (
    ("en", "How large was Shanghai’s AI industry in 2024?"),
    ("de", "Wie viele KI-Unternehmen gab es 2020 in Chengdu?"),
    ("zh-Hans", "武汉每万人拥有多少个5G基站？"),
    ("zh-Hant", "廣州在未來產業領域已有多少家企業？"),
)
# For any other collection: a question about an article, by its title.
ABOUT = {
    "en": "What does “{title}” report?",
    "de": "Was berichtet „{title}“?",
    "zh-Hans": "《{title}》讲了什么？",
    "zh-Hant": "《{title}》講了什麼？",
}


def turn_of(answer: Answer, turn: int, find: Callable[[str], Article], ui: str = "en") -> dict[str, Any]:
    """What the page needs of an answer: `record` to keep, `html` and `sources` to show."""
    return {
        "record": record_of(answer, find),
        "html": turn_html(answer, turn, find, ui),
        "sources": sources_html(answer, turn, find, ui),
    }


def kept_turn(record: Mapping[str, Any], turn: int, find: Callable[[str], Article], ui: str = "en") -> dict[str, Any]:
    """`html` and `sources` of an answer that a browser kept, its citations where they stand today.

    UserError if it is not an answer.
    """
    answer, states = placed(answer_of(record), find)

    def find_kept(article_id: str) -> Article:
        found = article_or_none(find, article_id)
        if found is not None:
            return found
        kept = next((c for c in record["citations"] if c["article_id"] == article_id), {})
        return Article(article_id, str(kept.get("lang", "")), str(kept.get("title") or article_id), "", ())

    return {
        "html": turn_html(answer, turn, find_kept, ui),
        "sources": sources_html(answer, turn, find, ui, states),
    }


def turn_html(answer: Answer, turn: int, find: Callable[[str], Article], ui: str = "en") -> str:
    """A question as a headline, its answer below it, what can be done with it, and why it is as it is."""
    state, lang = ("found" if answer.found else "refusal"), escape(answer.lang)
    kicker = "" if answer.found else f'<p class="cc-kicker">{escape(say(ui, "refusal"))}</p>'
    note = f'<p class="cc-answer-note" dir="auto" lang="{lang}">{escape(answer.note)}</p>' if answer.note else ""
    size = " cc-long" if len(answer.question) > HEADLINE else ""
    reach = ' tabindex="0"' if size else ""  # a long one scrolls, so the keyboard must get there
    return (
        f'<article class="cc-turn" data-turn="{turn}" data-state="{state}">'
        f'<h2 class="cc-question{size}"{reach} dir="auto" lang="{escape(detect(answer.question))}">'
        f"{escape(answer.question)}</h2>{kicker}"
        f'<div class="cc-answer" dir="auto" lang="{lang}">{answer_html(answer, turn, find, ui)}</div>{note}'
        f"{_stamp(answer, turn, ui)}{_actions(ui)}{why_html(answer, find, ui)}</article>"
    )


def _stamp(answer: Answer, turn: int, ui: str) -> str:
    """The line under an answer: its sources (a button that shows them), their languages, the time it took."""
    words = say(ui, "sources", n=len(answer.citations)) if answer.found else say(ui, "nearest_show")
    parts = []
    if answer.citations or answer.hits:
        parts.append(f'<button type="button" class="cc-show" data-turn="{turn}">{escape(words)}</button>')
    parts += [language_badge(lang) for lang in dict.fromkeys(c.lang for c in answer.citations)]
    parts.append(f"<span>{escape(say(ui, 'seconds', seconds=answer.seconds))}</span>")
    return f'<p class="cc-stamp">{" ".join(parts)}</p>'


def _actions(ui: str) -> str:
    buttons = "".join(
        f'<button type="button" class="cc-act" data-act="{act}">{escape(say(ui, act))}</button>'
        for act in ("copy", "retry", "edit")
    )
    votes = "".join(
        f'<button type="button" class="cc-act cc-vote" data-act="{act}" aria-pressed="false" '
        f'aria-label="{escape(say(ui, act))}" title="{escape(say(ui, act))}">{sign}</button>'
        for act, sign in (("good", "👍"), ("bad", "👎"))
    )
    return f'<div class="cc-acts">{buttons}<span class="cc-votes">{votes}</span></div>'


def examples(chatbot: Chatbot) -> tuple[tuple[str, str], ...]:
    """Questions that the index answers, as (language, question): first the known ones, then ones about its articles.

    Each is asked, and only what is answered is offered; the language of an article and of a question about it differ.
    """
    articles = chatbot.articles()
    wanted = [*KNOWN_QUESTIONS] if articles else []
    for number, (lang, words) in enumerate(ABOUT.items()):
        others = [a for a in articles if a.title and a.lang.split("-")[0] != lang.split("-")[0]]
        if others:
            wanted.append((lang, words.format(title=others[number % len(others)].title)))
    found: list[tuple[str, str]] = []
    for lang, question in wanted:
        if len(found) < EXAMPLES and lang not in {known for known, _ in found} and _answers(chatbot, question):
            found.append((lang, question))
    return tuple(found)


def _answers(chatbot: Chatbot, question: str) -> bool:
    *_, answer = chatbot.stream(question)
    return isinstance(answer, Answer) and answer.found


def examples_html(questions: Sequence[tuple[str, str]], ui: str = "en") -> str:
    """The example questions as buttons."""
    from ui.texts import language_name

    items = "".join(
        f'<li><button type="button" class="cc-example" lang="{escape(lang)}" data-question="{escape(question)}">'
        f'<span class="cc-lang">{escape(language_name(lang))}</span><span>{escape(question)}</span>'
        "</button></li>"
        for lang, question in questions
    )
    return f"<h2>{escape(say(ui, 'examples'))}</h2><ul>{items}</ul>" if items else ""
