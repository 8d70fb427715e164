"""A training step's network part, forward and backward: Aeolian in f32 and mixed beside PyTorch eager, same weights.

    python bench/peers/training.py [--batch 8] [--tokens 32] [--rounds 8] [--threads 2]

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model, _ = network.load(peers.WEIGHTS)
        arrays = peers.write_case(folder, args.tokens, model.layout.lanes, model.layout.bits)
        shape = (args.batch, 1, 1)
        case = tuple(torch.from_numpy(array).repeat(shape) for array in arrays)
        ours = peers.Ours(folder)
        print(f"{ours.about}; PyTorch {torch.__version__}, {os.cpu_count()} cores; {args.batch} × {args.tokens} tokens")

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
        for name, taken in seconds.items():
            print(peers.row(name, taken, seconds["Aeolian, f32"]))
        ours.close()


if __name__ == "__main__":
    main()
