"""Kills, damage, readers during swaps, full disks, two builders, Ctrl-C, a watched folder: each with real processes."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from common import ROOT, ConceptEmbedder, answers, write_folder

from index.store import build

HERE = Path(__file__).parent


def counted(script: str, *arguments: object) -> dict:
    """What a fault script counted; fails with its errors if it found something wrong."""
    done = subprocess.run([sys.executable, str(HERE / script), *map(str, arguments)], capture_output=True, text=True, timeout=550, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_a_build_killed_at_any_file_operation_leaves_the_old_index_or_the_new(tmp_path):
    seen = counted("killed_builds.py", tmp_path)
    assert seen["kills"] >= 200 and seen["before"] > 100 and seen["after"] > 0


@pytest.mark.slow
def test_a_damaged_index_answers_as_before_or_names_the_file_and_what_to_type(tmp_path):
    seen = counted("damage.py", tmp_path, "--cases", 500, "--seed", 7)
    assert (seen["cases"], seen["wrong"], seen["crashes"], seen["kinds"]) == (500, 0, 0, 14)
    assert seen["refused"] > 400 and seen["built"] == 10 and seen["refused"] + seen["unchanged"] == 500


@pytest.mark.slow
def test_every_reader_during_swaps_sees_one_build_whole(tmp_path):
    seen = counted("readers.py", tmp_path, "--readers", 4, "--swaps", 12)
    assert (seen["wrong"], seen["failures"], seen["swaps"]) == (0, 0, 12) and seen["openings"] >= 4 and seen["builds_seen"] >= 2


@pytest.mark.slow
def test_a_disk_without_room_leaves_the_old_index_and_says_so():
    seen = counted("full_disk.py", "--steps", 12)
    if "skipped" in seen:
        pytest.skip(seen["skipped"])
    assert seen["refused"] >= 5 and seen["built"] >= 3 and seen["refused"] + seen["built"] == seen["disks"] and seen["read_only"] == 1


@pytest.mark.slow
def test_a_second_look_at_a_large_folder_reads_and_encodes_nothing(tmp_path):
    seen = counted("many_articles.py", tmp_path, "--articles", 600)
    assert seen["passages"] >= 600 and seen["recheck"] < seen["build"] / 3


@pytest.mark.slow
def test_nothing_leaves_the_machine_whatever_is_asked_of_it(tmp_path):
    assert counted("offline.py", tmp_path / "x")["steps"] == 14


@pytest.fixture
def seeds(tmp_path) -> Path:
    return write_folder(tmp_path / "seeds", 40, count=60)


def start(*arguments: object, wait: float = 0.2, **more: object) -> subprocess.Popen:
    """The command line in a process of its own, a batch taking `wait` seconds."""
    command = [sys.executable, str(HERE / "slow_cli.py"), str(wait), *map(str, arguments)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(command, cwd=ROOT, env=environment, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | more)


def until(true, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)


def encoded(folder: Path) -> int:
    """Bytes of passages that a build which is at work, or was broken off, has encoded."""
    path = folder / "encoded.partial"
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_size
    return 0


@contextlib.contextmanager
def killed_at_last(program: subprocess.Popen):
    try:
        yield program
    finally:
        program.kill()
        program.wait()
        for pipe in (program.stdout, program.stderr):
            if pipe:
                pipe.close()


@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_a_build_that_is_stopped_leaves_the_old_index_and_the_next_goes_on(tmp_path, seeds, end):
    folder = tmp_path / "index"
    before = write_folder(tmp_path / "before", 7)
    build(before, folder, ConceptEmbedder())
    old = answers(folder)
    with killed_at_last(start("build", "--seeds", seeds, "--index", folder)) as program:
        until(lambda: encoded(folder) > 16 * 1024)
        program.send_signal(end)
        out, err = program.communicate(timeout=60)
    assert (program.returncode, out, err) == (1, "", "crosscite: stopped\n")
    assert answers(folder) == old
    assert {p.name for p in folder.iterdir() if not p.name.startswith("data-")} == {"manifest.json", "lock", "encoded.partial"}
    assert len(list(folder.glob("data-*"))) == 1
    seen: list[tuple[int, int]] = []
    built = build(seeds, folder, ConceptEmbedder(), lambda done, total: seen.append((done, total)))
    assert 8 <= seen[0][0] < seen[0][1] == built.passages and not (folder / "encoded.partial").exists()
    build(seeds, tmp_path / "anew", ConceptEmbedder())
    assert answers(folder) == answers(tmp_path / "anew") != old


@pytest.mark.slow
def test_of_two_builders_one_builds_and_the_other_is_told_so(tmp_path, seeds):
    folder = tmp_path / "index"
    with killed_at_last(start("build", "--seeds", seeds, "--index", folder)) as first:
        until(lambda: encoded(folder) > 0)
        first.send_signal(signal.SIGSTOP)  # holds its lock for as long as the other one runs
        with killed_at_last(start("build", "--seeds", seeds, "--index", folder)) as second:
            out, err = second.communicate(timeout=60)
        assert (second.returncode, out) == (1, "")
        assert err == f"crosscite: another build is at work in {folder}; wait until it has ended\n"
        first.send_signal(signal.SIGCONT)
        out, err = first.communicate(timeout=120)
        assert (first.returncode, err) == (0, "") and "built, 63 articles" in out
    build(seeds, tmp_path / "anew", ConceptEmbedder())
    assert answers(folder) == answers(tmp_path / "anew")


def screen(fd: int, program: subprocess.Popen, enough=lambda text: False) -> str:
    """What a program writes to its terminal until it ends or that is `enough`."""
    text, end = "", time.monotonic() + 90
    while not enough(text):
        assert time.monotonic() < end, text
        if select.select([fd], [], [], 0.1)[0]:
            try:
                text += os.read(fd, 65536).decode("utf-8", "replace")
            except OSError:  # the other side has hung up
                break
        elif program.poll() is not None:
            break
    return text


@pytest.mark.slow
def test_a_person_at_a_terminal_sees_rate_and_time_left_and_can_stop_the_build(tmp_path, seeds):
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, 0x5414, b"\x28\x00\x78\x00\x00\x00\x00\x00")  # TIOCSWINSZ: 40 lines of 120 letters
    terminal = {"stdin": theirs, "stdout": theirs, "stderr": theirs, "text": False, "start_new_session": True}
    command = ("build", "--seeds", seeds, "--index", tmp_path / "index")
    take = "import fcntl, os, sys; fcntl.ioctl(0, 0x540E, 0); os.execv(sys.argv[1], sys.argv[1:])"  # TIOCSCTTY
    whole = [sys.executable, "-c", take, sys.executable, str(HERE / "slow_cli.py"), "0.3", *map(str, command)]
    with killed_at_last(subprocess.Popen(whole, cwd=ROOT, **terminal)) as program:
        seen = screen(ours, program, lambda text: len(re.findall(r"\d+%", text)) > 3)
        os.write(ours, b"\x03")
        seen += screen(ours, program)
        assert program.wait(60) == 1
    assert re.search(r"encoding: +\d+%.* \d+/\d+ \[\d\d:\d\d<\d\d:\d\d, +\d+\.\d\dpassage/s\]", seen), seen
    assert seen.rstrip().endswith("crosscite: stopped") and "Traceback" not in seen
    with killed_at_last(subprocess.Popen(whole, cwd=ROOT, **terminal)) as program:
        again = screen(ours, program)
        assert program.wait(60) == 0
    os.close(ours)
    os.close(theirs)
    first = re.search(r" (\d+)/(\d+) \[", again)
    assert int(first[1]) >= 8 and "built, 63 articles" in again


@pytest.mark.slow
def test_a_watch_outlives_a_folder_that_goes_breaks_and_comes_back(tmp_path):
    town, folder = write_folder(tmp_path / "town", 40, count=1), tmp_path / "index"
    log = tmp_path / "log"
    with (tmp_path / "out").open("w") as out, (tmp_path / "err").open("w") as err:
        program = start("build", "--watch", "--seeds", town, "--index", folder, "--log", log, wait=0, stdout=out, stderr=err)

    def said(name: str, text: str) -> bool:
        return text in (tmp_path / name).read_text(encoding="utf-8")

    with killed_at_last(program):
        until(lambda: said("out", "built, 4 articles"))
        town.rename(tmp_path / "away")
        until(lambda: said("err", "no folder"))
        old = answers(folder)
        (tmp_path / "away").rename(town)
        (town / "SOURCES.toml").write_text("broken", encoding="utf-8")
        until(lambda: said("err", "SOURCES.toml"))
        (town / "SOURCES.toml").unlink()
        new = town / "note00.txt"
        new.write_text("Harbour note\n\nThe harbour has 99 ships today.\n", encoding="utf-8")
        os.utime(new, (1, 1))  # written before the clock was set right
        until(lambda: said("out", "~ note00"))
        assert answers(folder) != old
        new.write_text("Harbour note\n\nThe harbour has 98 ships today.\n", encoding="utf-8")
        os.utime(new, (1 << 33, 1 << 33))  # and one in the year 2242
        until(lambda: (tmp_path / "out").read_text(encoding="utf-8").count("~ note00") == 2)
        (folder / "lock").unlink()
        (folder / "lock").mkdir()
        (town / "more.txt").write_text("One more bridge.", encoding="utf-8")
        until(lambda: said("err", "cannot write to"))
        (folder / "lock").rmdir()
        (town / "more.txt").write_text("Two more bridges.", encoding="utf-8")
        until(lambda: said("out", "+ more"))
        program.send_signal(signal.SIGTERM)
        assert program.wait(30) == 0
    assert (tmp_path / "err").read_text(encoding="utf-8").count("\n") == 3
    events = [json.loads(line)["event"] for line in log.read_text(encoding="ascii").splitlines()]
    assert events.count("not_built") == 3 and events.count("built") >= 4
