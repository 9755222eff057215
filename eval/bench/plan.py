"""What is measured, in which order: the most telling steps first, so that a run whose time is up has them."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from eval.bench import corpora, steps
from eval.bench.process import Driver, StepFailed, environment
from eval.bench.results import Results
from eval.bench.steps import Asking, Place, Record, Side
from eval.bench.systems import ENCODER, PEERS, ROOT, System, ours


@dataclass(frozen=True, slots=True)
class Plan:
    """Passages of the corpora besides the seeds' (0: none), and how often each measurement is made."""

    middle: int
    large: int
    cold: int
    imports: int
    builds: int
    asking: Asking
    minutes: float


FULL = Plan(10_000, 100_000, cold=3, imports=2, builds=1, asking=Asking(38, 3, 40, 40), minutes=35)
QUICK = Plan(2000, 0, cold=2, imports=1, builds=1, asking=Asking(20, 2, 25, 24, limit=20), minutes=8)
LIMITS = {"seeds": 200.0, "middle": 500.0, "large": 1500.0}  # seconds for one build
FILL = 300.0


class Benchmark:
    """The steps of a plan, their results in `results`; `peers` are those to measure, `minilm` the other encoder's folder."""

    def __init__(
        self, plan: Plan, place: Place, results: Results, corpus: Path | None, minilm: Path | None,
        peers: tuple[System, ...] = PEERS,
    ) -> None:
        self.plan, self.place, self.results, self.peers = plan, place, results, peers
        self._corpus, self._minilm = corpus, minilm
        self._questions = corpora.questions()

    def run(self) -> None:
        """All of it."""
        for system in (ours(), *self.peers):
            self.results.step(f"install-{system.name}", lambda s=system: steps.install(self.place, s))
            self.results.step(f"import-{system.name}", lambda s=system: steps.importing(self.place, s, self.plan.imports))
        self._ready("seeds")
        everyone = [steps.us(), *self.sides("default")]
        for side in everyone:
            self._build(f"build-seeds-{side.label}", side, "seeds", False)
        self.results.step("cold", lambda: steps.cold(self.place, everyone, self.plan.cold))
        middle = self._ready("middle")
        articles = str(self._folder("middle" if middle else "seeds") / "articles")
        self.results.step("floor", lambda: self._program("floor", articles, "--rows", str(self.plan.large or 20_000)))
        if middle:
            self._builds("middle", "best", self.plan.builds)
            for side in self.sides("best"):
                self._search("middle", side)
        if self._ready("large"):
            self._large()
        self.results.step("stages", lambda: self._program("stages", articles, str(self.place.folder / "index" / "stages")))
        for side in everyone[1:]:
            self._search("seeds", side)
        for side in self.minilm():
            self._build(f"build-minilm-{side.label}", side, "seeds", False)
            self._search("seeds", side, "minilm")
        if middle:
            self._builds("middle", "default", 1)

    def sides(self, variant: str) -> list[Side]:
        """The peers in a variant, over our encoder."""
        return [Side(system, variant, str(ENCODER)) for system in self.peers]

    def minilm(self) -> list[Side]:
        """The peers that encode, at their defaults, over all-MiniLM-L6-v2."""
        if self._minilm is None:
            return []
        return [Side(system, "default", str(self._minilm)) for system in self.peers if system.encodes]

    def _passages(self, corpus: str) -> int:
        return {"seeds": 0, "middle": self.plan.middle, "large": self.plan.large}[corpus]

    def _folder(self, corpus: str) -> Path:
        return self.place.folder / f"corpus-{self._passages(corpus)}"

    def _ready(self, corpus: str) -> bool:
        """Makes the articles of a corpus, if it is wanted; whether they are there."""
        if corpus != "seeds" and not (self._corpus and self._passages(corpus)):
            return False
        folder, passages = self._folder(corpus), self._passages(corpus)
        made = self.results.step(
            f"corpus-{corpus}", lambda: {"articles": str(corpora.make(folder, passages, self._corpus))}, [folder / "articles"]
        )
        return "error" not in made

    def _build(self, name: str, side: Side, corpus: str, update: bool) -> Record:
        articles, index = self._folder(corpus) / "articles", self.place.index(side, corpus)
        return self.results.step(
            name, lambda: steps.build(self.place, side, corpus, articles, LIMITS[corpus], update), [index]
        )

    def _builds(self, corpus: str, variant: str, rounds: int) -> None:
        """Ours and each peer in turn; a peer that does not encode is soon done, and beside our build before it."""
        for number in range(rounds):
            before: Record | None = None
            for side in self.sides(variant):
                name = f"build-{corpus}-ours-before-{side.label}-{number}"
                if before is None or side.system.encodes:
                    before = self._build(name, steps.us(), corpus, True)
                self.results.done[name] = before
                self._build(f"build-{corpus}-{side.label}-{number}", side, corpus, True)

    def _search(self, corpus: str, peer: Side, name: str = "") -> None:
        def prepare(side: Side, driver: Driver) -> None:
            driver.ask(120, do="open", index=str(self.place.index(side, corpus)))

        places = corpora.Places(self._folder(corpus) / "articles")
        self.results.step(
            f"search-{name or corpus}-{peer.label}",
            lambda: steps.search(self.place, peer, prepare, self._questions, places, self.plan.asking),
        )

    def _large(self) -> None:
        """One index of ours, whose passages and vectors are given to every peer: encoding them again would take hours."""
        built = self._build("build-large-CrossCite", steps.us(), "large", False)
        given, index = self.place.folder / "given", self.place.index(steps.us(), "large")
        passages, vectors = given / "passages.jsonl", given / "vectors.npy"
        if "error" in built:
            return
        self.results.step(
            "export", lambda: self._program("corpora", str(index), str(given)), [passages, vectors]
        )

        def prepare(side: Side, driver: Driver) -> None:
            if side.system.ours:
                driver.ask(120, do="open", index=str(index))
            else:
                driver.ask(FILL, do="fill", passages=str(passages), vectors=str(vectors))

        places = corpora.Places(self._folder("seeds") / "articles")
        for side in self.sides("best"):
            self.results.step(
                f"search-large-{side.label}",
                lambda side=side: steps.search(self.place, side, prepare, self._questions, places, self.plan.asking),
            )

    def _program(self, name: str, *arguments: str) -> Record:
        command = [sys.executable, "-m", f"eval.bench.{name}", *arguments]
        try:
            done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=600, check=False)
        except subprocess.TimeoutExpired as error:
            raise StepFailed("took longer than 600 s") from error
        if done.returncode:
            raise StepFailed(f"exit code {done.returncode}: {''.join(done.stderr.strip().splitlines()[-1:])[:300]}")
        return json.loads(done.stdout)
