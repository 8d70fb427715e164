"""Makes an exported corpus small enough to travel: xz over note cells of two bits and labels of a byte.

    cargo run --release -p aeolian-train --example export_windows -- reference/pytorch/all-small.toml out/all.windows
    python reference/pytorch/pack.py out/all.windows out/all.windows.xz

`unpack_choices` makes rows of choices of what is packed; training does so window by window, on the device.
"""

import json
import lzma
import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import load as load_tensors
from torch import Tensor


def pack_choices(choices: Tensor, notes: int) -> tuple[Tensor, Tensor]:
    """(…, groups) → four note cells a byte (…, notes / 4), and the labels as they are (…, groups − notes).

    As crates/train/examples/export_windows.rs writes them.
    """
    a, b, c, d = choices[..., :notes].unflatten(-1, (notes // 4, 4)).unbind(-1)
    return a | b << 2 | c << 4 | d << 6, choices[..., notes:]


def unpack_choices(notes: Tensor, labels: Tensor) -> Tensor:
    """The inverse of `pack_choices`."""
    cells = torch.stack([notes >> shift & 3 for shift in (0, 2, 4, 6)], -1)
    return torch.cat([cells.flatten(-2), labels], -1)


def load(path: str | Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The exported tensors, choices still packed, and the metadata."""
    with lzma.open(path) as file:
        data = file.read()
    header = int.from_bytes(data[:8], "little")  # safetensors: a length, a header of JSON, the numbers
    return load_tensors(data), json.loads(data[8 : 8 + header])["__metadata__"]


def main(source: Path, target: Path) -> None:
    # Higher presets take many times longer for little: nearly all of it is silence.
    with source.open("rb") as file, lzma.open(target, "wb", preset=1) as packed:
        shutil.copyfileobj(file, packed, 2**20)
    print(f"{source.stat().st_size / 2**20:.1f} MiB → {target.stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
