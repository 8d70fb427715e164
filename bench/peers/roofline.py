"""Draws achieved against possible speed for every layer, from what `cargo bench -p aeolian-kernels` prints.

    cargo bench -p aeolian-kernels | python bench/peers/roofline.py [--bandwidth 20] > docs/pictures/roofline.svg

Across: FLOP for every byte that a layer reads or writes if all of it comes from memory once. Up: GFLOP/s. The roof is
the measured peak of the micro-kernel, and on the left what memory of `--bandwidth` GB/s could feed. Points above the sloping
part are layers whose weights and pictures stay in a cache, as most do.
"""

import argparse
import math
import re
import sys

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 720, 420, 64, 52, 34, 16
X_RANGE, Y_RANGE = (0.5, 64.0), (5.0, 200.0)


def x_of(intensity: float) -> float:
    share = math.log(intensity / X_RANGE[0]) / math.log(X_RANGE[1] / X_RANGE[0])
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def y_of(speed: float) -> float:
    share = math.log(speed / Y_RANGE[0]) / math.log(Y_RANGE[1] / Y_RANGE[0])
    return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)


def text(x: float, y: float, words: str, anchor: str = "start", size: int = 12) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}">{words}</text>'


def line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bandwidth", type=float, default=20.0, help="GB/s from memory")
    args = parser.parse_args()
    peak, layers = None, []
    for row in sys.stdin:
        if found := re.search(r"nearest cache: ([\d.]+) GFLOP/s", row):
            peak = float(found[1])
        if found := re.match(r"\| (\w+): (.+?) \| (\d+) × (\d+) × (\d+) \| ([\d.]+) ", row):
            m, n, k = (int(found[i]) for i in (3, 4, 5))
            intensity = 2 * m * n * k / (4 * (m * k + n * k + m * n))
            layers.append((found[1], found[2], intensity, float(found[6])))
    if peak is None or not layers:
        raise SystemExit("this is not what `cargo bench -p aeolian-kernels` prints")

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" fill="#222">']
    parts.append(f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>')
    parts.append(text(LEFT, 20, "Layers of the default network on one core: achieved against possible", size=14))
    for power in range(0, 7):
        x = x_of(2.0**power)
        parts += [line(x, TOP, x, HEIGHT - BOTTOM, "#eee"), text(x, HEIGHT - BOTTOM + 18, f"{2**power}", "middle")]
    for speed in (5, 10, 20, 50, 100, 200):
        parts += [line(LEFT, y_of(speed), WIDTH - RIGHT, y_of(speed), "#eee"), text(LEFT - 8, y_of(speed) + 4, f"{speed}", "end")]
    ridge = peak / args.bandwidth
    left = max(X_RANGE[0], Y_RANGE[0] / args.bandwidth)
    parts.append(line(x_of(left), y_of(left * args.bandwidth), x_of(ridge), y_of(peak), "#888"))
    parts.append(line(x_of(ridge), y_of(peak), WIDTH - RIGHT, y_of(peak), "#888"))
    parts.append(text(WIDTH - RIGHT, y_of(peak) - 6, f"micro-kernel {peak:.0f} GFLOP/s", "end"))
    parts.append(text(x_of(left) + 8, y_of(left * args.bandwidth) - 8, f"memory {args.bandwidth:.0f} GB/s"))
    placed: list[float] = []
    for group, name, intensity, speed in sorted(layers, key=lambda layer: layer[3]):
        x, y = x_of(intensity), y_of(speed)
        label = y
        while any(abs(label - other) < 13 for other in placed):
            label += 1
        placed.append(label)
        colour = "#0b6" if group == "pictures" else "#06b"
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>')
        right = x < WIDTH * 0.7
        parts.append(text(x + (9 if right else -9), label + 4, f"{group}: {name}", "start" if right else "end", 11))
    parts.append(text((WIDTH + LEFT) / 2, HEIGHT - 12, "FLOP a byte", "middle"))
    parts.append(f'<g transform="translate(16 {HEIGHT / 2}) rotate(-90)">{text(0, 0, "GFLOP/s", "middle")}</g></svg>')
    print("\n".join(parts))


if __name__ == "__main__":
    main()
