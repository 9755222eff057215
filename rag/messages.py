"""What the answer says in its own words, in the language and script of the asker."""

from __future__ import annotations

from index.languages import name_in
from index.types import Article

LANGUAGES = ("en", "de", "zh-Hans", "zh-Hant")

_QUOTES = {"en": "“{}”", "de": "„{}“", "zh-Hans": "“{}”", "zh-Hant": "「{}」"}
_TITLES = {"en": "“{}”", "de": "„{}“", "zh-Hans": "《{}》", "zh-Hant": "《{}》"}
_SAYS = {
    "en": "{title} ({facts}) says: {quote}",
    "de": "{title} ({facts}) schreibt: {quote}",
    "zh-Hans": "{title}（{facts}）写道：{quote}",
    "zh-Hant": "{title}（{facts}）寫道：{quote}",
}
_OTHERWISE = {
    "en": "Another article gives a different figure, {}:",
    "de": "Ein anderer Artikel nennt eine andere Zahl, {}:",
    "zh-Hans": "另一篇文章给出的数字不同，是{}：",
    "zh-Hant": "另一篇文章給出的數字不同，是{}：",
}
_GLOSS = {"en": " ({} = {})", "de": " ({} = {})", "zh-Hans": "（{} = {}）", "zh-Hant": "（{} = {}）"}
_REFUSALS = {
    "nothing_retrieved": {
        "en": "I found nothing in the articles for this question.",
        "de": "Zu dieser Frage habe ich in den Artikeln nichts gefunden.",
        "zh-Hans": "在这些文章中没有找到与该问题有关的内容。",
        "zh-Hant": "在這些文章中沒有找到與該問題有關的內容。",
    },
    "not_supported": {
        "en": "The articles touch on this topic, but they do not say what you ask. The nearest passages are listed "
              "as sources.",
        "de": "Die Artikel streifen das Thema, beantworten diese Frage aber nicht. Die nächstliegenden Textstellen "
              "stehen bei den Quellen.",
        "zh-Hans": "这些文章涉及该主题，但没有给出该问题的答案。最接近的段落列在来源中。",
        "zh-Hant": "這些文章涉及該主題，但沒有給出該問題的答案。最接近的段落列在來源中。",
    },
    "out_of_scope": {
        "en": "The articles do not cover this topic.",
        "de": "Dieses Thema kommt in den Artikeln nicht vor.",
        "zh-Hans": "这些文章没有涉及该主题。",
        "zh-Hant": "這些文章沒有涉及該主題。",
    },
}
_READ = {
    "en": "Questions are understood in English, German and Chinese; in another language only the articles' own words are found.",
    "de": "Verstanden werden Fragen auf Deutsch, Englisch und Chinesisch; in anderen Sprachen werden nur die Wörter der "
          "Artikel selbst gefunden.",
    "zh-Hans": "目前能理解中文、英文和德文的问题；其他语言只能按文章中的原词查找。",
    "zh-Hant": "目前能理解中文、英文和德文的問題；其他語言只能按文章中的原詞查找。",
}
_NOTES = {
    "other_language": {
        "en": "The language model did not answer in {}, although asked twice.",
        "de": "Das Sprachmodell hat trotz Nachfrage nicht auf {} geantwortet.",
        "zh-Hans": "语言模型经再次要求仍未用{}回答。",
        "zh-Hant": "語言模型經再次要求仍未用{}回答。",
    },
    "broke_off": {
        "en": "The language model broke off; what stands here was checked, more may be missing.",
        "de": "Das Sprachmodell hat abgebrochen; was hier steht, ist geprüft, es kann aber etwas fehlen.",
        "zh-Hans": "语言模型中途停止；以上内容已经核对，但可能不完整。",
        "zh-Hant": "語言模型中途停止；以上內容已經核對，但可能不完整。",
    },
}
_MONTHS = {
    "en": "January February March April May June July August September October November December".split(),
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split(),
}


def written_language(lang: str) -> str:
    """The one of `LANGUAGES` in which an asker of `lang` is answered: their own, or English."""
    if lang in LANGUAGES:
        return lang
    if lang.startswith("zh"):
        return "zh-Hant" if any(part in lang for part in ("TW", "HK", "MO")) else "zh-Hans"
    return "de" if lang.startswith("de-") else "en"


def refusal(reason: str, lang: str, asked_in: str = "und") -> str:
    """The refusal for `reason`, in `lang`; a question in a language we do not read (`asked_in`) is told so."""
    text = _REFUSALS[reason][written_language(lang)]
    read = asked_in == "und" or asked_in.split("-")[0] in ("en", "de", "zh")
    return text if read else f"{text} {_READ[written_language(lang)]}"


def note(kind: str, lang: str) -> str:
    """A remark on a whole answer, in `lang`: `other_language` or `broke_off`."""
    lang = written_language(lang)
    return _NOTES[kind][lang].format(name_in(lang, lang))


def quotation(article: Article, quote: str, lang: str, gloss: tuple[str, str] | None = None) -> str:
    """A sentence in `lang` that names the article and quotes it; `gloss` is a figure of the quote and what it is in
    `lang`."""
    lang = written_language(lang)
    says = _SAYS[lang].format(
        title=_TITLES[lang].format(article.title),
        facts=_comma(lang).join(_facts(article, lang)),
        quote=_QUOTES[lang].format(quote),
    )
    return says + (_GLOSS[lang].format(*gloss) if gloss else "")


def led(lead: str, article: Article, quote: str, lang: str) -> str:
    """A quotation in `lang` behind the sentence that leads to it, its source in brackets."""
    lang = written_language(lang)
    source = _comma(lang).join([_TITLES[lang].format(article.title), *_facts(article, lang)])
    chinese = lang.startswith("zh")
    return lead + ("" if chinese else " ") + _QUOTES[lang].format(quote) + (f"（{source}）" if chinese else f" ({source})")


def otherwise(figure: str, lang: str) -> str:
    """What leads to the quotation of an article that gives another figure for the same thing, in `lang`."""
    return _OTHERWISE[written_language(lang)].format(figure)


def _facts(article: Article, lang: str) -> list[str]:
    facts = [name_in(article.lang, lang)]
    facts += [article.publisher] if article.publisher else []
    return facts + ([date(article.date, lang)] if article.date else [])


def _comma(lang: str) -> str:
    return "，" if lang.startswith("zh") else ", "


def date(iso: str, lang: str) -> str:
    """`2025-02-14`, or a month such as `2025-02`, as `lang` writes it; anything else unchanged."""
    parts = iso.split("-")
    if len(parts) not in (2, 3) or not all(p.isdigit() for p in parts) or not 1 <= int(parts[1]) <= 12:
        return iso
    year, month = int(parts[0]), int(parts[1])
    day = int(parts[2]) if len(parts) == 3 else None
    if lang.startswith("zh"):
        return f"{year}年{month}月" + (f"{day}日" if day else "")
    name = _MONTHS[lang][month - 1]
    if day is None:
        return f"{name} {year}"
    return f"{day}. {name} {year}" if lang == "de" else f"{name} {day}, {year}"
