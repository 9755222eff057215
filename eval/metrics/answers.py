"""The words of an answer against accepted ones: exact match, F1, character n-grams, figures, language and script."""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from index.languages import chinese_script, detect, to_simplified, to_traditional
from index.quantities import terms

Text = tuple[str, str]  # words and the language they are in
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_ARTICLES = {
    "en": re.compile(r"\b(?:a|an|the)\b"),
    "de": re.compile(r"\b(?:ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b"),
}
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
_CHRF_ORDER, _CHRF_BETA = 6, 2


def tokens(text: str, lang: str) -> list[str]:
    """The tokens of an answer, normalised as MLQA does (Lewis et al., 2020, `mlqa_evaluation_v1.py`).

    Lower case, no punctuation (Unicode's and ASCII's), no articles of `lang`, each Han character a token, the rest split
    at white space. Han characters are tokens in every language, so that a Chinese answer to a German question counts.
    """
    kept = "".join(c for c in text.lower() if c not in string.punctuation and unicodedata.category(c)[0] != "P")
    articles = _ARTICLES.get(lang.split("-")[0])
    if articles:
        kept = articles.sub(" ", kept)
    return _HAN.sub(lambda m: f" {m[0]} ", kept).split()


def exact_match(text: str, answers: Iterable[str], lang: str) -> float:
    """1.0 if `text` has the tokens of one of `answers` in their order, else 0.0."""
    said = tokens(text, lang)
    return float(any(said == tokens(answer, lang) for answer in answers))


def f1(text: str, answers: Iterable[str], lang: str) -> float:
    """The F1 of the tokens shared with the answer nearest to `text`; order does not count (SQuAD, MLQA)."""
    said = tokens(text, lang)
    return max((_f1(said, tokens(answer, lang)) for answer in answers), default=0.0)


def char_3gram_recall(text: str, answers: Iterable[str]) -> float:
    """The share of an answer's character 3-grams that `text` has, of the answer for which it is largest.

    As in BERGEN (Chirkova et al., 2024, section 3): lower case, ASCII punctuation and English articles left out, 3-grams inside
    words, a shorter word as a whole, counted as often as they occur.
    """
    said = Counter(_word_3grams(text))
    return max((_recall(said, Counter(_word_3grams(answer))) for answer in answers), default=0.0)


def chrf(text: str, answers: Iterable[str]) -> float:
    """chrF2 of `text` and the answer nearest to it, 0..1 (Popović, 2015): character n-grams up to 6, recall counted twice.

    White space is left out. Orders that either side is too short for do not count, as in sacrebleu's `chrF2`.
    """
    said = "".join(text.split())
    return max((_chrf(said, "".join(answer.split())) for answer in answers), default=0.0)


def quantity_right(said: Iterable[Text], gold: Iterable[Text], answers: Sequence[str]) -> float | None:
    """1.0 if a figure of the accepted answers is said by value, in whatever writing; 0.0 if none is.

    The figures asked for are those that both `answers` and the `gold` spans state; None if there is none. `said` are the
    answer and its quotations. Values are those of `index.quantities`: 2000亿元 and 200 Milliarden Yuan are one.
    """
    accepted = _values((answer, lang) for answer in answers for lang in ("de", "en", "zh"))
    wanted = accepted & _values(gold)
    return float(bool(wanted & _values(said))) if wanted else None


def in_language(text: str, lang: str, foreign: Iterable[str] = ()) -> bool:
    """True if an answer is written in `lang`, both Chinese scripts being Chinese.

    `foreign` are strings that stand in it in their own language: quotations, titles, publishers. Characters of another
    script left over (a name in its own writing) do not make it another language.
    """
    own = _own_words(text, foreign)
    if not _is_chinese(lang):
        own = _HAN.sub(" ", own)
    return detect(own).split("-")[0] == lang.split("-")[0]


def in_script(text: str, lang: str, foreign: Iterable[str] = ()) -> bool:
    """True if an answer is in the script of `lang`: Chinese in the characters of its script, others mostly not in Han.

    A Chinese text whose characters are the same in both scripts is right in both. `foreign` as in `in_language`.
    """
    own = _own_words(text, foreign)
    han = _HAN.findall(own)
    if not _is_chinese(lang):
        return 2 * len(han) <= sum(c.isalpha() for c in own)
    if lang == "zh" or not han:
        return bool(han)
    characters, convert = "".join(han), to_traditional if lang == "zh-Hant" else to_simplified
    return chinese_script(characters) == lang or convert(characters) == characters


def _is_chinese(lang: str) -> bool:
    return lang.split("-")[0] == "zh"


def _own_words(text: str, foreign: Iterable[str]) -> str:
    for words in sorted({f for f in foreign if f}, key=len, reverse=True):
        text = text.replace(words, " ")
    return re.sub(r"\[\d+\]", " ", text)


def _values(texts: Iterable[Text]) -> set[str]:
    return {term for text, lang in texts for term in terms(text, lang)}


def _f1(said: Sequence[str], wanted: Sequence[str]) -> float:
    shared = (Counter(said) & Counter(wanted)).total()
    return 2 * shared / (len(said) + len(wanted)) if shared else 0.0


def _word_3grams(text: str) -> list[str]:
    plain = _ARTICLES["en"].sub(" ", text.lower().translate(_NO_PUNCTUATION))
    return [word[i : i + 3] for word in plain.split() for i in range(max(1, len(word) - 2))]


def _recall(said: Counter[str], wanted: Counter[str]) -> float:
    return (said & wanted).total() / wanted.total() if wanted else 0.0


def _chrf(said: str, wanted: str) -> float:
    precisions, recalls = [], []
    for n in range(1, _CHRF_ORDER + 1):
        a, b = (Counter(t[i : i + n] for i in range(len(t) - n + 1)) for t in (said, wanted))
        if a and b:
            shared = (a & b).total()
            precisions.append(shared / a.total())
            recalls.append(shared / b.total())
    if not precisions:
        return 0.0
    p, r = sum(precisions) / len(precisions), sum(recalls) / len(recalls)
    factor = _CHRF_BETA**2
    return (1 + factor) * p * r / (factor * p + r) if p + r else 0.0

