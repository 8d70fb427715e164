"""Seconds per training step of the same network in PyTorch on a CPU, to set beside `aeolian train`'s examples a second.

    python reference/pytorch/speed.py --steps 20

A step is forward, backward, clipping and AdamW on 8 windows of 32 quarters of random choices, in f32, with the views
and the evidence drawn anew, as the Rust trainer does. Run it on a machine that does nothing else.
"""

import argparse
import os
import time

import torch

import model as network
import tasks

# The canvas (crates/canvas/src/cells.rs), and the `small` network and its noise as in configs/all-transformer-2.toml.
# Only what runs without a corpus reads these blocks: a weight file and an exported corpus bring their own.
NOTES = [[lane, 352, 2] for lane in range(6)]
LABELS = [[6, 1, 12], [6, 1, 12], [6, 12, 1], [7, 1, 24], [8, 4, 1]]
LOUDNESS = [[lane, 4, 16] for lane in range(9, 15)]
TIMING = [[lane, 4, 2] for lane in range(15, 21)]
ENSEMBLE, IDIOM = [[21, 6, 1]], [[22, 1, 16]]
BLOCKS = NOTES + LABELS + LOUDNESS + TIMING + ENSEMBLE + IDIOM
GEOMETRY = {"note_lanes": 6, "steps": 4, "pitches": 88, "pitch_class_blocks": [6, 7, 8], "first_pitch_class": 9}
SMALL = dict(width=192, blocks=6, heads=8, expansion=4, channels=64, hidden=192, lags=32)
NOISE = tasks.Noise(lo=-7.0, hi=4.5, mean=-0.4, deviation=1.6, even=0.3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--quarters", type=int, default=32)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    architecture = {"network": {"transformer": SMALL}, "blocks": BLOCKS, "geometry": GEOMETRY}
    model = network.build(architecture, torch.full((network.Layout(BLOCKS).bits,), -3.0))
    adamw = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.99), fused=True)
    generator = torch.Generator().manual_seed(0)
    shape = args.batch, args.quarters
    choices = (torch.rand(*shape, model.layout.groups, generator=generator) < 0.03).to(torch.uint8)
    choices[..., -7:] = network.UNKNOWN  # nobody says which lanes play: all do
    positions = torch.tensor([[q % 4 * 2, 8] for q in range(args.quarters)]).expand(args.batch, -1, -1)

    def step() -> float:
        begun = time.perf_counter()
        evidence, log_snr, weights = tasks.draw_examples(model.layout, choices, NOISE, generator)
        context = model(evidence, log_snr, positions)
        nats = network.cross_entropy(model.layout, evidence, context, choices, weights).sum()
        adamw.zero_grad(set_to_none=True)
        (nats / (args.batch * args.quarters)).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        adamw.step()
        return time.perf_counter() - begun

    for _ in range(args.warmup):
        step()
    times = sorted(step() for _ in range(args.steps))
    median = times[len(times) // 2]
    count = sum(p.numel() for p in model.parameters())
    print(f"PyTorch {torch.__version__}, {args.threads} threads of {os.cpu_count()}, {count / 1e6:.2f} million weights")
    spread = f"{times[0]:.3f} to {times[-1]:.3f} over {len(times)}"
    print(f"median {median:.3f} s a step ({spread}), {args.batch / median:.1f} examples/s")


if __name__ == "__main__":
    main()
