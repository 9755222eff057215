"""`build --watch` as a person at the keyboard meets it."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import time

import pytest
from fakes import write_town

from index.errors import UserError
from ui.build_command import _AGAIN, state, watch
from ui.cli import ROOT


class Enough(Exception):
    """Ends a watch that would go on for ever."""


def looks(town, steps):
    """What `watch` does while `steps` happen to the folder, one before each look: the folder's files at each build."""
    built: list[list[str]] = []
    left = iter(steps)

    def sleep(seconds: float) -> None:
        step = next(left, None)
        if step is None:
            raise Enough
        step()

    def note() -> None:
        built.append(sorted(p.name for p in town.iterdir()))
        if "broken.txt" in built[-1]:
            raise UserError("broken")

    with pytest.raises(Enough):
        watch(town, note, 0, sleep)
    return built


def test_a_watch_builds_once_after_a_burst_of_changes(tmp_path, capsys):
    town = write_town(tmp_path / "town")

    def add(name):
        return lambda: (town / name).write_text(f"{name} is here.", encoding="utf-8")

    def nothing():
        pass

    burst = [nothing, nothing, add("a.txt"), add("b.txt"), add("c.txt"), nothing, nothing, nothing]
    first = ["hafen.txt", "school.txt", "tianwen.txt"]
    assert looks(town, burst) == [first, ["a.txt", "b.txt", "c.txt", *first]]
    then = [add("broken.txt"), nothing, nothing, (town / "broken.txt").unlink, nothing, nothing]
    assert [len(names) for names in looks(town, [nothing, *then])] == [6, 7, 6]
    assert capsys.readouterr().err == "crosscite: broken\n"


def test_a_watch_outlives_any_failure_says_it_once_and_tries_again_after_a_while(tmp_path, capsys, monkeypatch):
    town = write_town(tmp_path / "town")
    clock = itertools.cycle([0.0, 4e9, -1.0])
    monkeypatch.setattr(time, "time", lambda: next(clock))
    failures = iter([RuntimeError("the disk\nis full"), RuntimeError("the disk\nis full"), MemoryError(), UserError("no"), None])
    looked, builds = 0, []

    def sleep(seconds: float) -> None:
        nonlocal looked
        looked += 1
        if looked == 5 * _AGAIN:
            raise Enough

    def build() -> None:
        builds.append(looked)
        if error := next(failures):
            raise error

    with pytest.raises(Enough):
        watch(town, build, 0, sleep)
    assert builds == [0, _AGAIN, 2 * _AGAIN, 3 * _AGAIN, 4 * _AGAIN]
    assert capsys.readouterr().err.splitlines() == [
        "crosscite: the build failed (RuntimeError: the disk is full); it is tried again",
        "crosscite: the build failed (MemoryError: ); it is tried again",
        "crosscite: no",
    ]


def test_the_state_of_a_folder_sees_what_is_written_renamed_and_removed(tmp_path):
    town = write_town(tmp_path / "town")
    seen = [state(town)]
    (town / "sub").mkdir()
    for change in (
        lambda: (town / "sub" / "x.txt").write_text("Text.", encoding="utf-8"),
        lambda: (town / "hafen.txt").rename(town / "port.txt"),
        lambda: (town / "school.txt").write_text("Another text.", encoding="utf-8"),
        lambda: (town / "port.txt").unlink(),
    ):
        change()
        seen.append(state(town))
    assert all(a != b for a, b in itertools.pairwise(seen))
    (town / ".hidden").write_text("x", encoding="utf-8")
    assert state(town) == seen[-1] and state(tmp_path / "nowhere") == {}


@pytest.mark.slow
def test_ctrl_c_ends_a_watch_quietly_and_the_index_is_there(tmp_path):
    town, folder = write_town(tmp_path / "town"), tmp_path / "index"
    command = [sys.executable, "-m", "ui.cli", "build", "--watch", "--seeds", str(town), "--index", str(folder)]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until and "built, 3 articles" not in child.stdout.readline():
            pass
        child.send_signal(signal.SIGINT)
        assert child.wait(30) == 0 and child.stderr.read() == ""
    finally:
        child.kill()
    assert (folder / "manifest.json").exists()
