"""The measurements: each a function that returns a record to be saved, or raises StepFailed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.bench import corpora
from eval.bench.process import Driver, StepFailed, driver_command, environment, seconds_of
from eval.bench.systems import ENCODER, ROOT, System, ours
from eval.dataset import Question

K = 5
ASKED = "Wie stark ist Shanghais KI-Industrie 2024 gewachsen?"
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Side:
    """A system as it is measured once: which variant, with which encoder; `ours` has no other than its own."""

    system: System
    variant: str
    encoder: str

    @property
    def label(self) -> str:
        """Its name in tables and of files."""
        return self.system.name + ("" if self.variant == "default" else f" ({self.variant})")

    @property
    def hybrid(self) -> bool:
        """True if it joins vectors and words."""
        return self.variant in self.system.hybrid


@dataclass(frozen=True, slots=True)
class Place:
    """Where the benchmark keeps what it makes, and the Python of each environment."""

    folder: Path
    peers_python: Path

    def python(self, system: System) -> Path:
        """The interpreter that has the system."""
        return Path(sys.executable) if system.ours else self.peers_python

    def driver(self, side: Side) -> Driver:
        """A fresh process of it."""
        log = self.folder / "logs" / f"{side.system.name}-{side.variant}.log"
        return Driver(self.python(side.system), side.system, side.encoder, side.variant, log)

    def index(self, side: Side, corpus: str) -> Path:
        """Where it keeps its index of a corpus."""
        model = "" if side.encoder in ("embedded", str(ENCODER)) else "-minilm"
        return self.folder / "index" / corpus / f"{side.system.name}-{side.variant}{model}"


def us() -> Side:
    """Our own side."""
    return Side(ours(), "default", "embedded")


def install(place: Place, system: System) -> Record:
    """Bytes installed beyond a bare environment; ours with this project's own files, encoder included."""
    command = [str(place.python(system)), "-m", "eval.bench.installed", *system.requirements]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        raise StepFailed(done.stderr.strip().splitlines()[-1][:300])
    found = json.loads(done.stdout)
    if found["missing"] and not system.ours:
        raise StepFailed(f"not installed: {', '.join(found['missing'])}")
    if system.ours:
        found["bytes"] += sum(size_of(ROOT / name) for name in ("index", "rag", "ui"))
    return found


def importing(place: Place, system: System, rounds: int) -> Record:
    """Seconds of fresh processes that import what a program with this system imports, after one that is not counted."""
    command = [str(place.python(system)), "-c", system.imports]
    seconds_of(command, 240)
    return {"seconds": [seconds_of(command, 120) for _ in range(rounds)]}


def cold(place: Place, sides: Sequence[Side], rounds: int) -> dict[str, Record]:
    """By label: seconds from the start of a process to the answer of one question, in turn, after one round that is not
    counted. Ours is the whole `crosscite ask`, a peer's is its shortest program over a saved index."""
    taken: dict[str, Record] = {}
    for number in range(rounds + 1):
        for side in sides:
            mine = taken.setdefault(side.label, {"seconds": []})
            if "error" in mine:
                continue
            try:
                seconds = seconds_of(ask_command(place, side), 120)
            except StepFailed as error:
                mine["error"] = str(error)
                continue
            if number:
                mine["seconds"].append(seconds)
    return taken


def ask_command(place: Place, side: Side) -> list[str]:
    """The command that answers one question over the saved index of the seeds."""
    index = str(place.index(side, "seeds"))
    if side.system.ours:
        return [sys.executable, "-m", "ui.cli", "ask", ASKED, "--index", index]
    return driver_command(place.python(side.system), side.system, side.encoder, side.variant, "--ask", index, ASKED)


def build(place: Place, side: Side, corpus: str, articles: Path, limit: float, update: bool) -> Record:
    """A build from nothing and, if wished, one after 1 % of the articles changed: seconds, passages, peak memory of the
    process until the first ended, bytes on disk. Starting the process is not in the seconds."""
    index = place.index(side, corpus)
    shutil.rmtree(index, ignore_errors=True)
    with place.driver(side) as driver:
        built = driver.ask(limit, do="build", articles=str(articles), index=str(index))
        record = {
            "start": driver.started["seconds"], "seconds": built["seconds"], "passages": built["passages"],
            "peak": driver.peak(), "disk": size_of(index),
        }  # fmt: skip
        if update:
            changed = corpora.change(articles, "Sunday")
            try:
                again = driver.ask(limit, do="update", articles=str(articles), index=str(index), changed=changed)
                record |= {"update_seconds": again["seconds"], "changed": len(changed)}
            except StepFailed as error:
                record["update_error"] = str(error)
            finally:
                corpora.restore(articles, changed, "Sunday")
    return record


@dataclass(frozen=True, slots=True)
class Asking:
    """How many questions are asked: `warm` first, then `rounds` of `each` one by one, then `crowd` by `clients` at once.

    No question is asked twice. `limit` is in seconds, for each of these.
    """

    warm: int
    rounds: int
    each: int
    crowd: int
    clients: int = 8
    limit: float = 60.0


def search(
    place: Place, peer: Side, prepare: Callable[[Side, Driver], None], questions: Sequence[Question], places: corpora.Places,
    asking: Asking,
) -> Record:
    """Ours and a peer, both warm, asked the same questions in turn (A B A B); `prepare` makes an index ready.

    For each side `rounds`: seconds a question, round by round; `crowd`: seconds a question of many clients;
    `ranks`: the rank of the first right passage of each question of the rounds; `characters` of the five hits. A side that
    fails with many clients has a `crowd_error`.
    """  # fmt: skip
    sides = {"ours": us(), "peer": peer}
    queue = list(questions)
    out: Record = {name: {"rounds": [], "ranks": [], "characters": []} for name in sides}

    def take(number: int) -> list[Question]:
        taken, queue[:number] = queue[:number], []
        return taken

    with ExitStack() as stack:
        drivers = {name: stack.enter_context(place.driver(side)) for name, side in sides.items()}
        for name, driver in drivers.items():
            prepare(sides[name], driver)
            out[name]["memory"] = driver.peak()

        def ask(driver: Driver, some: Sequence[Question], clients: int = 1) -> Record:
            order = {"questions": [q.question for q in some], "k": K, "clients": clients, "limit": asking.limit}
            return driver.ask(4 * asking.limit, do="search", **order)

        some = take(asking.warm)
        for driver in drivers.values():
            ask(driver, some)
        for _ in range(asking.rounds):
            some = take(asking.each)
            for name, driver in drivers.items():
                answer = ask(driver, some)
                out[name]["rounds"].append(answer["times"])
                told = list(zip(answer["texts"], some, strict=False))
                out[name]["ranks"] += [places.rank(texts, question) for texts, question in told]
                out[name]["characters"] += [sum(map(len, texts)) for texts, _ in told]
        some = take(asking.crowd)
        for name, driver in drivers.items():
            try:
                answer = ask(driver, some, asking.clients)
                out[name] |= {"crowd": answer["times"], "crowd_seconds": answer["seconds"]}
            except StepFailed as error:  # what was measured before stands
                out[name] |= {"crowd": [], "crowd_error": str(error)}
    return out


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files below a folder, caches of Python aside."""
    if path.is_file():
        return path.stat().st_size
    return sum(p.stat().st_size for p in path.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
