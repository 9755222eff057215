"""What a reader does on the page, and what they see."""

from __future__ import annotations

import socket
from pathlib import Path

from scripted import SEEDS

DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
ARTIFACTS = Path(__file__).parent.parent.parent / "artifacts"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def send(page, question: str, state: str = "found") -> int:
    """Types and sends `question`, waits until its turn is in `state`, gives the turn's number."""
    turn = page.locator(".cc-turn").count()
    page.fill("#cc-question", question)
    page.press("#cc-question", "Enter")
    wait(page, turn, state)
    return turn


def wait(page, turn: int, state: str) -> None:
    page.wait_for_selector(f'.cc-turn[data-turn="{turn}"][data-state="{state}"]')
    if state != "writing":
        page.wait_for_selector("#cc-app:not([data-writing])")


def marker(page, turn: int, number: int):
    return page.locator(f'.cc-marker[data-turn="{turn}"][data-marker="{number}"]')


def current(page) -> tuple[str, str]:
    """The highlighted text of the open article, and what the seed has at the offsets it claims."""
    page.wait_for_selector('#cc-reader mark[aria-current="location"]')
    mark = page.locator('#cc-reader mark[aria-current="location"]')
    assert mark.count() == 1
    path = SEEDS / f"{mark.get_attribute('data-article')}.txt"
    start, end = int(mark.get_attribute("data-start")), int(mark.get_attribute("data-end"))
    return mark.evaluate("mark => mark.textContent"), path.read_text(encoding="utf-8")[start:end]


def in_view(page, selector: str) -> bool:
    box = page.locator(selector).bounding_box()
    return box["y"] >= 0 and box["y"] + box["height"] <= page.viewport_size["height"]


def focused(page, selector: str) -> bool:
    return page.locator(selector).evaluate("element => element === document.activeElement")


def act(page, turn: int, name: str):
    return page.locator(f'.cc-turn[data-turn="{turn}"] [data-act="{name}"]')


def questions(page) -> list[str]:
    return page.locator(".cc-question").all_inner_texts()


def tab(page, name: str) -> None:
    page.click(f'.cc-tab[data-view="{name}"]')


def keep_picture(page, name: str) -> None:
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"{name}.png")
