"""Weights for a token layout that has grown by blocks at its end (crates/nets/src/grow.rs).

Three kinds of tensors see a layout: what reads cells (columns: cells, then POSITION_WIDTH numbers of position), what
reads noise levels (columns: levels, then position), and what writes cells (rows). New columns begin at zero, so that
the network answers as before; new rows keep what they are, which is the prior of the new cells.
"""

from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from model import POSITION_WIDTH, Denoiser

# What reads cells or noise levels, in both networks.
READERS = ("patch.cells.weight", "levels.0.weight", "embed.token.weight")
# What writes cells.
WRITERS = ("head.cells.weight", "head.cells.bias")


@torch.no_grad()
def adopt(name: str, old: Tensor, new: Tensor) -> bool:
    """Copies an old tensor into a new one of the same or a grown shape; False (nothing copied) where it cannot be."""
    if old.ndim != new.ndim or old.ndim not in (1, 2):
        return False
    old, new = (t[:, None] if t.ndim == 1 else t for t in (old, new))  # a vector is a matrix of one column
    (old_rows, old_columns), (rows, columns) = old.shape, new.shape
    rows_fit = old_rows == rows or name in WRITERS and old_rows < rows
    columns_fit = old_columns == columns or name in READERS and old_columns < columns
    tail = 0 if old_columns == columns else POSITION_WIDTH
    if not rows_fit or not columns_fit or tail > old_columns:
        return False
    cells = old_columns - tail
    known = new[:old_rows]
    known.zero_()
    known[:, :cells] = old[:, :cells]
    known[:, columns - tail :] = old[:, cells:]
    return True


def adopt_file(model: Denoiser, path: str | Path) -> int:
    """Takes over every tensor of a weight file that fits; returns how many numbers that were.

    What has no counterpart keeps its fresh weights.
    """
    adopted = 0
    with safe_open(str(path), framework="pt") as file:
        names = set(file.keys())
        for name, parameter in model.named_parameters():
            if name in names and adopt(name, tensor := file.get_tensor(name).float(), parameter):
                adopted += tensor.numel()
    return adopted
