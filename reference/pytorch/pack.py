"""Makes an exported corpus small enough to travel: note cells as two bits, then zlib.

    cargo run --release -p aeolian-train --example export_windows -- configs/pop909-transformer.toml out/pop909.windows
    python reference/pytorch/pack.py out/pop909.windows out/pop909.npz

`unpack` is the inverse; packing ends by asking for the same bytes back.
"""

import json
import sys
from pathlib import Path

import numpy as np
from safetensors import safe_open


def note_groups(architecture: dict) -> int:
    """Groups of two choices at the start of a row: the note cells."""
    lanes = architecture["geometry"]["note_lanes"]
    return sum(groups for _, groups, _ in architecture["blocks"][:lanes])


def pack_choices(choices: np.ndarray, notes: int) -> tuple[np.ndarray, np.ndarray]:
    """(…, groups) → four note cells a byte (…, notes / 4), and the labels as they are (…, groups − notes)."""
    quads = choices[..., :notes].reshape(*choices.shape[:-1], notes // 4, 4)
    return (quads << np.array([0, 2, 4, 6], np.uint8)).sum(-1, dtype=np.uint8), choices[..., notes:]


def unpack_choices(packed: np.ndarray, labels: np.ndarray) -> np.ndarray:
    quads = packed[..., None] >> np.array([0, 2, 4, 6], np.uint8) & 3
    return np.concatenate([quads.reshape(*packed.shape[:-1], -1), labels], -1)


def unpack(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The exported tensors and metadata again."""
    with np.load(path) as file:
        tensors = {name: file[name] for name in file.files}
    metadata = json.loads(str(tensors.pop("metadata")))
    for name in ("choices", "valid.choices"):
        tensors[name] = unpack_choices(tensors.pop(f"{name}.notes"), tensors.pop(f"{name}.labels"))
    return tensors, metadata


def main(source: Path, target: Path) -> None:
    with safe_open(str(source), framework="np") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    notes = note_groups(json.loads(metadata["architecture"]))
    packed = {name: tensor for name, tensor in tensors.items() if not name.endswith("choices")}
    for name in ("choices", "valid.choices"):
        packed[f"{name}.notes"], packed[f"{name}.labels"] = pack_choices(tensors[name], notes)
    np.savez_compressed(target, metadata=json.dumps(metadata), **packed)
    back, _ = unpack(target)
    assert all(np.array_equal(back[name], tensor) for name, tensor in tensors.items()), "the packed corpus differs"
    print(f"{source.stat().st_size / 2**20:.1f} MiB → {target.stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
