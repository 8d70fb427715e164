"""The price of the usual road: a U-Net as large as Polyffusion's, random weights, 50 steps with guidance.

    python bench/peers/usual_road.py [--rounds 3] [--threads 2]

Eight bars are an image of 2 × 128 × 128 there (Min et al. 2023, arXiv:2307.10304): four levels of 64, 128, 256 and 256
channels, two residual blocks a level, transformers on the two lowest ones, conditioned by chords. Only the cost is of interest,
so the weights are random; the script counts parameters and multiplications itself and says what was asked of it.
Guidance evaluates twice.
"""

import argparse
import statistics

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import peers

STEPS, EVALUATIONS_A_STEP = 50, 2


class Residual(nn.Module):
    def __init__(self, inputs: int, outputs: int, time: int):
        super().__init__()
        self.first = nn.Sequential(nn.GroupNorm(32, inputs), nn.SiLU(), nn.Conv2d(inputs, outputs, 3, padding=1))
        self.time = nn.Sequential(nn.SiLU(), nn.Linear(time, outputs))
        self.second = nn.Sequential(nn.GroupNorm(32, outputs), nn.SiLU(), nn.Conv2d(outputs, outputs, 3, padding=1))
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        return self.skip(x) + self.second(self.first(x) + self.time(time)[:, :, None, None])


class Attention(nn.Module):
    def __init__(self, width: int, context: int, heads: int):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(context, width, bias=False)
        self.value = nn.Linear(context, width, bias=False)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        split = lambda y: y.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        y = F.scaled_dot_product_attention(split(self.query(x)), split(self.key(context)), split(self.value(context)))
        return self.out(y.transpose(1, 2).flatten(2))


class Transformer(nn.Module):
    def __init__(self, channels: int, condition: int, heads: int):
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(channels) for _ in range(3))
        self.own, self.crossed = Attention(channels, channels, heads), Attention(channels, condition, heads)
        self.gate, self.back = nn.Linear(channels, 8 * channels), nn.Linear(4 * channels, channels)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        y = x.flatten(2).transpose(1, 2)
        n = self.norms[0](y)
        y = y + self.own(n, n)
        y = y + self.crossed(self.norms[1](y), condition)
        a, b = self.gate(self.norms[2](y)).chunk(2, -1)
        y = y + self.back(a * F.gelu(b))
        return y.transpose(1, 2).reshape(x.shape)


class UNet(nn.Module):
    def __init__(self, base: int = 64, multiples=(1, 2, 4, 4), attended=(2, 3), condition: int = 512, heads: int = 4):
        super().__init__()
        time = 4 * base
        self.base = base
        self.time = nn.Sequential(nn.Linear(base, time), nn.SiLU(), nn.Linear(time, time))
        self.enter = nn.Conv2d(2, base, 3, padding=1)
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        attend = lambda level, width: Transformer(width, condition, heads) if level in attended else None
        add = lambda parts, *layers: parts.append(nn.ModuleList(layer for layer in layers if layer is not None))
        widths, width = [base], base
        for level, multiple in enumerate(multiples):
            for _ in range(2):
                add(self.down, Residual(width, base * multiple, time), attend(level, base * multiple))
                width = base * multiple
                widths.append(width)
            if level + 1 < len(multiples):
                add(self.down, nn.Conv2d(width, width, 3, stride=2, padding=1))
                widths.append(width)
        self.middle = nn.ModuleList([Residual(width, width, time), Transformer(width, condition, heads), Residual(width, width, time)])
        for level, multiple in reversed(list(enumerate(multiples))):
            for index in range(3):
                enlarge = nn.ConvTranspose2d(base * multiple, base * multiple, 4, 2, 1) if level and index == 2 else None
                add(self.up, Residual(width + widths.pop(), base * multiple, time), attend(level, base * multiple), enlarge)
                width = base * multiple
        self.leave = nn.Sequential(nn.GroupNorm(32, width), nn.SiLU(), nn.Conv2d(width, 2, 3, padding=1))

    def forward(self, x: Tensor, step: Tensor, condition: Tensor) -> Tensor:
        half = self.base // 2
        angle = step[:, None] * torch.exp(-9.21034 * torch.arange(half) / half)
        time = self.time(torch.cat([angle.cos(), angle.sin()], -1))

        def through(layers, x):
            for layer in layers:
                x = layer(x, time) if isinstance(layer, Residual) else layer(x, condition) if isinstance(layer, Transformer) else layer(x)
            return x

        x = self.enter(x)
        skips = [x]
        for layers in self.down:
            x = through(layers, x)
            skips.append(x)
        x = through(self.middle, x)
        for layers in self.up:
            x = through(layers, torch.cat([x, skips.pop()], 1))
        return self.leave(x)


def multiplications(model: nn.Module, case: tuple[Tensor, ...]) -> int:
    """Multiply-adds of one evaluation, as PyTorch's own counter has them (it counts two operations each)."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        model(*case)
    return counter.get_total_flops() // 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    model = UNet().eval()
    # Both halves of a guidance pair as one batch.
    case = torch.randn(2, 2, 128, 128), torch.full((2,), 500.0), torch.randn(2, 8, 512)
    one = tuple(part[:1] for part in case)
    parameters = sum(p.numel() for p in model.parameters())
    print(f"{parameters / 1e6:.1f} million parameters, {multiplications(model, one) / 1e9:.1f} GMAC an evaluation")

    def evaluate() -> None:
        with torch.inference_mode():
            model(*case)

    evaluate()
    seconds = [peers.timed(evaluate) for _ in range(args.rounds)]
    median = statistics.median(seconds)
    print(f"a guided pair takes {median:.2f} s ({min(seconds):.2f} to {max(seconds):.2f}) on {args.threads} threads")
    print(f"eight bars, {STEPS} steps with guidance: {STEPS * median:.1f} s (to be set beside `aeolian compose`)")


if __name__ == "__main__":
    main()
