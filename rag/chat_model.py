"""A generator that lets a language model write, sentence by sentence, each with markers we can check."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from index.errors import GeneratorError
from index.normalise import fold
from index.types import Hit
from rag import background
from rag.draft import Draft, Sentence
from rag.fidelity import in_script, other_language
from rag.models import load_model
from rag.prompt import NO_ANSWER, messages_for, on_one_line, rewriting_for
from rag.types import Claim, Source

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from rag.local_model import LocalModel

LONGEST_DRAFT = 20_000  # characters; a model that has not ended by then never will
TIMEOUT = 60.0
WHOLE = 10  # a draft may take this many time-outs from its first word to its last
LONGEST_WAIT = 20.0  # seconds waited at most where a server says when to come back
_PASSING = frozenset((408, 409, 425, 429, 500, 502, 503, 504, 529))  # HTTP status codes that may be gone in a moment


@dataclass(frozen=True, slots=True)
class ChatModelGenerator:
    """Writes with a language model. A sentence without a marker of a passage shown to the model is a claim without a
    source; invented markers are in no claim.

    `timeout` is how many seconds the model may stay silent, `backoff` how many are waited before the first of
    `retries`, doubled for each further one.
    """

    model: BaseChatModel | LocalModel
    timeout: float = TIMEOUT
    retries: int = 2
    backoff: float = 0.5

    @classmethod
    def load(cls, spec: str, url: str | None = None, timeout: float = TIMEOUT) -> ChatModelGenerator:
        """By `provider:model`, for example `ollama:qwen3`; `url` is where the model is served, if not at the provider's
        own address. GeneratorError if the provider is unknown or its package is not installed."""
        return cls(load_model(spec, url), timeout)

    def write(self, question: str, hits: Sequence[Hit], lang: str) -> Iterator[Claim]:
        """The model's sentences as they become whole. GeneratorError if the model fails or breaks off; closing the
        iterator ends the request."""
        return background.stream(self._claims(question, tuple(hits), lang))

    def awrite(self, question: str, hits: Sequence[Hit], lang: str) -> AsyncIterator[Claim]:
        """As `write`, awaited."""
        return background.astream(self._claims(question, tuple(hits), lang))

    def rewrite(self, question: str, history: Sequence[str]) -> str:
        """`question` as it reads without the questions before it, on one line; GeneratorError if the model fails."""
        return background.run(self._rewritten(question, tuple(history)))

    async def _rewritten(self, question: str, history: tuple[str, ...]) -> str:
        async with aclosing(self._sentences(*rewriting_for(question, history))) as sentences:
            return on_one_line(" ".join([s.text async for s in sentences]))

    async def _claims(self, question: str, hits: tuple[Hit, ...], lang: str) -> AsyncIterator[Claim]:
        """A draft whose first sourced sentence is in another language is asked for once more; what is said twice is
        left out."""
        quotable = fold(" ".join(h.passage.text for h in hits))
        for again in (False, True):
            held: list[Claim] = []
            said: set[str] = set()
            decided = False
            async with aclosing(self._sentences(*messages_for(question, hits, lang, again))) as sentences:
                async for sentence in sentences:
                    if sentence.text.strip(" .。") == NO_ANSWER or fold(sentence.text) in said:
                        continue
                    said.add(fold(sentence.text))
                    claim = _claim(sentence, hits, lang, quotable)
                    held.append(claim)
                    if claim.sources and not decided:
                        if claim.lang and not again:
                            break
                        decided = True
                    while decided and held:
                        yield held.pop(0)
                else:
                    for claim in held:
                        yield claim
                    return

    async def _sentences(self, system: str, human: str) -> AsyncIterator[Sentence]:
        """The sentences of one draft; begun anew after a failure that may pass, as long as nothing was said."""
        model, said = self.model, False
        for attempt in range(self.retries + 1):
            draft = Draft()
            try:
                async with aclosing(self._pieces(model, system, human)) as pieces:
                    async for piece in pieces:
                        for sentence in draft.feed(piece):
                            said = True
                            yield sentence
                break
            except GeneratorError:
                raise
            except Exception as error:  # a provider's client raises what it likes
                picky = _status(error) == 400 and "temperature" in str(error)
                if said or attempt == self.retries or not (picky or _may_pass(error)):
                    raise GeneratorError(_described(error)) from error
                wait = 0.0 if picky else min(_retry_after(error) or self.backoff * 2**attempt, LONGEST_WAIT)
                if picky:  # some models take no temperature but their own
                    model = model.model_copy(update={"temperature": None})
            await asyncio.sleep(wait)
        for sentence in draft.close():
            yield sentence

    async def _pieces(self, model: Any, system: str, human: str) -> AsyncIterator[str]:
        now = asyncio.get_running_loop().time
        end = now() + WHOLE * self.timeout
        left = LONGEST_DRAFT
        try:
            async with (
                asyncio.timeout(self.timeout) as limit,
                aclosing(model.astream([("system", system), ("human", human)])) as chunks,
            ):
                async for chunk in chunks:
                    if limit.expired() or now() > (limit.when() or end):
                        # A client may swallow the cancellation if a chunk comes at that very moment.
                        raise TimeoutError
                    if chunk.content or chunk.additional_kwargs:  # reasoning is a sign of life, an empty chunk is none
                        limit.reschedule(min(now() + self.timeout, end))
                    text = str(chunk.text)[:left]
                    left -= len(text)
                    yield text
                    if not left:
                        return
        except TimeoutError as error:
            raise GeneratorError(
                f"the language model said nothing for {self.timeout:g} seconds; try again, or give it longer: --llm-timeout"
            ) from error


def _claim(sentence: Sentence, hits: Sequence[Hit], lang: str, quotable: str) -> Claim:
    """A sentence of a draft in the script of `lang`, with the hits that its markers name."""
    text = in_script(sentence.text, lang, quotable)
    sources = tuple(Source(n - 1) for n in sentence.numbers if 1 <= n <= len(hits))
    return Claim(text, sources, sentence.before, other_language(text, lang))


def _status(error: BaseException) -> int | None:
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def _may_pass(error: BaseException) -> bool:
    return _status(error) in _PASSING if _status(error) else _unreachable(error)


def _unreachable(error: BaseException | None) -> bool:
    """True if the connection failed or broke, as any HTTP client says it."""
    while error is not None:
        if isinstance(error, OSError) or type(error).__name__ in ("ConnectError", "ReadError", "RemoteProtocolError"):
            return True
        error = error.__cause__ or error.__context__
    return False


def _retry_after(error: BaseException) -> float | None:
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        return max(0.0, float(headers.get("retry-after", "")))
    except ValueError:
        return None


def _described(error: Exception) -> str:
    """One line a person can act on."""
    lines = on_one_line(str(error))[:300] or type(error).__name__
    if _status(error) in (401, 403):
        return f"the language model refuses the key ({lines}); set the provider's API key in the environment"
    if _status(error) is None and _unreachable(error):
        return f"the language model cannot be reached or broke off ({lines}); is its server running, is --llm-url right?"
    return f"the language model failed: {lines}"
