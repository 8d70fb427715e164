"""Predicted against measured cost of composing: docs/performance.md's model for 1 to 128 bars and 1 to 64 pieces.

    python bench/cost.py target/release/aeolian [--bars 1 8 32 64 128] [--pieces 1 8 64] [--steps 4 12]

Measured is processor time (user and system, of all threads) of `aeolian compose` at the larger number of steps less that at the
smaller one, so that start, sound and pictures drop out; a machine that does something else disturbs little. Pieces of eight bars.
"""

import argparse
import math
import os
import subprocess
import tempfile

WINDOW, HOP, QUARTERS_A_BAR = 32, 16, 4


def windows(bars: int) -> tuple[int, int]:
    """How many windows, and the quarters of each."""
    quarters = bars * QUARTERS_A_BAR
    if quarters <= WINDOW:
        return 1, quarters
    return 1 + math.ceil((quarters - WINDOW) / HOP), WINDOW


def predicted_seconds(tokens: int, gflops: float) -> float:
    """One evaluation of a window, as docs/performance.md puts it: the network, the sampler, the weights once."""
    network = tokens * (22.8 + 0.036 * tokens) * 1e6 * 2 / (gflops * 1e9)
    return network + 1.0e-3 * tokens / WINDOW + 2.5e-3


def processor_seconds(program: str, bars: int, pieces: int, steps: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "compose", "--seed", "3", "--bars", str(bars), "-n", str(pieces), "--steps", str(steps)]
        child = subprocess.Popen([*command, "--out", folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        if status != 0:
            raise SystemExit(f"{' '.join(command)} ended with {status}")
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--bars", type=int, nargs="*", default=[1, 8, 32, 64, 128])
    parser.add_argument("--pieces", type=int, nargs="*", default=[8, 64])
    parser.add_argument("--steps", type=int, nargs=2, default=[4, 12])
    parser.add_argument("--gflops", type=float, default=95.0, help="what the layers reach together on one core")
    args = parser.parse_args()
    few, many = args.steps
    print("| bars | pieces | windows × quarters | predicted, ms an evaluation | measured | measured ÷ predicted |")
    print("|--:|--:|---|--:|--:|--:|")
    for bars, pieces in [(bars, 1) for bars in args.bars] + [(8, pieces) for pieces in args.pieces]:
        count, tokens = windows(bars)
        taken = processor_seconds(args.program, bars, pieces, many) - processor_seconds(args.program, bars, pieces, few)
        measured = taken / ((many - few) * count * pieces)
        predicted = predicted_seconds(tokens, args.gflops)
        cells = f"{1e3 * predicted:.1f} | {1e3 * measured:.1f} | {measured / predicted:.2f}"
        print(f"| {bars} | {pieces} | {count} × {tokens} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
