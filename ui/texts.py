"""The page's words in four languages (`texts.toml`), the names of languages, dates, and what the terminal says."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

TITLE = "CrossCite"
SERVING = "CrossCite is at {url} (Ctrl+C stops it)"
STOPPED = "CrossCite has stopped"
PORT_TAKEN = "port {port} on {host} cannot be opened ({reason}). Type: crosscite chat --port {other}"
INTERFACES = ("en", "de", "zh-Hans", "zh-Hant")

LANGUAGES = {
    "ar": "العربية",
    "de": "Deutsch",
    "en": "English",
    "el": "Ελληνικά",
    "es": "Español",
    "fa": "فارسی",
    "fr": "Français",
    "he": "עברית",
    "hi": "हिन्दी",
    "id": "Bahasa Indonesia",
    "it": "Italiano",
    "ja": "日本語",
    "km": "ភាសាខ្មែរ",
    "ko": "한국어",
    "lo": "ລາວ",
    "my": "မြန်မာ",
    "nl": "Nederlands",
    "pl": "Polski",
    "pt": "Português",
    "ru": "Русский",
    "th": "ไทย",
    "tr": "Türkçe",
    "uk": "Українська",
    "vi": "Tiếng Việt",
    "zh": "中文",
    "zh-Hans": "简体中文",
    "zh-Hant": "繁體中文",
}
_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
}


@cache
def catalog(ui: str) -> dict[str, str]:
    """Every text of one interface language by key; ValueError if the page does not speak it."""
    if ui not in INTERFACES:
        raise ValueError(f"the page speaks {', '.join(INTERFACES)}, not {ui!r}")
    table = tomllib.loads(files("ui").joinpath("texts.toml").read_text(encoding="utf-8"))
    return {key: languages[ui] for key, languages in table.items()}


def say(ui: str, key: str, **values: object) -> str:
    """The text of `key`, filled in. With `n` = 1 its singular (`key.one`) if there is one."""
    words = catalog(ui)
    text = words.get(f"{key}.one", words[key]) if values.get("n") == 1 else words[key]
    return text.format(**values)


def language_name(tag: str) -> str:
    """The language's own name for itself; an unknown tag as it is."""
    return LANGUAGES.get(tag) or LANGUAGES.get(tag.split("-")[0]) or tag


def date_name(date: str, ui: str = "en") -> str:
    """`2025-02-14` as `14 February 2025`, `2025-02` as `February 2025`, in the interface's language; anything else
    as it is."""
    parts = date.split("-")
    if not all(part.isdecimal() for part in parts) or not 2 <= len(parts) <= 3:
        return date
    year, month, day = parts[0], int(parts[1]), int(parts[2]) if len(parts) == 3 else 0
    if not 1 <= month <= 12:
        return date
    if ui.startswith("zh"):
        return f"{year}年{month}月" + (f"{day}日" if day else "")
    point = ". " if ui == "de" else " "
    return (f"{day}{point}" if day else "") + f"{_MONTHS[ui].split()[month - 1]} {year}"
