"""What a language model is told: in the asker's language, with numbered passages and a marker for every sentence."""

from __future__ import annotations

from collections.abc import Sequence

from index.types import Hit
from rag.messages import written_language

_SYSTEM = {
    "en": "Answer in English, from the numbered passages only. Close every sentence with the marker of the passage that "
          "says so, such as [1]. Take over figures, names and dates exactly. No introduction, no advice. If the "
          "passages do not answer the question, reply with nothing but NO ANSWER.",
    "de": "Antworte auf Deutsch, nur aus den nummerierten Textstellen. Schließe jeden Satz mit der Nummer der Textstelle, "
          "die ihn belegt, etwa [1]. Übernimm Zahlen, Namen und Daten genau. Keine Einleitung, keine Ratschläge. "
          "Beantworten die Textstellen die Frage nicht, antworte nur mit NO ANSWER.",
    "zh-Hans": "请用简体中文回答，只依据带编号的段落。每句话末尾标出依据的段落编号，例如 [1]。数字、姓名和日期须与原文一致。"
               "不要开场白，不要建议。如果这些段落没有回答该问题，只回复 NO ANSWER。",
    "zh-Hant": "請用繁體中文回答，只依據帶編號的段落。每句話末尾標出依據的段落編號，例如 [1]。數字、姓名和日期須與原文一致。"
               "不要開場白，不要建議。如果這些段落沒有回答該問題，只回覆 NO ANSWER。",
}
_QUESTION = {"en": "Question", "de": "Frage", "zh-Hans": "问题", "zh-Hant": "問題"}


def messages_for(question: str, hits: Sequence[Hit], lang: str) -> tuple[str, str]:
    """(system message, user message) for a question over hits, the answer to be in `lang`."""
    lang = written_language(lang)
    passages = "\n\n".join(f"[{n}] {' '.join(h.passage.text.split())}" for n, h in enumerate(hits, 1))
    return _SYSTEM[lang], f"{passages}\n\n{_QUESTION[lang]}: {question}"
