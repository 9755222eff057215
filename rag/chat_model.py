"""A generator that lets a LangChain chat model write, sentence by sentence, each with markers we can check."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from index.errors import GeneratorError
from index.types import Hit
from rag.prompt import messages_for
from rag.types import Claim, Source

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_OPEN, _CLOSE = r"\[［【", r"\]］】"
_MARKER = re.compile(rf"\s*[{_OPEN}]\s*(?P<list>\d{{1,3}}(?:\s*[,，、;]\s*\d{{1,3}})*)\s*[{_CLOSE}]")
_ANY_MARKER = re.compile(rf"\s*[{_OPEN}][\s\d,，、;\-–—^]*\d[\s\d,，、;\-–—]*[{_CLOSE}]")
# A sentence with the markers behind it; the stop may stand before or after them.
_SENTENCE = re.compile(
    rf"\s*\S.*?(?:[。！？]|[.!?](?=\s|[{_OPEN}]|$)|(?=\n)|$)[\"'”’“»」』]*(?:{_ANY_MARKER.pattern})*[.。]?", re.DOTALL
)


class ChatModelGenerator:
    """Writes with any LangChain chat model. A sentence without a marker of a hit shown to the model is not a claim and
    is left out; invented markers never reach a reader."""

    def __init__(self, model: BaseChatModel) -> None:
        self._model = model

    @classmethod
    def load(cls, spec: str) -> ChatModelGenerator:
        """By `provider:model`, for example `ollama:qwen3`. GeneratorError if the provider is unknown or its package is
        not installed."""
        if ":" not in spec:
            raise GeneratorError(f"--llm needs PROVIDER:MODEL, for example ollama:qwen3, got {spec!r}")
        from langchain.chat_models import init_chat_model

        try:
            return cls(init_chat_model(spec, temperature=0))
        except Exception as error:  # a provider's package raises what it likes
            raise GeneratorError(f"cannot load the language model {spec!r}: {_one_line(error)}") from error

    def write(self, question: str, hits: Sequence[Hit], lang: str) -> Iterator[Claim]:
        """The model's sentences as they become whole. GeneratorError if the model fails or breaks off."""
        from langchain_core.messages import HumanMessage, SystemMessage

        system, human = messages_for(question, hits, lang)
        pending = ""
        stream = self._model.stream([SystemMessage(system), HumanMessage(human)])
        while True:
            try:
                chunk = next(stream)
            except StopIteration:
                break
            except Exception as error:  # a provider's client raises what it likes
                raise GeneratorError(f"the language model failed: {_one_line(error)}") from error
            pending += chunk.text if isinstance(chunk.text, str) else chunk.text()
            whole = _sentences(pending)[:-1]
            pending = pending[sum(map(len, whole)) :]
            yield from _claims(whole, len(hits))
        yield from _claims(_sentences(pending), len(hits))


def _sentences(text: str) -> list[str]:
    """`text` cut behind each sentence and its markers; joined, the pieces are `text`. The last may still grow."""
    starts = [m.start() for m in _SENTENCE.finditer(text)]
    return [text[a:b] for a, b in pairwise([*starts, len(text)])]


def _claims(sentences: Sequence[str], count: int) -> Iterator[Claim]:
    for sentence in sentences:
        numbers = [int(n) for m in _MARKER.finditer(sentence) for n in re.findall(r"\d+", m["list"])]
        sources = tuple(Source(n - 1) for n in dict.fromkeys(numbers) if 1 <= n <= count)
        text = _ANY_MARKER.sub("", sentence)
        before = "\n" if text[: len(text) - len(text.lstrip())].count("\n") else " "
        if sources and text.strip():
            yield Claim(text.strip(), sources, before)


def _one_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
