"""A causal language model of transformers on this machine, streamed; the part of LangChain's interface we use."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any

from index.errors import GeneratorError

if TYPE_CHECKING:
    from langchain_core.messages import AIMessageChunk

NEW_TOKENS = 1024
_ROLES = {"system": "system", "human": "user"}


class LocalModel:
    """Decodes greedily, one draft at a time; closing a stream ends its decoding after the token at hand."""

    def __init__(self, tokenizer: Any, model: Any, new_tokens: int = NEW_TOKENS) -> None:
        self._tokenizer = tokenizer
        self._model = model
        self._new_tokens = new_tokens
        self._one_at_a_time = threading.Lock()

    @classmethod
    def load(cls, name: str) -> LocalModel:
        """From a folder or a name; on a GPU where there is one. No code that comes with a model is run. GeneratorError
        if the packages are missing or the model cannot be read."""
        try:
            import torch
            from transformers import AutoModelForCausalLM, AutoTokenizer
        except ImportError as error:
            raise GeneratorError("local models need packages more: .venv/bin/pip install 'crosscite[models]'") from error
        try:
            tokenizer = AutoTokenizer.from_pretrained(name)
            model = AutoModelForCausalLM.from_pretrained(name, dtype="auto")
        except Exception as error:  # transformers raises what it likes
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
            raise GeneratorError(f"cannot load the language model 'transformers:{name}': {reason}") from error
        return cls(tokenizer, model.to("cuda" if torch.cuda.is_available() else "cpu").eval())

    async def astream(self, messages: Sequence[tuple[str, str]]) -> AsyncIterator[AIMessageChunk]:
        """The draft that follows `messages`, (role, text) each, piece by piece."""
        from langchain_core.messages import AIMessageChunk

        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[str | Exception | None] = asyncio.Queue()
        stopped = threading.Event()

        def put(item: str | Exception | None) -> None:
            with contextlib.suppress(RuntimeError):  # the reader has gone, and its loop with it
                loop.call_soon_threadsafe(pieces.put_nowait, item)

        threading.Thread(target=self._decode, args=(self._prompt(messages), put, stopped), daemon=True).start()
        try:
            while (piece := await pieces.get()) is not None:
                if isinstance(piece, Exception):
                    raise piece
                yield AIMessageChunk(content=piece)
        finally:
            stopped.set()

    def _prompt(self, messages: Sequence[tuple[str, str]]) -> Any:
        """The token ids (1, n) of the messages, in the model's own chat template if it has one."""
        if not self._tokenizer.chat_template:
            plain = "\n\n".join(text for _, text in messages) + "\n\n"
            return self._tokenizer(plain, return_tensors="pt").input_ids
        turns = [{"role": _ROLES[role], "content": text} for role, text in messages]
        try:
            return self._templated(turns)
        except Exception as error:  # jinja's, of a template that knows no system turn
            if len(turns) < 2 or "system" not in str(error).casefold():
                raise
            return self._templated([{"role": "user", "content": "\n\n".join(text for _, text in messages)}])

    def _templated(self, turns: list[dict[str, str]]) -> Any:
        return self._tokenizer.apply_chat_template(
            turns, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )["input_ids"]

    def _decode(self, prompt: Any, put: Any, stopped: threading.Event) -> None:
        from transformers import StoppingCriteriaList, TextStreamer

        class Streamer(TextStreamer):
            def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
                put(text)

        try:
            with self._one_at_a_time:
                if not stopped.is_set():
                    self._model.generate(
                        prompt.to(self._model.device),
                        attention_mask=(prompt * 0 + 1).to(self._model.device),
                        do_sample=False,
                        max_new_tokens=self._new_tokens,
                        streamer=Streamer(self._tokenizer, skip_prompt=True, skip_special_tokens=True),
                        stopping_criteria=StoppingCriteriaList([lambda ids, scores, **_: stopped.is_set()]),
                        pad_token_id=self._tokenizer.pad_token_id or self._tokenizer.eos_token_id,
                    )
            put(None)
        except Exception as error:  # handed to the reader
            put(error)
