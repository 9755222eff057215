"""A driver as a process: orders and answers as JSON lines, a limit on each, and memory seen from outside."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval.bench.systems import ROOT, System

START = 240.0  # seconds for imports and the model


class StepFailed(Exception):
    """A step that a system did not get through: its error, or the limit of time it passed."""


def environment() -> dict[str, str]:
    """What every process gets: this checkout to import from, no network for models, no telemetry."""
    offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HAYSTACK_TELEMETRY_ENABLED": "False"}
    return {**os.environ, **offline, "PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1"}


class Driver:
    """The process of one system, from imports to its end; use as a context manager.

    StepFailed if it cannot start, answers an error, dies or is late.
    """

    def __init__(self, python: Path, system: System, encoder: str, variant: str, log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = open(log, "ab")  # noqa: SIM115 (closed by __exit__)
        self._child = subprocess.Popen(
            driver_command(python, system, encoder, variant), cwd=ROOT, env=environment(), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self._log,
        )  # fmt: skip
        try:
            self.started = self._answer(START)
        except StepFailed:
            self.__exit__()
            raise

    def __enter__(self) -> Driver:
        return self

    def __exit__(self, *error: object) -> None:
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout, self._log):
            try:
                pipe.close()
            except BrokenPipeError:  # an order that a dead child never read
                continue

    def ask(self, limit: float, /, **order: Any) -> dict[str, Any]:
        """The answer to one order, at most `limit` seconds later."""
        try:
            self._child.stdin.write(json.dumps(order).encode() + b"\n")
            self._child.stdin.flush()
        except OSError as error:
            raise StepFailed("the process has ended") from error
        return self._answer(limit)

    def peak(self) -> int:
        """The most memory in bytes that the process has had resident (VmHWM)."""
        for line in Path(f"/proc/{self._child.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) << 10
        raise StepFailed("the process has ended")

    def _answer(self, limit: float) -> dict[str, Any]:
        late, begun = threading.Timer(limit, self._child.kill), time.monotonic()
        late.start()
        line = self._child.stdout.readline()
        late.cancel()
        if not line.endswith(b"\n"):
            timed_out = time.monotonic() - begun >= limit
            raise StepFailed(f"took longer than {limit:.0f} s" if timed_out else "died; its log tells why")
        answer = json.loads(line)
        if "error" in answer:
            raise StepFailed(answer["error"])
        return answer


def driver_command(python: Path, system: System, encoder: str, variant: str, *more: str) -> list[str]:
    """The command line of a driver."""
    return [str(python), "-m", system.module, "--encoder", encoder, "--variant", variant, *more]


def seconds_of(command: Sequence[str], limit: float) -> float:
    """Seconds from the start of a command to its end; StepFailed if it fails, is late or prints nothing it should."""
    begun = time.perf_counter()
    try:
        done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired as error:
        raise StepFailed(f"took longer than {limit:.0f} s") from error
    taken = time.perf_counter() - begun
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise StepFailed(f"exit code {done.returncode}: {''.join(last)[:300]}")
    return taken
