"""Every word the page says in its own voice (English), the example questions, and the names of languages."""

from __future__ import annotations

TITLE = "CrossCite"
TAGLINE = "Ask in your language. Read the sources in theirs."

ASK = "Ask"
STOP = "Stop"
CLEAR = "New conversation"
QUESTION_LABEL = "Your question"
QUESTION_PLACEHOLDER = "Ask in German, English or Chinese …"
EXAMPLES = "Try one of these"

SOURCES_EMPTY = "The passages an answer rests on appear here, each in its own language."
COLLECTION_ONE = "One article in this collection"
COLLECTION_MANY = "{n} articles in this collection"
COLLECTION_NONE = "There is no article in the index yet."
COLLECTION_MORE = "and {n} more"

CONVERSATION_LABEL = "Conversation"
SOURCES_LABEL = "Sources"
ANSWERING = "Reading the articles …"
BUSY = "The last answer is still being written. Wait for it, or stop it."
STOPPED = "Not finished. This is what had been written."
STOPPED_EMPTY = "Stopped before a word was written."
SOURCES_ONE = "One source"
SOURCES_MANY = "{n} sources"
SECONDS = "{seconds:.2f} s"
MARKER_LABEL = "Source {marker}: {title} ({language}). Show the quotation."

REFUSAL = "Not in these articles"
NEAREST = "Closest passages"
NEAREST_NOTE = "None of them answers the question. They are the nearest the articles come."
NEAREST_SHOW = "Show the closest passages"

UNTITLED = "Untitled article"
ERROR = "The answer could not be written. The terminal that runs CrossCite says why. Please ask again."
SERVING = "CrossCite is at {url} (Ctrl+C stops it)"
PORT_TAKEN = "port {port} on {host} cannot be opened ({reason}). Type: crosscite chat --port {other}"

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October")
MONTHS += ("November", "December")

# Each crosses languages: the article that answers is in another language than the question.
EXAMPLE_QUESTIONS = (
    ("en", "How large was Shanghai’s AI industry in 2024?"),
    ("de", "Wie viele KI-Unternehmen gab es 2020 in Chengdu?"),
    ("zh-Hans", "武汉每万人拥有多少个5G基站？"),
    ("zh-Hant", "廣州在未來產業領域已有多少家企業？"),
)

LANGUAGES = {
    "ar": "العربية",
    "de": "Deutsch",
    "en": "English",
    "es": "Español",
    "fr": "Français",
    "it": "Italiano",
    "ja": "日本語",
    "ko": "한국어",
    "pt": "Português",
    "ru": "Русский",
    "zh": "中文",
    "zh-Hans": "简体中文",
    "zh-Hant": "繁體中文",
}


def language_name(tag: str) -> str:
    """The language's own name for itself; an unknown tag as it is."""
    return LANGUAGES.get(tag) or LANGUAGES.get(tag.split("-")[0]) or tag


def date_name(date: str) -> str:
    """`2025-02-14` as `14 February 2025`, `2025-02` as `February 2025`; anything else as it is."""
    parts = date.split("-")
    if not all(part.isdecimal() for part in parts) or not 2 <= len(parts) <= 3:
        return date
    if not 1 <= int(parts[1]) <= 12:
        return date
    day = f"{int(parts[2])} " if len(parts) == 3 else ""
    return f"{day}{MONTHS[int(parts[1]) - 1]} {parts[0]}"
