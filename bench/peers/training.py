"""A training step's network part, forward and backward: Aeolian in f32 and mixed beside PyTorch eager, same weights.

    python bench/peers/training.py [--networks transformer lstm] [--batch 8] [--tokens 32] [--rounds 8] [--threads 2]

Evidence, loss and optimiser are left out on all sides: they cost little. That gradients are equal is the matter of
reference/pytorch/check.py. Run it on a machine that does nothing else.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import torch

import peers

sys.path.insert(0, str(peers.ROOT / "reference" / "pytorch"))
import model as network  # noqa: E402


def compare(name: str, args: argparse.Namespace, folder: Path) -> None:
    weights = peers.ROOT / "models" / f"full-{name}.safetensors"
    model, _ = network.load(weights)
    arrays = peers.write_case(folder, args.tokens, model.layout.lanes, model.layout.bits)
    case = tuple(torch.from_numpy(array).repeat(args.batch, 1, 1) for array in arrays)
    ours = peers.Ours(folder, weights)
    print(f"\n{name}: {ours.about}; PyTorch {torch.__version__}, {os.cpu_count()} cores, {args.batch} × {args.tokens} tokens")

    def step() -> None:
        model.zero_grad(set_to_none=True)
        model(*case).sum().backward()

    mine = f"{args.tokens} {args.threads} {args.batch}"
    seconds = peers.alternate(
        args.rounds,
        {
            "Aeolian, f32": lambda: ours.ask(f"train {mine} full"),
            "Aeolian, mixed": lambda: ours.ask(f"train {mine} mixed"),
            "PyTorch eager, f32": lambda: peers.timed(step),
        },
    )
    print(f"\n{peers.HEADER}")
    for contestant, taken in seconds.items():
        print(peers.row(contestant, taken, seconds["Aeolian, f32"]), flush=True)
    ours.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", default=["transformer", "lstm"])
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    for name in args.networks:
        with tempfile.TemporaryDirectory() as folder:
            compare(name, args, Path(folder))


if __name__ == "__main__":
    main()
