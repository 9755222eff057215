"""A question that leans on the one before it ("Und in Shanghai?", 它的目标是什么？) made whole, by rule.

What is exchanged is of one kind: a place for a place, a year for a year. Where the rule can only add the topic of the
question before, or has to choose among several places, it says so, and a language model may be asked instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from index.languages import STOP_WORDS, detect, to_simplified, to_traditional
from index.quantities import find
from index.types import Span
from rag.expected import wanted
from rag.places import is_place, named_in
from rag.slots import LETTER, Kind, Slot, after_preposition, slots

_OPENER = re.compile(
    r"^(?:那么?|还有|以及|而|那?换成)(?![个些里儿时样家座项位款次边])[,，、\s]*|"
    r"^(?:(?:und|oder|aber|and|or|but)\b[\s,]*)?"
    r"(?:(?:was ist mit|wie (?:sieht|steht|ist|war) (?:es|das)(?: (?:mit|um|bei|für))?|what about|how about|what of|then|dann)\b\s*)?",
    re.IGNORECASE,
)
_CLOSER = re.compile(
    r"(?:[\s,]*\b(?:auch|denn|dann|too|then|as well|instead|aus|though)\b)?(?:又如何|又怎么?样|怎么?样|如何|情况)?呢?[\s?？!！.。,，]*$",
    re.IGNORECASE,
)
_ASKING = (
    "wer|wen|wem|wessen|was|welche[rsnm]?|wann|wo|woher|wohin|warum|wieso|weshalb|wie|wieviel|womit|wofür|worin|wodurch|"
    "who|whom|whose|what|which|when|where|why|how"
)
_ASKS = {
    # In lower case but for the first word: Wen is a name, wen a question.
    "latin": re.compile(
        rf"(?<!\S)(?:{_ASKING})\b|^(?i:{_ASKING})\b|"
        r"^(?i:nenne?|liste|zeige?|erkläre?|beschreibe?|sage?|erzähle?|vergleiche?|tell|list|name|show|describe|explain|give|"
        r"summari[sz]e|compare|ist|sind|war|waren|hat|haben|hatte|wird|werden|wurde|kann|können|gibt|gab|will|soll|darf|"
        r"is|are|was|were|has|have|had|does|do|did|can|could|should|would)\b"
    ),
    "han": re.compile(r"多少|几[个家年月日天项条座种倍]|什么|哪|谁|何时|何处|为何|为什么|怎么|怎样|如何|是否|有没有|吗[?？]?$|多[大长高快久]|^请|^(?:列出|说明|介绍|比较)"),
}
_NOT_PRONOUNS = re.compile(
    r"\b(?:gibt|gab|geht|ging|handelt|heißt) es\b|\bes (?:gibt|gab|geht|heißt)\b|\bdiese[rsnm]? (?:jahr|woche|monat|tag)\w*|"
    r"\b(?:is|was) it (?:true|possible|known|clear|right)\b|(?:does|did|will|would) it take\b|\bthis (?:year|month|week|decade)\b|"
    r"其[他它余实]|这(?:几年|一?年|个月|一?天)|那么",
    re.IGNORECASE,
)
_PERSON = re.compile(r"\b(?:he|she|him|er|sie|ihn|ihm)\b|他(?!们)|她(?!们)")
_HERE = re.compile(r"\b(?:over )?there\b(?=\s*[?.!]|$)|\b(?:dort|da)\b(?=\s*[?.!]|$|\s+\w)|那里|那儿|那边|(?:in|aus) (?:dieser|der) Stadt\b|\bin (?:that|this) city\b|[该这那]座?(?:城市|市)")
_THING = re.compile(
    r"\b(?:it|its|his|her|hers|they|them|their|theirs|these|those|sein(?=\s+[\wÄÖÜ]+\s)|seine[nmrs]?|ihre?[nmrs]?|es|deren|dessen|denen|"
    r"davon|dafür|dazu|daran|darin|darüber|daraus|dagegen|damit|diese[rsnm]?|jene[rsnm]?|dies)\b|"
    r"\b(?:that|this)\b(?=\s*(?:[?.!,]|$|happen|mean|work|include|cost|plan|goal|figure|number))|"
    r"\bdas\b(?!(?:\s+[\wäöüß-]+){0,2}\s+[A-ZÄÖÜ])|"
    r"(?<![其])[它他她](?:们|的)?|其中|其(?![他它余实中])|[这那](?:[个些家座项位款次句话]|是)|这(?=[一-鿿]{0,4}[?？]?$)|此[项举事]|该(?:公司|企业|计划|项目|地区|国|区|机构|产业|方案|行业)",
)
_HAN_QUESTION_WORDS = re.compile(
    r"(?:是|有|达到?|为|在|到|共|于|将|要)*(?:多少|几(?=[个家年月日天项条座种倍])|什么(?:时候|地方)?|哪[些个年里家]?|谁(?:说|讲|提出?|宣布|公布)?|何时|何处|怎么样?|怎样|如何|多[大长高快久])"
    r"[家个亿元万年月日项条座种倍]*(?:的(?=$|[?？]))?|请问|是否|有没有|为何|为什么|[吗呢了]|[?？。！!,，]"
)
_HAN = re.compile(r"[\u3400-\u9fff]")
_ANTECEDENT = 3  # words of content before a pronoun that hold what it stands for
_HAN_PER_WORD = 1.3  # characters of Chinese that say as much as a word
_CAPITALS = re.compile(r"[A-Z][\w.-]*(?: [A-Z][\w.-]*)*")
_SHORT_HAN = re.compile(r"[\u3400-\u9fff]{2,4}")
_LATIN_TOKEN = re.compile(r"[\w][\w'’.-]*")
_HOWS = frozenset("many much large big high long far old fast viel viele gross groß hoch lang weit stark schnell alt did said".split())


@dataclass(frozen=True, slots=True)
class Whole:
    """A question as it is searched. `carried` is True if something came from an earlier one; `certain` is False where
    the rule could not tell which part was meant."""

    query: str
    carried: bool = False
    certain: bool = True


def complete(question: str, history: Sequence[str]) -> Whole:
    """`question` with what it leaves out taken from the last of `history` (oldest first); itself if it is whole."""
    if not history or question.rstrip().endswith((")", "）")):  # a topic has been added to it already
        return Whole(question)
    before = history[-1]
    core = _core(question)
    elliptic = core != _core(question, opener=False) or "呢" in question[-3:]
    rest = core or question
    asks = _asks(rest)
    own = slots(rest)
    if elliptic and not own and detect(question) == "en" and _CAPITALS.fullmatch(rest):
        own = [Slot("name", Span(0, len(rest)))]
    content = _content(rest, own)
    pronoun = _pronoun(rest)
    if not asks and own and not content and (elliptic or len(own) == 1):
        return _exchange(before, rest, own)
    if asks and pronoun is not None:
        if not any(s.kind in ("place", "name") for s in own):
            return _resolve(question, rest, pronoun, before)
        if not content:
            return _exchange(before, rest, own)
    if asks and not content and (not own or wanted(question) not in ("person", "definition", "other")):
        if own and wanted(question) == wanted(before):
            return _exchange(before, rest, own)
        return _with_topic(question, before, own)
    if elliptic and not asks and content:
        only = _topic(before, ())
        if _SHORT_HAN.fullmatch(only) and _SHORT_HAN.fullmatch(rest):  # one person for another
            return Whole(before.replace(only, rest), True)
        return Whole(_joined(rest, [_topic(before, own)]), True, False)
    return Whole(question)


def _core(question: str, opener: bool = True) -> str:
    """The question without "Und", "What about", 那 before it and "auch", 呢 and its marks behind it."""
    text = question.strip()
    if opener:
        m = _OPENER.match(to_simplified(text))
        text = text[m.end() :] if m else text
    m = _CLOSER.search(to_simplified(text))
    return text[: m.start()].strip() if m else text


def _asks(text: str) -> bool:
    return any(p.search(to_simplified(text)) for p in _ASKS.values())


def _pronoun(text: str) -> re.Match[str] | None:
    """The first word that stands for something said in an earlier question; one behind several words of content stands
    for one of these ("Which cities grew because they began early?")."""
    # Same length, so that the match is good for `text`.
    plain = _NOT_PRONOUNS.sub(lambda m: "·" * len(m.group()), to_simplified(text))
    found = [m for p in (_HERE, _PERSON, _THING) if (m := p.search(plain))]
    first = min(found, key=lambda m: m.start(), default=None)
    if first is None or _HERE.fullmatch(first.group()):
        return first
    given = _content(text[: first.start()], ())
    said = sum(len(word) / _HAN_PER_WORD if _HAN.match(word) else 1 for word in given)
    return first if said < _ANTECEDENT else None


def _content(text: str, own: Sequence[Slot]) -> list[str]:
    """The words that name a topic, apart from the slots."""
    rest = _without(text, [s.span for s in own])
    words = [w for w in _LATIN_TOKEN.findall(_HAN.sub(" ", rest)) if w.casefold() not in STOP_WORDS | _HOWS and len(w) > 1]
    han = _HAN_QUESTION_WORDS.sub(" ", to_simplified(rest))
    return words + [w for w in re.findall(r"[\u3400-\u9fff]+", re.sub(r"[在到于的和与是有那年]", " ", han)) if w]


def _exchange(before: str, rest: str, own: Sequence[Slot]) -> Whole:
    """`before` with each of its slots that has a counterpart in `rest` exchanged, the others of `rest` added."""
    query, certain, added = before, True, []
    for kind in dict.fromkeys(s.kind for s in own):
        same = [s.span for s in own if s.kind == kind]
        new = rest[same[0].start : same[-1].end]
        old = [s.span.of(query) for s in slots(query) if s.kind == kind] or _likely(query, kind)
        if kind == "place" and len(same) == 1:
            new = named_in(new, detect(query))
        if new in old:
            continue
        if not old:
            added.append(new)
            continue
        certain = certain and len(set(old)) == 1
        whole_word = rf"(?<![{LETTER}]){re.escape(old[-1])}(?=(?:['’]?s)?(?![{LETTER}\d]))"
        query = re.sub(whole_word, lambda _, new=new: new, query)
    return Whole(_joined(query, added) if added else query, True, certain and not added)


def _likely(query: str, kind: Kind) -> list[str]:
    """What a slot of `kind` may stand for where nothing of its kind is there."""
    if kind in ("place", "name"):
        return [s.span.of(query) for s in slots(query) if s.kind in ("place", "name")] or after_preposition(query)
    return [s.span.of(query) for s in slots(query) if s.kind in ("year", "date")]


def _resolve(question: str, rest: str, pronoun: re.Match[str], before: str) -> Whole:
    named = [s.span.of(before) for s in slots(before) if s.kind in ("place", "name")]
    places = [n for n in named if is_place(n)]
    plain = to_simplified(question)
    at = plain.find(pronoun.group(), plain.find(to_simplified(rest)[: pronoun.start() + len(pronoun.group())]) + pronoun.start())
    if at >= 0 and _HERE.fullmatch(pronoun.group()) and len(set(places)) == 1:
        return Whole(_put(question, at, len(pronoun.group()), named_in(places[0], detect(question)), here=True), True)
    topic = _topic(before, ())
    if at >= 0 and (topic in named or _SHORT_HAN.fullmatch(topic)):
        return Whole(_put(question, at, len(pronoun.group()), topic, here=False), True)
    return _with_topic(question, before, ())


def _put(question: str, at: int, length: int, name: str, here: bool) -> str:
    """`name` in the place of a pronoun, with the case ending or preposition that it needs."""
    word, lang = question[at : at + length], detect(question)
    if lang.startswith("zh"):
        new = name + ("的" if word.endswith("的") or to_simplified(word) == "其" else "")
    elif here:
        new = f"in {name}"
    elif word.casefold() in ("its", "his", "her", "hers", "their", "theirs"):
        new = f"{name}'s"
    elif re.fullmatch(r"(?i)(?:sein|ihr)\w*|deren|dessen", word) and word.casefold() != "ihr":
        new = name + ("" if name[-1] in "sßxz" else "s")
    else:
        new = name
    return question[:at] + new + question[at + length :]


def _with_topic(question: str, before: str, own: Sequence[Slot]) -> Whole:
    topic = _topic(before, own)
    if not topic:
        return Whole(question)
    return Whole(_joined(question, [topic]), True, False)


def _topic(before: str, exchanged: Sequence[Slot]) -> str:
    """What a question is about: its words without those that ask, and without slots of a kind in `exchanged`."""
    kinds = {s.kind for s in exchanged}
    kinds |= {"place", "name"} if kinds & {"place", "name"} else set()
    text = _without(before, [s.span for s in slots(before) if s.kind in kinds])
    if _HAN.search(text) and detect(before).startswith("zh"):
        plain = to_simplified(text)
        kept, at = [], 0
        for m in _HAN_QUESTION_WORDS.finditer(plain):
            kept.append(text[at : m.start()])
            at = m.end()
        return "".join([*kept, text[at:]]).replace("（", "").replace("）", "").strip(" 的")
    phrases: list[str] = [""]
    for m in re.finditer(r"[\w][\w'’.%-]*|[^\w\s]", text):
        if m.group().casefold() in STOP_WORDS | _HOWS or not m.group()[0].isalnum():
            phrases.append("")
        else:
            phrases[-1] += " " + m.group().rstrip(".")
    return ", ".join(p.strip() for p in phrases if p.strip())


def _joined(question: str, added: Sequence[str]) -> str:
    text = question.rstrip(" ?？.。!！")
    added = [a for a in added if a]
    if not added:
        return question
    if detect(question).startswith("zh"):
        return f"{text}？（{'，'.join(added)}）"
    return f"{text}? ({', '.join(added)})"


def _without(text: str, spans: Sequence[Span]) -> str:
    for span in sorted(spans, key=lambda s: -s.start):
        text = text[: span.start] + " " + text[span.end :]
    return text


def spoken(question: str, history: Sequence[str]) -> str:
    """The language a question is asked in; that of the question before where it is but a name or a year, and its script
    where Chinese is written with characters that both scripts share."""
    lang = detect(question)
    if not history:
        return lang
    before = detect(history[-1])
    if lang.startswith("zh"):
        shared = to_simplified(question) == question == to_traditional(question)
        return before if shared and before.startswith("zh") else lang
    own = [s.span for s in slots(question)]
    return before if own and not _LATIN_TOKEN.search(_without(question, own)) else lang


def plausible(written: str, question: str, history: Sequence[str]) -> bool:
    """True if a model's rewriting can be the question asked: one question of its length, with no figure, place or name
    that nobody named."""
    said = " ".join([*history, question])
    named = [s.span.of(written).casefold() for s in slots(written)]
    figures = {q.term for text in (*history, question) for q in find(text, detect(text))}
    return (
        len(written) <= 2 * len(said) + 80
        and all(n in said.casefold() for n in named)
        and {q.term for q in find(written, detect(written))} <= figures
    )
