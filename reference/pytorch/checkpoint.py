"""A run as files: small enough each to come back from a lent machine, and exact wherever there is room.

`average-*.safetensors` hold the averaged weights in f16 under Rust's names; `join` makes one weight file of them.
`state-*.safetensors` hold what going on needs besides. With a limit on the bytes, the richest rung that fits is taken:

    exact     weights, average, both moments in f32: 18 bytes a weight; goes on as if never interrupted
    moments   weights f16, root of the second moment bf16: 6 bytes; the first moment remembers 10 steps and starts at 0
    weights   weights f16: 4 bytes; the second moment remembers 100 steps, starts at 0, and the rate warms up again
    average   nothing besides: 2 bytes; goes on from the average

    python reference/pytorch/checkpoint.py join FOLDER OUT.safetensors
"""

import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

SHARD_BYTES = 15 * 2**20
MOST_FILES = 8
RUNGS = {
    "exact": {"weights": torch.float32, "averaged": torch.float32, "first": torch.float32, "second": torch.float32},
    "moments": {"weights": torch.float16, "root_second": torch.bfloat16},
    "weights": {"weights": torch.float16},
    "average": {},
}


@dataclass
class Counters:
    """How far a run is. `warm_from`: examples seen when the moments last began."""

    seen: int = 0
    steps: int = 0
    warm_from: int = 0
    seconds: float = 0.0
    log: list[dict] = field(default_factory=list)


@dataclass
class Run:
    """Everything that changes while training; tensors by Rust's names."""

    weights: dict[str, Tensor]
    averaged: dict[str, Tensor]
    first: dict[str, Tensor]
    second: dict[str, Tensor]
    counters: Counters


def rung_for(numbers: int, limit: int | None) -> str:
    for name, kinds in RUNGS.items():
        size = numbers * (2 + sum(dtype.itemsize for dtype in kinds.values()))
        if limit is None or size <= limit:
            return name
    raise ValueError(f"{numbers} weights do not fit into {limit} bytes, not even the average alone")


def shards(tensors: dict[str, Tensor]) -> list[dict[str, Tensor]]:
    """Cut into parts of at most SHARD_BYTES (a larger tensor is a part of its own)."""
    parts: list[dict[str, Tensor]] = []
    room = 0
    for name, tensor in tensors.items():
        if not parts or tensor.nbytes > room:
            parts.append({})
            room = SHARD_BYTES
        parts[-1][name] = tensor
        room -= tensor.nbytes
    return parts


def save(folder: Path, run: Run, prior: Tensor, metadata: dict[str, str], limit: int | None = None) -> str:
    """Writes a run within `limit` bytes; returns its rung. A new set replaces the old one only when it is whole."""
    rung = rung_for(sum(w.numel() for w in run.weights.values()), limit)
    average = {name: t.to("cpu", torch.float16) for name, t in run.averaged.items()} | {"prior": prior.cpu()}
    sources = {"weights": run.weights, "averaged": run.averaged, "first": run.first, "second": run.second}
    sources["root_second"] = {name: t.sqrt() for name, t in run.second.items()}
    state = {
        f"{kind}.{name}": t.to("cpu", dtype) for kind, dtype in RUNGS[rung].items() for name, t in sources[kind].items()
    }
    files = [(f"average-{i}", part) for i, part in enumerate(shards(average))]
    files += [(f"state-{i}", part) for i, part in enumerate(shards(state))]
    if limit is not None and len(files) > MOST_FILES:
        raise ValueError(f"{len(files)} files, but only {MOST_FILES} come back")
    metadata = {**metadata, "rung": rung, "files": str(len(files)), "counters": json.dumps(asdict(run.counters))}
    folder.mkdir(parents=True, exist_ok=True)
    for name, part in files:
        save_file({k: t.contiguous() for k, t in part.items()}, str(folder / f"{name}.part"), metadata)
    for old in folder.glob("*.safetensors"):
        old.unlink()
    for name, _ in files:
        (folder / f"{name}.part").rename(folder / f"{name}.safetensors")
    return rung


def read(folder: Path, pattern: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    tensors, metadata = {}, {}
    for path in sorted(folder.glob(pattern)):
        with safe_open(str(path), framework="pt") as file:
            metadata = file.metadata()
            tensors |= {name: file.get_tensor(name) for name in file.keys()}
    return tensors, metadata


def load(folder: Path) -> tuple[Run, dict[str, str]]:
    """A run from its files; what they leave out begins anew."""
    average, metadata = read(folder, "average-*.safetensors")
    state, _ = read(folder, "state-*.safetensors")
    found = len(list(folder.glob("*.safetensors")))
    if not average or int(metadata["files"]) != found:
        raise ValueError(f"{folder} holds {found} of {metadata.get('files', 'no')} files")
    average.pop("prior")

    def part(kind: str) -> dict[str, Tensor]:
        return {name.removeprefix(f"{kind}."): t.float() for name, t in state.items() if name.startswith(f"{kind}.")}

    averaged = part("averaged") or {name: t.float() for name, t in average.items()}
    weights = part("weights") or {name: t.clone() for name, t in averaged.items()}
    first = part("first") or {name: torch.zeros_like(t) for name, t in weights.items()}
    second = part("second") or {name: t.square() for name, t in part("root_second").items()}
    counters = Counters(**json.loads(metadata["counters"]))
    if not second:
        second = {name: torch.zeros_like(t) for name, t in weights.items()}
        counters.steps, counters.warm_from = 0, counters.seen
    return Run(weights, averaged, first, second, counters), metadata


def join(folder: Path, target: Path) -> None:
    """The averaged weights as one file that Rust reads."""
    tensors, metadata = read(folder, "average-*.safetensors")
    bookkeeping = ("rung", "files", "counters")
    save_file(tensors, str(target), {k: v for k, v in metadata.items() if k not in bookkeeping})


if __name__ == "__main__":
    if sys.argv[1:2] != ["join"] or len(sys.argv) != 4:
        raise SystemExit(__doc__)
    join(Path(sys.argv[2]), Path(sys.argv[3]))
