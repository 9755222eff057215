"""Which language and script a text is in, as BCP 47 tags, and Chinese script folding."""

from __future__ import annotations

import contextlib
import re
from functools import cache

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_KANA = re.compile(r"[\u3041-\u30ff]")
_HANGUL = re.compile(r"[\u1100-\u11ff\uac00-\ud7af]")
_LATIN_WORD = re.compile(r"[^\W\d_]+")
_OTHER_SCRIPT = re.compile(r"[^\W\d_\u0000-\u024f\u1e00-\u1eff\u2c60-\u2c7f\ua720-\ua7ff]")

# Closed-class words: frequent, and of one of the two languages only ("die", "in", "was", "war", "hat" are in both).
_FUNCTION_WORDS = {
    "de": frozenset(
        "der das den dem des ein eine einen einem einer eines und oder nicht ist sind wird werden wurde wurden hatte "
        "haben habe sich mit von vom zu zum zur im am auf aus bei für über unter nach seit bis durch gegen ohne um wie "
        "wer wo wann warum wieso weshalb welche welcher welches welchen welchem wieviel viele viel wessen wofür "
        "womit woher wohin auch noch nur schon sehr als dass daß sie er es ich wir ihr kann können soll sollen muss "
        "gibt es beim ins diese dieser dieses sein seine ihre kein keine mehr nennt heißt".split()
    ),
    "en": frozenset(
        "the a an and or not is are were will would has have had been be being with of to from on at by for about "
        "under after since until through against without how who whom whose where when why which what many much "
        "also still only already very that this these those it its they he she we you i can could should must does "
        "do did there their his her than more most into over as".split()
    ),
}

# Words that say nothing about a passage's topic; question words among them.
STOP_WORDS = (
    _FUNCTION_WORDS["de"] | _FUNCTION_WORDS["en"] | frozenset(
        "die in an war was will hat man laut etwa rund groß hoch gab sowie genau dort dabei dazu damit "
        "me my tell please give some any such am so if out up if no each per according name "
        "的 了 在 是 和 与 有 多少 什么 哪些 哪个 哪 几 吗 呢 为 被 将 到 年 中 对 以 及 等 个 多 大 谁 怎么 如何 何时 为何 为什么 "
        "做 好 才 让 去 来 能 会 要 想 可以 应该 可 最 更 很 吧 啊 得 里 上 下 于 被 把 我 你 他 她 它 我们 他们 需要 多大 几个 几家 哪里 哪年 请问 请 是否 达到 达 这 那 其 由 从 向 并 也 都 还 就 而 或 之".split()
    )
)

_COMMON = frozenset("es fr it nl pl pt tr".split())  # languages whose keywords are believed in short texts

NAMES = {
    "en": {"en": "English", "de": "German", "zh-Hans": "Simplified Chinese", "zh-Hant": "Traditional Chinese"},
    "de": {"en": "Englisch", "de": "Deutsch", "zh-Hans": "vereinfachtes Chinesisch",
           "zh-Hant": "traditionelles Chinesisch"},
    "zh-Hans": {"en": "英文", "de": "德文", "zh-Hans": "简体中文", "zh-Hant": "繁体中文"},
    "zh-Hant": {"en": "英文", "de": "德文", "zh-Hans": "簡體中文", "zh-Hant": "繁體中文"},
}

# Languages that articles may be in though nothing is written in them here: names in the four that are spoken.
_OTHERS = {
    tag: dict(zip(NAMES, names.split(), strict=True))
    for tag, names in {
        "ar": "Arabic Arabisch 阿拉伯文 阿拉伯文", "el": "Greek Griechisch 希腊文 希臘文", "es": "Spanish Spanisch 西班牙文 西班牙文",
        "fa": "Persian Persisch 波斯文 波斯文", "fr": "French Französisch 法文 法文", "he": "Hebrew Hebräisch 希伯来文 希伯來文",
        "hi": "Hindi Hindi 印地文 印地文", "id": "Indonesian Indonesisch 印尼文 印尼文", "it": "Italian Italienisch 意大利文 義大利文",
        "ja": "Japanese Japanisch 日文 日文", "km": "Khmer Khmer 高棉文 高棉文", "ko": "Korean Koreanisch 韩文 韓文",
        "lo": "Lao Laotisch 老挝文 寮文", "my": "Burmese Birmanisch 缅甸文 緬甸文", "nl": "Dutch Niederländisch 荷兰文 荷蘭文",
        "pl": "Polish Polnisch 波兰文 波蘭文", "pt": "Portuguese Portugiesisch 葡萄牙文 葡萄牙文", "ru": "Russian Russisch 俄文 俄文",
        "th": "Thai Thailändisch 泰文 泰文", "tr": "Turkish Türkisch 土耳其文 土耳其文", "uk": "Ukrainian Ukrainisch 乌克兰文 烏克蘭文",
        "vi": "Vietnamese Vietnamesisch 越南文 越南文",
    }.items()
}
_RIGHT_TO_LEFT = frozenset("ar arc ckb dv fa he ps sd ug ur yi".split())


def detect(text: str) -> str:
    """The BCP 47 tag of `text`: `zh-Hans`, `zh-Hant`, `de`, `en`, another language's tag, or `und` if it has no letters.

    Script decides first (a text with Han and no kana is Chinese when a third of its words are Han characters, so that
    a Chinese question with Latin names stays Chinese); among Latin-script texts German and English are told apart by
    their function words where these are decisive, and everything else goes to py3langid.
    """
    han = len(_HAN.findall(text))
    words = _LATIN_WORD.findall(_HAN.sub(" ", text))
    if not han and not words:
        return "und"
    if len(_KANA.findall(text)) * 4 > han and _KANA.search(text):
        return "ja"
    if _HANGUL.search(text) and len(_HANGUL.findall(text)) > han:
        return "ko"
    if han and han * 2 >= len(words):
        return chinese_script(text)
    if not _OTHER_SCRIPT.search(_HAN.sub("", text)):
        lowered = [w.casefold() for w in words]
        de = sum(w in _FUNCTION_WORDS["de"] for w in lowered) + any(c in text for c in "äöüßÄÖÜ")
        en = sum(w in _FUNCTION_WORDS["en"] for w in lowered)
        de += lowered[0] == "was" and not en  # "Was plant ...?" asks in German; "Was the ...?" brings an English word
        en += lowered[0] in ("was", "is", "are", "does") and en > 0
        if max(de, en) == 1 and not min(de, en) and len(words) <= 4:
            return "de" if de else "en"
        if max(de, en) >= 2 and max(de, en) >= 2 * min(de, en) + 1 and max(de, en) * 4 >= len(words):
            return "de" if de > en else "en"
    return _classify(text)


def _classify(text: str) -> str:
    from py3langid import rank

    ranking = dict(rank(text.encode("utf-8", "replace").decode("utf-8")))  # it cannot carry a lone surrogate
    best = max(ranking, key=ranking.get)
    # Bare keywords and names carry no evidence: without a clear winner, English is the neutral reading, and a few words
    # more of a language that few write are still rather English or German ones.
    words = len(_LATIN_WORD.findall(text))
    if best not in ("de", "en") and words <= (3 if best in _COMMON else 6) and not _OTHER_SCRIPT.search(text):
        return "de" if ranking["de"] > ranking["en"] else "en"
    return chinese_script(text) if best == "zh" else best


def chinese_script(text: str) -> str:
    """`zh-Hant` if `text` has more characters that only traditional script writes, else `zh-Hans`."""
    traditional = sum(a != b for a, b in zip(text, _converted("t2s", text), strict=True))
    if not traditional:
        return "zh-Hans"
    simplified = sum(a != b for a, b in zip(text, _converted("s2t", text), strict=True))
    return "zh-Hant" if traditional > simplified else "zh-Hans"


def to_simplified(text: str) -> str:
    """`text` with traditional characters as simplified ones; always the same length."""
    return _converted("t2s", text)


def to_traditional(text: str) -> str:
    """`text` with simplified characters as traditional ones, by phrase where OpenCC knows one; always the same length."""
    return _converted("s2t", text)


def same_language(tag: str, wanted: str) -> bool:
    """True if `tag` is `wanted` or a narrower form of it: `zh-Hans` is `zh`, `de-AT` is `de`."""
    tag, wanted = tag.casefold(), wanted.casefold()
    return tag == wanted or tag.startswith(wanted + "-")


def name_in(tag: str, lang: str) -> str:
    """The name of language `tag` in language `lang` (English where we have no words), or the tag itself."""
    others = _OTHERS.get(tag.split("-")[0], {})
    return NAMES.get(lang, NAMES["en"]).get(tag) or others.get(lang) or others.get("en", tag)


def direction(tag: str) -> str:
    """The way a text in language `tag` runs, as HTML says it: `rtl`, `ltr`, or `auto` where the language is not known."""
    if tag in ("", "und"):
        return "auto"
    return "rtl" if tag.split("-")[0].casefold() in _RIGHT_TO_LEFT else "ltr"


def _converted(config: str, text: str) -> str:
    if not _HAN.search(text):
        return text
    with contextlib.suppress(UnicodeEncodeError):
        out = _opencc(config).convert(text)
        if len(out) == len(text):
            return out
    # A phrase changed length, or the converter cannot carry a character (a lone surrogate): one at a time.
    return "".join(_one(config, c) for c in text)


@cache
def _one(config: str, char: str) -> str:
    if not _HAN.match(char):
        return char
    out = _opencc(config).convert(char)
    return out if len(out) == 1 else char


@cache
def _opencc(config: str):
    from opencc import OpenCC

    return OpenCC(config)
