"""The page in a real headless Chromium: a question, a marker, and the exact characters it highlights."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from scripted import SEEDS, Scripted

from ui import texts

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parent.parent
ARTIFACTS = ROOT / "artifacts"
PATIENCE = 120_000  # milliseconds: the machine may be busy with other work
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-quic",
    "--no-first-run",
]
FLAGS += ["--disable-component-update", "--disable-sync"]
INJECTION = (
    'How large was Shanghai’s AI industry in 2024? <img src=x onerror="window.broken=1">'
    "<script>window.broken=1</script>${window.broken=1}{{window.broken=1}}![x](http://example.org/x.png)"
)
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}

# Contrast of the text against the nearest painted background behind it (WCAG 2.2, 1.4.3).
CONTRAST = """(selector) => {
  const rgb = (c) => (c.match(/[\\d.]+/g) || []).map(Number);
  const light = (c) => c.slice(0, 3).map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92
    : ((v + 0.055) / 1.055) ** 2.4)).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  return [...document.querySelectorAll(selector)].filter((e) => e.getClientRects().length).map((e) => {
    let ground = e, colour;
    do { colour = rgb(getComputedStyle(ground).backgroundColor); ground = ground.parentElement; }
    while (ground && colour[3] === 0);
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(colour)].sort((x, y) => y - x);
    return [e.className, (a + 0.05) / (b + 0.05)];
  });
}"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
def crosscite(tmp_path_factory) -> Iterator[str]:
    """The address of the real program, as a reader starts it."""
    port, log = free_port(), tmp_path_factory.mktemp("chat") / "stderr.txt"
    command = [sys.executable, "-m", "ui.cli", "chat", "--host", "127.0.0.1", "--port", str(port)]
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


@pytest.fixture(scope="module")
def scripted() -> Iterator[str]:
    """The address of the page with a chatbot whose answers are known beforehand."""
    from ui.app import start

    page, address = start(Scripted(), port=free_port())
    yield address
    page.close(verbose=False)


@pytest.fixture
def visit(chromium) -> Callable:
    """`visit(address)` gives a page; whatever it complains of or asks another host for fails the test."""

    @contextmanager
    def open_page(address: str, viewport: dict | None = None, scheme: str = "light"):
        context = chromium.new_context(
            viewport=viewport or DESKTOP, color_scheme=scheme, reduced_motion="reduce", locale="en-GB"
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
        page.goto(address)
        page.wait_for_selector(".cc-example")
        yield page
        assert complaints == []
        context.close()

    return open_page


def ask(page, question: str, state: str = "found") -> int:
    """Types and sends `question`, waits until its turn is in `state`, gives the turn's number."""
    turn = page.locator(".cc-turn").count()
    box = page.locator("#cc-question textarea")
    box.fill(question)
    box.press("Enter")
    page.wait_for_selector(f'.cc-turn[data-turn="{turn}"][data-state="{state}"]')
    return turn


def marker(page, turn: int, number: int):
    return page.locator(f'.cc-marker[data-turn="{turn}"][data-marker="{number}"]')


def highlighted(page) -> tuple[str, str]:
    """The highlighted text of the open source, and what the seed has at the offsets it claims."""
    mark = page.locator('.cc-sources:not([hidden]) .cc-source[data-open="true"] mark')
    assert mark.count() == 1
    path = SEEDS / f"{mark.get_attribute('data-article')}.txt"
    start, end = int(mark.get_attribute("data-start")), int(mark.get_attribute("data-end"))
    return mark.evaluate("mark => mark.textContent"), path.read_text(encoding="utf-8")[start:end]


def in_view(page, selector: str) -> bool:
    box = page.locator(selector).bounding_box()
    return box["y"] >= 0 and box["y"] + box["height"] <= page.viewport_size["height"]


def test_a_marker_highlights_the_exact_characters_of_the_seed(crosscite, visit):
    with visit(crosscite) as page:
        turn = ask(page, texts.EXAMPLE_QUESTIONS[0][1])
        marker(page, turn, 1).click()
        shown, seed = highlighted(page)
        assert shown == seed
        assert "4000亿元" in shown
        assert in_view(page, '.cc-source[data-open="true"] mark')
        ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTIFACTS / "chat-desktop.png")


def test_each_example_question_is_answered_from_an_article_in_another_language(crosscite, visit):
    with visit(crosscite) as page:
        for number, (lang, question) in enumerate(texts.EXAMPLE_QUESTIONS):
            page.locator("#cc-clear").evaluate("button => button.click()")
            page.locator(".cc-example").nth(number).click()
            page.wait_for_selector('.cc-turn[data-turn="0"]:is([data-state="found"], [data-state="refusal"])')
            marker(page, 0, 1).click()
            shown, seed = highlighted(page)
            assert shown == seed
            source = page.locator('.cc-source[data-open="true"] .cc-quotation').get_attribute("lang")
            assert source.split("-")[0] != lang.split("-")[0], question


def test_the_sources_follow_below_on_a_phone(crosscite, visit):
    with visit(crosscite, PHONE) as page:
        turn = ask(page, texts.EXAMPLE_QUESTIONS[0][1])
        marker(page, turn, 1).click()
        shown, seed = highlighted(page)
        assert shown == seed
        assert in_view(page, '.cc-source[data-open="true"] mark')
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTIFACTS / "chat-phone.png", full_page=True)


def test_a_question_full_of_markup_does_nothing(crosscite, visit):
    with visit(crosscite) as page:
        box = page.locator("#cc-question textarea")
        box.fill(INJECTION)
        box.press("Enter")
        page.wait_for_selector('.cc-turn:is([data-state="found"], [data-state="refusal"])')
        assert page.locator(".cc-question").inner_text() == INJECTION
        assert page.evaluate("window.broken") is None
        assert page.locator("#cc-desk img, #cc-desk script").count() == 0


def test_a_marker_of_an_older_answer_opens_its_own_source(scripted, visit):
    with visit(scripted, {"width": 1100, "height": 420}) as page:
        ask(page, "How large?")
        ask(page, "武汉有多少?")
        assert "5G-Basisstationen" in highlighted(page)[0]
        assert in_view(page, '.cc-sources:not([hidden]) .cc-source[data-open="true"] mark')
        marker(page, 0, 1).click()
        shown, seed = highlighted(page)
        assert shown == seed
        assert "4000亿元" in shown
        assert page.locator(".cc-cited strong >> visible=true").all_inner_texts() == ["4000亿元", "40"]
        marker(page, 1, 2).click()
        assert page.locator(".cc-sources:not([hidden])").get_attribute("data-turn") == "1"
        assert "4000亿元" in highlighted(page)[0]


def test_a_source_opens_from_the_keyboard_and_escape_returns(scripted, visit):
    with visit(scripted) as page:
        turn = ask(page, "How large?")
        page.locator(".cc-marker").first.focus()
        page.keyboard.press("Tab")
        assert marker(page, turn, 2).evaluate("button => button === document.activeElement")
        page.keyboard.press("Enter")
        assert "5G-Basisstationen" in highlighted(page)[0]
        assert page.locator('.cc-source[data-open="true"] .cc-head').evaluate(
            "b => b === document.activeElement"
        )
        page.keyboard.press("Escape")
        assert marker(page, turn, 2).evaluate("button => button === document.activeElement")
        assert "Deutsch" in marker(page, turn, 2).get_attribute("aria-label")


def test_stop_keeps_what_was_written(scripted, visit):
    with visit(scripted) as page:
        turn = ask(page, "a slow question", "writing")
        page.wait_for_function("document.querySelector('.cc-answer').textContent === 'The articles '")
        page.locator("#cc-stop").click()
        page.wait_for_selector('.cc-turn[data-state="stopped"]')
        page.wait_for_timeout(4000)  # longer than the chatbot's pause: nothing more may arrive
        assert page.locator(".cc-answer").inner_text().strip() == "The articles"
        assert ask(page, "How large?") == turn + 1


def test_an_error_is_told_and_the_question_is_back_in_the_box(scripted, visit):
    with visit(scripted) as page:
        ask(page, "How large?")
        ask(page, "this is broken", "stopped")
        notice = page.locator("#cc-notice [role=alert]")
        assert notice.inner_text() == "the language model does not answer: is it running?"
        assert page.locator("#cc-question textarea").input_value() == "this is broken"
        ask(page, "How large?")
        assert notice.count() == 0
        assert page.locator(".cc-turn").count() == 3


def test_a_new_conversation_begins_with_the_collection(scripted, visit):
    with visit(scripted) as page:
        ask(page, "How large?")
        page.locator("#cc-clear").click()
        page.wait_for_selector(".cc-example")
        assert page.locator(".cc-turn").count() == 0
        assert page.locator(".cc-collection li").count() == 5
        assert ask(page, "武汉有多少?") == 0
        assert "5G-Basisstationen" in highlighted(page)[0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_the_contrast_of_aa(scripted, visit, scheme):
    with visit(scripted, scheme=scheme) as page:
        everything = (
            "#cc-top :is(h1, p), #cc-desk :is(h2, p, button, span, bdi, time, mark, strong, div, textarea)"
        )
        first = page.evaluate(CONTRAST, everything)
        ask(page, "this is broken", "stopped")
        ask(page, "what weather?", "refusal")
        ask(page, "How large?")
        marker(page, 2, 1).click()
        measured = first + page.evaluate(CONTRAST, everything)
        assert len(measured) > 40
        assert [(name, ratio) for name, ratio in measured if ratio < 4.5] == []
