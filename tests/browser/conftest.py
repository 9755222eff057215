"""A real headless Chromium, the real program, and the page with a chatbot whose answers are known."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from acting import DESKTOP, free_port
from scripted import SEEDS, Scripted

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 120_000  # milliseconds: the machine may be busy with other work
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic", "--no-first-run",
    "--disable-component-update", "--disable-sync",
]


def pytest_collection_modifyitems(items) -> None:
    for item in items:
        if Path(__file__).parent in Path(item.fspath).parents:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium. Without one the tests are skipped, and fail on CI."""
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    with sync_playwright() as playwright:
        if path is None and Path(playwright.chromium.executable_path).exists():
            path = playwright.chromium.executable_path
        if path is None:
            reason = "no Chromium on the PATH: install one, or name it in the variable CHROMIUM"
            if os.environ.get("CI") == "true":
                pytest.fail(reason)
            pytest.skip(reason)
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS, timeout=PATIENCE)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def crosscite(tmp_path_factory) -> Iterator[str]:
    """The address of the real program over a copy of the seeds, as a reader starts it."""
    folder = tmp_path_factory.mktemp("chat")
    shutil.copytree(SEEDS, folder / "seeds")
    port, log = free_port(), folder / "stderr.txt"
    command = [sys.executable, "-m", "ui.cli", "chat", "--port", str(port), "--seeds", str(folder / "seeds")]
    command += ["--index", str(folder / "index"), "--rate", "0"]
    with log.open("w") as errors:
        program = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True)
    late = threading.Timer(300, program.kill)
    late.start()
    address = f"http://127.0.0.1:{port}"
    try:
        said = next((line for line in program.stdout if address in line), None)
        late.cancel()
        assert said, f"{' '.join(command)} did not say that it serves:\n{log.read_text()}"
        yield address
    finally:
        late.cancel()
        program.terminate()
        program.wait(60)


@dataclass
class Known:
    """The page with a chatbot of known answers: where it is, the chatbot, and the folder of its ratings."""

    address: str
    chatbot: Scripted
    folder: Path


@pytest.fixture(scope="session")
def known(tmp_path_factory) -> Iterator[Known]:
    from ui.api import Service
    from ui.app import start
    from ui.feedback import Feedback
    from ui.library import Library

    class Examined(Scripted):
        """Answers every example question in no time, slow ones in three seconds."""

    chatbot, folder = Examined(), tmp_path_factory.mktemp("ratings")
    library = Library({"fake:model": chatbot, "": chatbot})
    page, address = start(Service(library, Feedback(folder)), port=free_port(), rate=0)
    yield Known(address, chatbot, folder)
    page.close(verbose=False)


@pytest.fixture
def scripted(known) -> str:
    """The address of the page with the chatbot of known answers."""
    return known.address


@pytest.fixture
def visit(chromium) -> Callable:
    """`visit(address)` gives a page; whatever it complains of or asks another host for fails the test."""

    @contextmanager
    def open_page(address: str, viewport: dict | None = None, scheme: str = "light", locale: str = "en-GB", path: str = ""):
        context = chromium.new_context(
            viewport=viewport or DESKTOP, color_scheme=scheme, reduced_motion="reduce", locale=locale,
            permissions=["clipboard-read", "clipboard-write"], accept_downloads=True,
        )
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        complaints: list[str] = []
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
        page.on(
            "request",
            lambda r: None if r.url.startswith((address, "data:", "blob:")) else complaints.append(r.url),
        )
        page.goto(address + path)
        page.wait_for_selector("#cc-app[data-loaded]")
        yield page
        assert complaints == []
        context.close()

    return open_page
