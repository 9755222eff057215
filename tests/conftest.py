"""What several tests share: the embedded encoder, an index of the real seeds, and how hypothesis runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from index.embedder import load_embedder
from index.store import build, open_index
from rag.chatbot import Chatbot

ROOT = Path(__file__).resolve().parent.parent
SEEDS = ROOT / "seeds"

# The same examples in every run, so that a red build is red again; HYPOTHESIS_PROFILE=explore looks further.
settings.register_profile(
    "fixed", derandomize=True, deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser's tests come last: Playwright leaves an event loop running, in which `asyncio.run` would fail."""
    items.sort(key=lambda item: "browser" in item.path.parts)


@pytest.fixture(scope="session")
def seeds() -> Path:
    """The five articles as they came."""
    return SEEDS


@pytest.fixture(scope="session")
def embedder():
    """The embedded encoder."""
    return load_embedder()


@pytest.fixture(scope="session")
def index_folder(tmp_path_factory, embedder) -> Path:
    """An index of the seeds, built once."""
    folder = tmp_path_factory.mktemp("seeds") / "index"
    build(SEEDS, folder, embedder)
    return folder


@pytest.fixture(scope="session")
def seed_index(index_folder, embedder):
    """The index of the seeds, open."""
    return open_index(index_folder, embedder)


@pytest.fixture(scope="session")
def chatbot(seed_index) -> Chatbot:
    """The chatbot over the seeds, without a language model."""
    return Chatbot(seed_index)


@pytest.fixture
def run_python():
    """Runs Python code in a fresh process in the checkout and returns what it printed."""
    import subprocess

    def run(code: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode:
            raise RuntimeError(f"exit code {done.returncode}:\n{done.stderr}")
        return done.stdout

    return run
