"""Run a command as a whole process on given cores; its time and its memory. Linux only."""

import os
import statistics
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

INTERVAL = 0.05


@dataclass(frozen=True)
class Measured:
    """One run: wall time with start-up, time on a processor (which other work on the machine does
    not lengthen much), the largest process, and the most that all had at once."""

    seconds: float
    cpu_seconds: float
    largest_mb: float
    total_mb: float


def measure(
    command: Sequence[str],
    log: Path,
    cores: Sequence[int] = (0,),
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Measured:
    """Run a command to its end. What it prints goes to the log, whose end is shown if it fails."""
    pinned = ["taskset", "-c", ",".join(map(str, cores)), *command]
    own = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", **(environment or {})}
    with log.open("w") as output:
        started = perf_counter()
        process = subprocess.Popen(
            pinned, stdout=output, stderr=subprocess.STDOUT, cwd=cwd,
            env={**os.environ, **own}, start_new_session=True,
        )  # fmt: skip
        watch = Watch(process.pid)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = perf_counter() - started
        watch.ended.set()
        watch.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        print(log.read_text()[-3000:], file=sys.stderr)
        raise subprocess.CalledProcessError(process.returncode, pinned)
    return Measured(
        seconds=round(seconds, 3),
        # What no process has waited for is not in the first.
        cpu_seconds=round(max(usage.ru_utime + usage.ru_stime, watch.cpu_seconds), 3),
        # Not `ru_maxrss`, which begins at what this process had when it forked.
        largest_mb=round(watch.largest / 1024, 1),
        total_mb=round(watch.most / 1024, 1),
    )


class Watch(threading.Thread):
    """Adds up memory and time of all processes of a session again and again; shared pages once."""

    def __init__(self, session: int) -> None:
        super().__init__(daemon=True)
        self.session = session
        self.most = self.largest = 0
        self.ticks: dict[int, int] = {}
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(INTERVAL):
            found = _members(self.session)
            self.ticks |= found
            self.most = max(
                self.most, sum(_kilobytes(one, "smaps_rollup", "Pss:") for one in found)
            )
            peaks = [_kilobytes(one, "status", "VmHWM:") for one in found]
            self.largest = max(self.largest, *peaks, 0)

    @property
    def cpu_seconds(self) -> float:
        return sum(self.ticks.values()) / os.sysconf("SC_CLK_TCK")


def _members(session: int) -> dict[int, int]:
    """The processes of a session, with the clock ticks that each has run for."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_text()
            except OSError:
                continue  # it has ended meanwhile
            fields = stat.rpartition(")")[2].split()
            if int(fields[3]) == session:
                found[int(folder.name)] = int(fields[11]) + int(fields[12])
    return found


def _kilobytes(process: int, file: str, name: str) -> int:
    try:
        rows = Path(f"/proc/{process}/{file}").read_text().splitlines()
    except OSError:
        return 0  # it has ended meanwhile
    return next((int(row.split()[1]) for row in rows if row.startswith(name)), 0)


def rounds(
    runs: Mapping[str, Any], times: int, show: bool = True
) -> dict[str, list[dict[str, float]]]:
    """Call each of the runs in turn, so many times over, so that all see the same noise."""
    measured: dict[str, list[dict[str, float]]] = {name: [] for name in runs}
    for number in range(times):
        for name, run in runs.items():
            one = run()
            measured[name].append(asdict(one))
            if show:
                print(f"round {number + 1}: {name} {one.seconds:.2f} s", file=sys.stderr)
    return measured


def median(of: list[dict[str, float]], what: str) -> float:
    """The median of one figure over the rounds."""
    return statistics.median(one[what] for one in of)


def machine() -> dict[str, Any]:
    """Where this was measured."""
    information = Path("/proc/cpuinfo").read_text().splitlines()
    processor = next(row.partition(": ")[2] for row in information if row.startswith("model name"))
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // 1024
    return {
        "processor": processor,
        "cores": os.cpu_count(),
        "memory_mb": memory,
        "python": sys.version.split()[0],
        "penstock": version("penstock"),
        "commit": _commit(),
        "load": os.getloadavg()[0],
    }


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    here = Path(__file__).parent
    return subprocess.run(command, cwd=here, capture_output=True, text=True).stdout.strip()
