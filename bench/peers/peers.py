"""What the scripts of this folder share: our own program as a partner that answers, and medians of alternating rounds."""

import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = ROOT / "models" / "full-transformer.safetensors"


class Ours:
    """`crates/nets/examples/peer.rs`, kept running: each request is one line, each answer the seconds it took."""

    def __init__(self, folder: Path, weights: Path = WEIGHTS):
        command = ["cargo", "run", "--release", "-q", "-p", "aeolian-nets", "--example", "peer", "--", weights, folder]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.about = self.process.stdout.readline().strip()

    def ask(self, request: str) -> float:
        self.process.stdin.write(request + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def write_case(folder: Path, tokens: int, lanes: int, bits: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A window of `tokens` quarters half way to music, for us in `folder` and for the others as arrays (1, T, …)."""
    generator = np.random.default_rng(tokens)
    evidence = generator.normal(0.0, 3.0, (1, tokens, bits)).astype(np.float32)
    log_snr = np.full((1, tokens, lanes), 0.5, np.float32)
    positions = np.array([[[q % 4 * 2, 8] for q in range(tokens)]], np.uint8)
    for name, array in (("evidence", evidence), ("log_snr", log_snr), ("positions", positions)):
        array.tofile(folder / f"{name}-{tokens}")
    return evidence, log_snr, positions


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def alternate(rounds: int, contestants: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Every contestant once a round, after two rounds that do not count. Each returns its seconds."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for index in range(rounds + 2):
        for name, run in contestants.items():
            took = run()
            if index >= 2:
                seconds[name].append(took)
    return seconds


def row(name: str, seconds: list[float], ours: list[float], note: str = "") -> str:
    """A line of a table: median and least in milliseconds, and how many times as long as ours."""
    median, best = statistics.median(seconds), min(seconds)
    ratios = f"{median / statistics.median(ours):.2f} | {best / min(ours):.2f}"
    return f"| {name} | {1e3 * median:.1f} | {1e3 * best:.1f} | {ratios} | {note} |"


HEADER = "| | median, ms | best, ms | ÷ ours, median | ÷ ours, best | |\n|---|--:|--:|--:|--:|---|"
