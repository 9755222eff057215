"""Saved runs of the evaluation as plots, and a run started from the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.chatbot import Chatbot


class Scores:
    """The runs saved in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def show(self, run: str | None, against: str | None, ui: str) -> dict[str, Any]:
        """The names of the runs, newest first, and the plots of one."""
        return {"runs": [], "html": ""}

    def run(self, chatbot: Chatbot, ui: str) -> Iterator[dict[str, Any]]:
        """Asks the development questions and saves the run."""
        return iter(())
