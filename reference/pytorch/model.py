"""The transformer denoiser of crates/nets in PyTorch: equal names, shapes and numbers; weights travel both ways.

A file written here opens in Rust (`Model::from_bytes`) and the other way round; `check.py` compares the two. Shapes:
B items, T tokens (quarters), S steps a token, P pitches, C channels, D width.
"""

import json
import math
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

CERTAIN = 30.0
LOG_SNR_CERTAIN = 6.0
LOG_SNR_NOTHING = -10.0
UNKNOWN = 255

IMAGE_CHANNELS = 16
ECHO_HALF_BARS = (1, 2, 4, 8)
ECHO_CHANNELS = 48
POSITION_WIDTH = 32
LEVEL_BINS = 8
LEVEL_WIDTH = LEVEL_BINS + 2
MODULATION_PARTS = 8


class Layout:
    """How the cells of a token are grouped: (lane, groups, choices) of every block, in storage order."""

    def __init__(self, blocks: list[list[int]]):
        self.blocks = [tuple(block) for block in blocks]
        self.lanes = max(lane for lane, _, _ in self.blocks) + 1
        self.groups = sum(groups for _, groups, _ in self.blocks)
        self.bits = sum(groups * choices for _, groups, choices in self.blocks)

    def spans(self):
        """Each block as (lane, groups, choices, first group, first bit)."""
        group = bit = 0
        for lane, groups, choices in self.blocks:
            yield lane, groups, choices, group, bit
            group += groups
            bit += groups * choices


def beliefs(layout: Layout, log_odds: Tensor) -> Tensor:
    """Log-odds against "none" become probabilities, group by group. (..., bits) → (..., bits)"""
    parts = []
    for _, groups, choices, _, bit in layout.spans():
        cells = log_odds[..., bit : bit + groups * choices].unflatten(-1, (groups, choices))
        parts.append(F.pad(cells, (1, 0)).softmax(-1)[..., 1:].flatten(-2))
    return torch.cat(parts, -1)


class Linear(nn.Linear):
    """y = x Wᵀ + b; weights start normal with deviation gain / √inputs."""

    def __init__(self, inputs: int, outputs: int, gain: float, bias: bool = True):
        self.gain = gain
        super().__init__(inputs, outputs, bias=bias)

    def reset_parameters(self):
        nn.init.normal_(self.weight, std=self.gain / math.sqrt(self.in_features))
        if self.bias is not None:
            nn.init.zeros_(self.bias)


class Conv(nn.Module):
    """A centred convolution with a zero border; the weight lies as in Rust, (rows, columns, in, out)."""

    def __init__(self, rows: int, columns: int, inputs: int, outputs: int, gain: float):
        super().__init__()
        self.padding = (rows // 2, columns // 2)
        deviation = gain / math.sqrt(rows * columns * inputs)
        self.weight = nn.Parameter(torch.randn(rows, columns, inputs, outputs) * deviation)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight.permute(3, 2, 0, 1)
        return F.conv2d(x, weight, self.bias, padding=self.padding)  # (B, C, T·S, P)


def rotary(tokens: int, head_width: int, device) -> tuple[Tensor, Tensor]:
    """Cosines and sines of token · 10000^(−2i/d), for the pairs (i, i + d/2). (T, d/2) each"""
    half = head_width // 2
    frequency = torch.exp(-9.21034 * torch.arange(half, device=device, dtype=torch.float32) / half)
    angle = torch.arange(tokens, device=device, dtype=torch.float64)[:, None] * frequency.double()
    return angle.cos().float(), angle.sin().float()


def rotated(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    a, b = x.float().chunk(2, -1)
    return torch.cat([a * cosines - b * sines, a * sines + b * cosines], -1).to(x.dtype)


def modulated(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    return F.layer_norm(x.float(), x.shape[-1:], eps=1e-5) * (1 + scale) + shift


class Block(nn.Module):
    """Pre-norm attention and two-layer network under the shared modulation plus this block's own offset."""

    def __init__(self, width: int, heads: int, expansion: int):
        super().__init__()
        self.heads = heads
        self.modulation = nn.Parameter(torch.zeros(MODULATION_PARTS * width))
        self.qkv = Linear(width, 3 * width, 1.0)
        self.attended = Linear(width, width, 1.0)
        self.expand = Linear(width, expansion * width, 1.0)
        self.contract = Linear(expansion * width, width, 1.0)

    def attention(self, x: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)  # (B, H, T, d) each
        y = F.scaled_dot_product_attention(rotated(q, *rotation), rotated(k, *rotation), v)
        return self.attended(y.transpose(1, 2).flatten(2))

    def forward(self, x: Tensor, modulation: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
        shift1, scale1, gate1, shift2, scale2, gate2, _, _ = (modulation + self.modulation).chunk(MODULATION_PARTS, -1)
        x = x + gate1 * self.attention(modulated(x, shift1, scale1), rotation)
        y = F.gelu(self.expand(modulated(x, shift2, scale2)), approximate="tanh")
        return x + gate2 * self.contract(y)


class Transformer(nn.Module):
    """The whole network. `architecture` is the JSON of the weight file; `prior` the cells' marginal log-odds. (bits)"""

    def __init__(self, architecture: dict, prior: Tensor):
        super().__init__()
        self.architecture = architecture
        config = architecture["network"]["transformer"]
        geometry = architecture["geometry"]
        self.layout = Layout(architecture["blocks"])
        self.heads, width = config["heads"], config["width"]
        self.steps, self.pitches = geometry["steps"], geometry["pitches"]
        self.note_lanes = geometry["note_lanes"]
        pixels = self.steps * self.pitches * IMAGE_CHANNELS
        kernel = config["kernel_steps"], config["kernel_pitches"]
        bits, lanes = self.layout.bits, self.layout.lanes

        self.register_buffer("prior", prior.float())
        p = beliefs(self.layout, prior.float())
        self.register_buffer("marginals", p, persistent=False)
        self.register_buffer("whitening", (p * (1 - p) + 0.01).rsqrt(), persistent=False)
        firsts = [bit for *_, bit in self.layout.spans()]
        classes = (geometry["first_pitch_class"] + torch.arange(self.pitches)) % 12
        picked = [firsts[block] + classes for block in geometry["pitch_class_blocks"]]
        self.register_buffer("class_cells", torch.stack(picked), persistent=False)  # (blocks, P)

        # The attribute names spell the names in the weight file.
        self.stem = nn.ModuleDict(
            {
                "0": Conv(*kernel, IMAGE_CHANNELS, IMAGE_CHANNELS, 1.4),
                "1": Conv(*kernel, IMAGE_CHANNELS, IMAGE_CHANNELS, 1.4),
                "echo": Conv(1, 3, ECHO_CHANNELS, IMAGE_CHANNELS, 0.0),
            }
        )
        self.patch = nn.ModuleDict(
            {"cells": Linear(bits + POSITION_WIDTH, width, 0.7), "stem": Linear(pixels, width, 0.7, bias=False)}
        )
        self.levels = nn.ModuleList(
            [Linear(lanes * LEVEL_WIDTH, width, 1.0), Linear(width, MODULATION_PARTS * width, 0.1)]
        )
        self.blocks = nn.ModuleList(
            Block(width, self.heads, config["expansion"]) for _ in range(config["blocks"])
        )
        self.head = nn.ModuleDict(
            {
                "cells": Linear(width, bits, 0.0),
                "image": Linear(width, pixels, 0.5),
                "0": Conv(*kernel, IMAGE_CHANNELS, config["head_channels"], 1.4),
                "1": Conv(1, 1, config["head_channels"], IMAGE_CHANNELS, 0.0),
            }
        )
        with torch.no_grad():
            self.head["cells"].bias.copy_(prior)

    def level_features(self, log_snr: Tensor) -> Tensor:
        """Eight Gaussian bins from log snr −7 to 4.2, and two flags. (B, T, lanes) → (B, T, lanes · 10)"""
        centres = -7.0 + 1.6 * torch.arange(LEVEL_BINS, device=log_snr.device)
        bins = torch.exp(-0.5 * ((log_snr[..., None] - centres) / 1.6) ** 2)
        flags = torch.stack([log_snr >= LOG_SNR_CERTAIN, log_snr <= LOG_SNR_NOTHING], -1)
        return torch.cat([bins, flags.float()], -1).flatten(-2)

    def position_features(self, positions: Tensor) -> Tensor:
        place = F.one_hot(positions[..., 0].long().clamp(max=15), 16)
        length = F.one_hot((positions[..., 1].long() - 1).clamp(0, 15), 16)
        return torch.cat([place, length], -1).float()

    def picture(self, belief: Tensor, evidence: Tensor) -> Tensor:
        """Beliefs and squashed evidence as channels of the picture. (B, T, bits) → (B, C, T·S, P)"""
        items, tokens, _ = belief.shape
        notes = self.note_lanes * self.steps * self.pitches * 2
        shape = (self.note_lanes, self.steps, self.pitches, 2)
        seen = 2 * belief[..., :notes].unflatten(-1, shape)
        raw = torch.tanh(0.25 * evidence[..., :notes]).unflatten(-1, shape)
        lanes = torch.cat([seen, raw], -1)  # (B, T, lanes, S, P, 4)
        lanes = lanes.permute(0, 1, 3, 4, 2, 5).flatten(-2)  # (B, T, S, P, 4 · lanes)
        classes = 2 * belief[..., self.class_cells].transpose(-1, -2)  # (B, T, P, blocks)
        classes = classes[:, :, None].expand(-1, -1, self.steps, -1, -1)
        free = IMAGE_CHANNELS - 1 - lanes.shape[-1] - classes.shape[-1]
        one = F.pad(lanes.new_ones(*lanes.shape[:-1], 1), (free, 0))
        image = torch.cat([lanes, classes, one], -1).flatten(1, 2)  # (B, T·S, P, C)
        return image.permute(0, 3, 1, 2)

    def echo(self, picture: Tensor, positions: Tensor) -> Tensor:
        """The beliefs half a bar to four bars before and after every step. (B, C, T·S, P) → (B, 48, T·S, P)"""
        seen = [channel for lane in range(self.note_lanes) for channel in (4 * lane, 4 * lane + 1)]
        notes = picture[:, seen]  # (B, 2 · lanes, T·S, P)
        half_bar = (positions[..., 1].long() * self.steps // 4).repeat_interleave(self.steps, 1)  # (B, T·S)
        rows = torch.arange(notes.shape[2], device=notes.device)
        parts = []
        for halves in ECHO_HALF_BARS:
            for source in (rows - halves * half_bar, rows + halves * half_bar):
                inside = (source >= 0) & (source < len(rows))
                index = source.clamp(0, len(rows) - 1)[:, None, :, None].expand_as(notes)
                parts.append(notes.gather(2, index) * inside[:, None, :, None])
        echo = torch.cat(parts, 1)
        return F.pad(echo, (0, 0, 0, 0, 0, ECHO_CHANNELS - echo.shape[1]))

    def forward(self, evidence: Tensor, log_snr: Tensor, positions: Tensor) -> Tensor:
        """Context log-odds. (B, T, bits), (B, T, lanes), (B, T, 2) → (B, T, bits)"""
        items, tokens, bits = evidence.shape
        belief = beliefs(self.layout, evidence + self.prior)
        whitened = (belief - self.marginals) * self.whitening
        patch = torch.cat([whitened, self.position_features(positions)], -1)
        picture = self.picture(belief, evidence)
        repeats = self.stem["echo"](self.echo(picture, positions))
        first = F.gelu(self.stem["0"](picture) + repeats, approximate="tanh")
        stem = first + F.gelu(self.stem["1"](first), approximate="tanh")  # (B, C, T·S, P)

        from_stem = stem.permute(0, 2, 3, 1).reshape(items, tokens, -1)  # (B, T, S·P·C)
        x = self.patch["cells"](patch).float() + self.patch["stem"](from_stem).float()
        hidden = F.gelu(self.levels[0](self.level_features(log_snr)), approximate="tanh")
        modulation = self.levels[1](hidden).float()  # (B, T, 8D)
        rotation = rotary(tokens, x.shape[-1] // self.heads, x.device)
        for block in self.blocks:
            x = block(x, modulation, rotation)
        shift, scale = modulation.chunk(MODULATION_PARTS, -1)[6:]
        x = modulated(x, shift, scale)

        with torch.autocast(x.device.type, enabled=False):  # in bf16 a log-odds of −8 would be off by 0.03
            direct = self.head["cells"](x)  # (B, T, bits)
        up = self.head["image"](x).view(items, tokens * self.steps, self.pitches, -1).permute(0, 3, 1, 2)
        hidden = F.gelu(self.head["0"](stem + up), approximate="tanh")
        with torch.autocast(x.device.type, enabled=False):
            fine = self.head["1"](hidden.float())[:, : 2 * self.note_lanes]  # (B, 2 · lanes, T·S, P)
        fine = fine.unflatten(2, (tokens, self.steps)).unflatten(1, (self.note_lanes, 2))
        fine = fine.permute(0, 3, 1, 4, 5, 2).reshape(items, tokens, -1)  # lane, step, pitch, choice
        return direct + F.pad(fine, (0, bits - fine.shape[-1]))


def cross_entropy(layout: Layout, evidence: Tensor, context: Tensor, choices: Tensor, weights: Tensor) -> Tensor:
    """Nats at the choices, weighted, summed lane by lane over known groups. choices (B, T, groups) → (lanes)

    The evidence is exact and stands inside the softmax over {none, choices}; unknown groups are left out.
    """
    logits = evidence + context.float()
    sums = [logits.new_zeros(()) for _ in range(layout.lanes)]
    for lane, groups, count, group, bit in layout.spans():
        cells = F.pad(logits[..., bit : bit + groups * count].unflatten(-1, (groups, count)), (1, 0))
        chosen = choices[..., group : group + groups].long()
        known = chosen != UNKNOWN
        chosen = torch.where(known, chosen, 0)
        nats = cells.logsumexp(-1) - cells.gather(-1, chosen[..., None])[..., 0]
        sums[lane] = sums[lane] + (nats * known * weights[..., lane, None]).sum()
    return torch.stack(sums)


def load(path: str | Path) -> tuple[Transformer, dict[str, str]]:
    """A network from a weight file (f16 or f32), and the file's further metadata."""
    with safe_open(str(path), framework="pt") as file:
        metadata = dict(file.metadata() or {})
        architecture = json.loads(metadata.pop("architecture"))
        model = Transformer(architecture, file.get_tensor("prior"))
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                tensor = file.get_tensor(name)
                if tensor.shape != parameter.shape:
                    raise ValueError(f"{path}: {name} is {tuple(tensor.shape)}, not {tuple(parameter.shape)}")
                parameter.copy_(tensor.float())
    return model, metadata


def save(path: str | Path, model: Transformer, metadata: dict[str, str], half: bool) -> None:
    """The weight file as Rust writes it: f16 for shipping, f32 for going on."""
    dtype = torch.float16 if half else torch.float32
    tensors = {name: p.detach().to("cpu", dtype).contiguous() for name, p in model.named_parameters()}
    tensors["prior"] = model.prior.detach().cpu().contiguous()
    save_file(tensors, str(path), {**metadata, "architecture": json.dumps(model.architecture)})
