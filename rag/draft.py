"""A language model's draft, cut into sentences with their markers while it is being written."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass

from index.splitter import sentences
from index.types import Span

LONGEST_SENTENCE = 2000  # characters; what runs on without a stop is cut there
_OPEN, _CLOSE = r"\[［【〔〖⟦❲﹝", r"\]］】〕〗⟧❳﹞"
_NUMERAL = r"\d①-⑳⁰¹²³⁴-⁹₀-₉"
_BETWEEN = r"\s,，、;；\-‐-―−~～^*"
# Whatever a reader could take for a marker is taken out; only a plain list of numbers counts as one.
_MARKER = re.compile(
    rf"[ \t]*(?:[{_OPEN}][{_BETWEEN}]*(?:[{_NUMERAL}][{_BETWEEN}]*)+[{_CLOSE}]|【\d[^】\n]{{0,40}}】)"
)
_LISTED = re.compile(rf"\s*[{_OPEN}]\s*\d{{1,3}}(?:\s*[,，、;；]\s*\d{{1,3}})*\s*[{_CLOSE}]")
_UNFINISHED = re.compile(
    rf"[ \t]*!?[{_OPEN}](?:[^{_CLOSE}\n]{{0,60}}|[^\]\n]*\](?:\([^)\n]{{0,400}})?)$|[*_`#]{{1,3}}$"
)
_STOPPED = re.compile(r"[.!?…。！？；][\"'”’“»」』）)*_]*$")
_STOP = re.compile(r"[.!?…。！？；]+[\"'”’“»」』）)*_]*")
_MARKUP = re.compile(r"\*\*|__|^#{1,6}\s+|^>\s*")
_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\s]*(?:\s[^)]*)?\)")
_ROUND = str.maketrans("[]", "()")
_THINK, _THOUGHT = "<think>", "</think>"
_FENCE = "```"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence without its markers. `numbers` are those its markers name, as written, each once, in order; `before`
    is the white space that parts it from the sentence before."""

    text: str
    numbers: tuple[int, ...] = ()
    before: str = " "


class Draft:
    """Takes a draft piece by piece and gives its sentences as they become whole: the same ones however it is cut.

    A marker belongs to the sentence it stands in or follows on the same line. One in code, or before the first word
    of a line (as in a list of sources), names nothing. Reasoning in `<think>` is left out.
    """

    def __init__(self) -> None:
        self._pending = ""
        self._begun = False

    def feed(self, piece: str) -> list[Sentence]:
        """The sentences that are whole once `piece` has come: something visible follows them."""
        self._pending += "".join(c for c in piece if _readable(c))
        return self._take_all(final=False)

    def close(self) -> list[Sentence]:
        """The sentences that are left, now that nothing follows."""
        return self._take_all(final=True)

    def _take_all(self, final: bool) -> list[Sentence]:
        if not self._begun and not self._after_thought():
            return []
        out = []
        while taken := _take(self._pending, final):
            sentence, length = taken
            self._pending = self._pending[length:]
            if sentence.text:
                out.append(sentence)
        return out

    def _after_thought(self) -> bool:
        """True once the draft itself has begun; what was thought before it is dropped."""
        head = self._pending.lstrip()
        if head.startswith(_THINK):
            _, closed, rest = head.partition(_THOUGHT)
            if not closed:
                # Only what may be the beginning of the closing tag is worth keeping.
                self._pending = _THINK + head[len(_THINK) :][-len(_THOUGHT) :]
                return False
            self._pending = rest
        elif not head or _THINK.startswith(head):
            return False
        self._begun = True
        return True


def _take(pending: str, final: bool) -> tuple[Sentence, int] | None:
    """The first sentence of `pending` and the number of characters it took; None if it may still grow."""
    lead = len(pending) - len(pending.lstrip())
    if lead == len(pending):
        return None
    before = "\n" if "\n" in pending[:lead] else " "
    if pending.startswith(_FENCE, lead):
        end = pending.find(_FENCE, lead + len(_FENCE))
        if end < 0 and not final:
            return None
        end = len(pending) if end < 0 else end + len(_FENCE)
        return Sentence(" ".join(pending[lead:end].strip("`").split()), (), before), end
    if not final and _FENCE.startswith(pending[lead:]):
        return None
    if not final and (tail := _UNFINISHED.search(pending)):
        pending = pending[: tail.start()]
    bare = _Bare(pending)
    end = bare.sentence_end()
    if end is None:
        return None
    following = next((i for i in range(end, len(bare.text)) if not bare.text[i].isspace()), None)
    if following is None and not final and len(pending) < LONGEST_SENTENCE:
        return None
    line = bare.text.find("\n", end, following)
    numbers, cut = bare.markers(lead, end, len(bare.text) if following is None else following if line < 0 else line)
    return Sentence(_plain(bare.text[lead:end]), numbers, before), cut


class _Bare:
    """A text without its markers, which knows where they stood."""

    def __init__(self, text: str) -> None:
        parts: list[str] = []
        self._places: list[tuple[int, int, tuple[int, ...]]] = []  # where it was, its end in the source, its numbers
        self._shifts = [(0, 0)]  # from here on, the source is so many characters ahead
        at = length = 0
        for m in _MARKER.finditer(text):
            if text.count("`", text.rfind("\n", 0, m.start()) + 1, m.start()) % 2 or _LINK.match(text, m.start()):
                continue
            parts.append(text[at : m.start()])
            length += m.start() - at
            at = m.end()
            listed = _LISTED.fullmatch(m.group())
            self._places.append((length, at, tuple(map(int, re.findall(r"\d+", m.group()))) if listed else ()))
            self._shifts.append((length, at - length))
        self.text = "".join(parts) + text[at:]

    def sentence_end(self) -> int | None:
        """Where the first sentence ends, its stop included; None if there is no word."""
        # What is left of brackets is code or a link, not the reference marks that the splitter looks for.
        shape = self.text.translate(_ROUND)
        first = next(iter(sentences(shape, Span(0, len(shape)))), None)
        if first is None:
            return len(self.text) if self._places else None
        end = min(first.end, first.start + LONGEST_SENTENCE)
        for place, _, _ in self._places:
            if not first.start < place <= end:
                continue
            after = _STOP.match(self.text, place)
            if after:
                return after.end()
            if _STOPPED.search(self.text, first.start, place) and not self.text[place:].lstrip()[:1].islower():
                return place
        return end

    def markers(self, start: int, end: int, until: int) -> tuple[tuple[int, ...], int]:
        """The numbers of the markers behind `start` and up to `until`, and where the source goes on: behind `end` and
        the last of them."""
        numbers: list[int] = []
        cut = end + self._shifts[max(0, bisect_right(self._shifts, (end, -1)) - 1)][1]
        for place, source_end, named in self._places:
            if place <= until:
                cut = max(cut, source_end)
                numbers += named if place > start else ()
        return tuple(dict.fromkeys(numbers)), cut


def _plain(text: str) -> str:
    """A sentence without the marks of Markdown, a list's bullet and the addresses of links, on one line."""
    text = _LINK.sub(r"\1", _MARKUP.sub("", text.strip()))
    return " ".join(re.sub(r"^(?:[-–•·*]|\d{1,2}[.)])\s+", "", text).split())


def _readable(char: str) -> bool:
    """False for what no reader sees: control and format characters (zero width, direction), lone surrogates."""
    return char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn")
