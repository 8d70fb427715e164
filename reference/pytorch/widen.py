"""Weights of the canvas with three note lanes for the canvas with six (docs/decisions/0013-six-lanes.md).

    python reference/pytorch/widen.py OLD.safetensors FRESH.safetensors WIDENED.safetensors

FRESH is any weight file of the new canvas and the same network, after a step or two of training: it gives what OLD
cannot know, the biases of the new cells. Every old cell, noise level and row keeps its weights. Bass and sustained
notes are read at first as the harmony's are (its pictures held the bass until now), and written with half of its
weights; drums, ensemble and idiom begin from nothing. grow.py cannot do this: it only grows a layout at its end.
"""

import sys

import torch
from safetensors import safe_open
from safetensors.torch import save_file

STEPS, PITCHES = 4, 88
NOTES = 2 * STEPS * PITCHES
HARMONY, BASS, SUSTAINED = 2, 3, 5


def blocks(lanes: int, labels: bool) -> list[tuple[str, int, int, int]]:
    """(name, lane, groups, choices) of every block of a canvas with so many note lanes."""
    found = [(f"notes {lane}", lane, STEPS * PITCHES, 2) for lane in range(lanes)]
    found += [("root", lanes, 1, 12), ("bass", lanes, 1, 12), ("chroma", lanes, 12, 1)]
    found += [("key", lanes + 1, 1, 24), ("form", lanes + 2, 4, 1)]
    found += [(f"loudness {lane}", lanes + 3 + lane, STEPS, 16) for lane in range(lanes)]
    found += [(f"timing {lane}", 2 * lanes + 3 + lane, STEPS, 2) for lane in range(lanes)]
    if labels:
        found += [("ensemble", 3 * lanes + 3, lanes, 1), ("idiom", 3 * lanes + 4, 1, 16)]
    return found


def places(old: list, new: list) -> torch.Tensor:
    """Where every old cell lies in the new layout."""
    first, at = {}, 0
    for name, _, groups, choices in new:
        first[name], at = at, at + groups * choices
    return torch.cat([torch.arange(g * c) + first[name] for name, _, g, c in old])


def level_places(old: list, new: list) -> torch.Tensor:
    """Where the ten numbers of every old noise level lie among the new."""
    lane_of = {name: lane for name, lane, _, _ in new}
    lanes = {lane: lane_of[name] for name, lane, _, _ in old}
    return torch.cat([torch.arange(10) + 10 * lanes[lane] for lane in sorted(lanes)])


def moved(old: torch.Tensor, columns: torch.Tensor, width: int, tail: int) -> torch.Tensor:
    """A matrix whose first columns go to other places and whose last `tail` stay last; the rest is zero."""
    new = old.new_zeros(old.shape[0], width + tail)
    new[:, columns] = old[:, : len(columns)]
    if tail:
        new[:, -tail:] = old[:, -tail:]
    return new


def main(source: str, fresh: str, target: str) -> None:
    with safe_open(fresh, "pt") as file:
        metadata = {"architecture": file.metadata()["architecture"]}
        prior, bias = file.get_tensor("prior"), file.get_tensor("head.cells.bias").float()
    with safe_open(source, "pt") as file:
        tensors = {name: file.get_tensor(name).float() for name in file.keys()}
    old, new = blocks(3, False), blocks(6, True)
    bits = sum(groups * choices for _, _, groups, choices in new)
    cells, levels = places(old, new), level_places(old, new)
    level_count = 10 * (1 + max(lane for _, lane, _, _ in new))

    tensors["patch.cells.weight"] = moved(tensors["patch.cells.weight"], cells, bits, 32)
    for name in ("levels.0.weight", "embed.token.weight"):
        tensors[name] = moved(tensors[name], levels, level_count, 32)
    # A pixel has four numbers for every lane and step (two beliefs, two of evidence), then three of the chord.
    pixel = moved(tensors["embed.pixel.weight"], torch.arange(3 * 16), 6 * 16, 3)
    for lane in (BASS, SUSTAINED):
        for step in range(STEPS):
            beliefs = slice(16 * HARMONY + 4 * step, 16 * HARMONY + 4 * step + 2)
            pixel[:, 16 * lane + 4 * step : 16 * lane + 4 * step + 2] = tensors["embed.pixel.weight"][:, beliefs]
    tensors["embed.pixel.weight"] = pixel

    weight = tensors["head.cells.weight"]
    head = weight.new_zeros(bits, weight.shape[1])
    head[cells] = weight
    for lane in (BASS, SUSTAINED):
        head[NOTES * lane : NOTES * (lane + 1)] = 0.5 * weight[NOTES * HARMONY : NOTES * (HARMONY + 1)]
    tensors["head.cells.weight"] = head
    bias[cells] = tensors["head.cells.bias"]
    tensors |= {"head.cells.bias": bias, "prior": prior}
    for name in ("head.picture.weight", "head.picture.bias"):
        rows = tensors[name]
        fine = rows.new_zeros(6 * STEPS * 2, *rows.shape[1:])
        fine[: len(rows)] = rows
        for lane in (BASS, SUSTAINED):
            fine[8 * lane : 8 * (lane + 1)] = 0.5 * rows[8 * HARMONY : 8 * (HARMONY + 1)]
        tensors[name] = fine

    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, target, metadata)
    print(f"{sum(t.numel() for t in tensors.values())} numbers")


if __name__ == "__main__":
    main(*sys.argv[1:])
