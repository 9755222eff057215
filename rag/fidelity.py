"""Whether a sentence is in the language asked for, and Chinese in the script asked for."""

from __future__ import annotations

import re

from index.languages import detect, to_simplified, to_traditional
from index.normalise import fold

_QUOTED = re.compile("“[^”]*”|„[^“]*“|「[^」]*」|『[^』]*』|«[^»]*»|\"[^\"\n]*\"|《[^》]*》")
_LETTERS = 12  # a sentence with fewer letters outside quotations tells no language
_WORDS = 5  # and one with fewer words none of two that share the Latin script


def other_language(text: str, lang: str) -> str | None:
    """The language a sentence is written in if that is clearly not `lang`, else None. Quotations do not count, nor does
    the script of Chinese."""
    own = _QUOTED.sub(" ", text)
    if sum(c.isalpha() for c in own) < _LETTERS:
        return None
    found = detect(own)
    if found == "und" or found.split("-")[0] == lang.split("-")[0]:
        return None
    if _latin(found) and _latin(lang):
        # German and English are told by their function words, others by letters: that takes a longer sentence.
        enough = _WORDS if found in ("de", "en") else 2 * _WORDS
        return found if len(own.split()) >= enough else None
    return found


def in_script(text: str, lang: str, quotable: str = "") -> str:
    """Chinese `text` in the script of `lang`; what it quotes word for word from `quotable` (folded) stays as it is."""
    if lang not in ("zh-Hans", "zh-Hant"):
        return text
    parts, at = [], 0
    for m in _QUOTED.finditer(text):
        if len(m.group()) > 2 and fold(m.group()[1:-1]) in quotable:
            parts += [_converted(text[at : m.start()], lang), m.group()]
            at = m.end()
    return "".join(parts) + _converted(text[at:], lang)


def _converted(text: str, lang: str) -> str:
    if lang == "zh-Hans":
        return to_simplified(text)
    # By way of the simplified script: phrases of mixed script (干預 for 干预) would be taken character by character.
    return text if to_traditional(text) == text else to_traditional(to_simplified(text))


def _latin(lang: str) -> bool:
    return lang.split("-")[0] not in ("zh", "ja", "ko", "ru", "uk", "bg", "sr", "ar", "fa", "he", "hi", "th", "el", "ka", "hy")
