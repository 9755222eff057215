"""Language models by `provider:model`: any LangChain chat model, and transformers on this machine."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from index.errors import GeneratorError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from rag.local_model import LocalModel

# Our own retries count, not a client's on top of them.
_OPTIONS: dict[str, dict[str, Any]] = {"openai": {"max_retries": 0}, "anthropic": {"max_retries": 0}}
_LOCAL = "transformers"


def load_model(spec: str, url: str | None = None) -> BaseChatModel | LocalModel:
    """The chat model `provider:model`, at temperature 0.

    `transformers:FOLDER` is a model on this machine; `openai:NAME` with a `url` is any server that speaks the OpenAI
    protocol (llama.cpp, vLLM, LM Studio), which then needs no key. Every other provider is LangChain's, and its package
    must be installed. GeneratorError, with the command to type, if the model cannot be loaded.
    """
    provider, _, name = spec.partition(":")
    if not provider.strip() or not name.strip():
        raise GeneratorError(f"--llm needs PROVIDER:MODEL, for example ollama:qwen3, got {spec!r}")
    if provider == _LOCAL:
        if url is not None:
            raise GeneratorError(f"{spec} runs on this machine; leave out --llm-url")
        from rag.local_model import LocalModel

        return LocalModel.load(name)
    from langchain.chat_models import init_chat_model

    options = {"temperature": 0, **_OPTIONS.get(provider, {})}
    if url is not None:
        if not re.match(r"https?://[^/\s]", url):
            raise GeneratorError(f"--llm-url needs an address such as http://127.0.0.1:8080/v1, got {url!r}")
        options["base_url"] = url
        if provider == "openai" and not os.environ.get("OPENAI_API_KEY"):
            options["api_key"] = "none"
    try:
        return init_chat_model(name, model_provider=provider, **options)
    except ImportError as error:
        package = re.search(r"pip install (?:-U )?([\w.-]+)", str(error))
        wanted = package[1] if package else f"langchain-{provider}"
        raise GeneratorError(f"{provider} models need a package more: .venv/bin/pip install {wanted}") from error
    except Exception as error:  # a provider's package raises what it likes
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise GeneratorError(f"cannot load the language model {spec!r}: {reason}") from error
