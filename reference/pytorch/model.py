"""The denoisers of crates/nets in PyTorch: equal names, shapes and numbers; weights travel both ways.

A file written here opens in Rust (`Model::from_bytes`) and the other way round; `check.py` compares the two. Both
networks keep a vector for every quarter (x) and a row of channels for every quarter and pitch (u, the picture). Shapes:
B items, T tokens (quarters), S steps a token, P pitches, C channels of the picture, D width of the vectors, H heads.
Attributes are named so that they spell the names in the weight file.
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

POSITION_WIDTH = 32
LEVEL_BINS = 8
LEVEL_WIDTH = LEVEL_BINS + 2
POOL = 4

# Where the neighbour groups of hidden units look, in (quarters, semitones): the quarter before and after, seconds,
# thirds, fourth, fifth and octave to either side.
SEMITONES = (1, 2, 3, 4, 5, 7, 12)
NEIGHBOURS = [(-1, 0), (1, 0)] + [(0, sign * semitones) for semitones in SEMITONES for sign in (-1, 1)]


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


def gelu(x: Tensor) -> Tensor:
    return F.gelu(x, approximate="tanh")


def modulated(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """Layer normalisation whose scale and shift come from the noise levels."""
    return F.layer_norm(x.float(), x.shape[-1:], eps=1e-5) * (1 + scale) + shift


class Embedding(nn.Module):
    """Evidence, noise levels and places as numbers of about unit size, and the picture made of them (features.rs)."""

    def __init__(self, layout: Layout, geometry: dict, prior: Tensor, channels: int):
        super().__init__()
        self.layout = layout
        self.note_shape = geometry["note_lanes"], geometry["steps"], geometry["pitches"], 2
        self.note_cells = math.prod(self.note_shape)
        firsts = [bit for *_, bit in layout.spans()]
        classes = (geometry["first_pitch_class"] + torch.arange(geometry["pitches"])) % 12
        picked = torch.stack([firsts[block] + classes for block in geometry["pitch_class_blocks"]])
        marginals = beliefs(layout, prior.float())
        self.register_buffer("prior", prior.float())
        self.register_buffer("marginals", marginals)
        self.register_buffer("whitening", (marginals * (1 - marginals) + 0.01).rsqrt())
        self.register_buffer("class_cells", picked)  # (blocks, P)

        lanes_and_steps = geometry["note_lanes"] * geometry["steps"]
        self.patch_width = layout.bits + POSITION_WIDTH
        self.level_width = layout.lanes * LEVEL_WIDTH + POSITION_WIDTH
        self.pixel = Linear(4 * lanes_and_steps + len(picked), channels, 1.4)
        self.token = Linear(self.level_width, channels, 0.5)
        self.pitch = nn.Parameter(0.1 * torch.randn(geometry["pitches"], channels))

    def level_features(self, log_snr: Tensor) -> Tensor:
        """Eight Gaussian bins from log snr −7 to 4.2, and two flags. (B, T, lanes) → (B, T, lanes · 10)"""
        centres = -7.0 + 1.6 * torch.arange(LEVEL_BINS, device=log_snr.device)
        bins = torch.exp(-0.5 * ((log_snr[..., None] - centres) / 1.6) ** 2)
        flags = torch.stack([log_snr >= LOG_SNR_CERTAIN, log_snr <= LOG_SNR_NOTHING], -1)
        return torch.cat([bins, flags.float()], -1).flatten(-2)

    def position_features(self, positions: Tensor) -> Tensor:
        """Sixteen places in the bar and sixteen lengths of it. (B, T, 2) → (B, T, 32)"""
        place = F.one_hot(positions[..., 0].long().clamp(max=15), 16)
        length = F.one_hot((positions[..., 1].long() - 1).clamp(0, 15), 16)
        return torch.cat([place, length], -1).float()

    def pixels(self, belief: Tensor, evidence: Tensor) -> Tensor:
        """Beliefs and squashed evidence of a quarter's cells at each pitch. (B, T, bits) → (B, T, P, lanes · S · 4 + 3)

        A lane and step has four numbers, two beliefs (onset, hold) and their evidence; the pitch's class one in each of
        the blocks that speak of pitch classes.
        """
        seen = 2 * belief[..., : self.note_cells].unflatten(-1, self.note_shape)
        raw = torch.tanh(0.25 * evidence[..., : self.note_cells]).unflatten(-1, self.note_shape)
        cells = torch.cat([seen, raw], -1).permute(0, 1, 4, 2, 3, 5).flatten(3)  # (B, T, P, lanes · S · 4)
        classes = 2 * belief[..., self.class_cells].transpose(-1, -2)  # (B, T, P, blocks)
        return torch.cat([cells, classes], -1)

    def forward(self, evidence: Tensor, log_snr: Tensor, positions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Whitened beliefs with the place (B, T, patch_width), levels with it (B, T, level_width), u (B, T, P, C)"""
        belief = beliefs(self.layout, evidence + self.prior)
        whitened = (belief - self.marginals) * self.whitening
        place = self.position_features(positions)
        patch = torch.cat([whitened, place], -1)
        levels = torch.cat([self.level_features(log_snr), place], -1)
        picture = self.pixel(self.pixels(belief, evidence)) + self.pitch + self.token(levels)[:, :, None]
        return patch, levels, picture


class Exchange(nn.Module):
    """What passes between a quarter's picture and its vector: four numbers a pixel, either way (picture.rs)."""

    def __init__(self, channels: int, pitches: int, taught: int, told: int):
        """`taught`: width of the vectors that learn of the picture; `told`: width of those that write into it."""
        super().__init__()
        self.pool = Linear(channels, POOL, 1.0, bias=False)
        self.up = Linear(pitches * POOL, taught, 0.5)
        self.down = Linear(told, pitches * POOL, 1.0)
        self.spread = Linear(POOL, channels, 0.0)

    def to_vectors(self, u: Tensor) -> Tensor:
        return self.up(self.pool(u).flatten(2))  # (B, T, taught)

    def to_pictures(self, x: Tensor) -> Tensor:
        return self.spread(self.down(x).unflatten(-1, (-1, POOL)))  # (B, T, P, C)


def neighbours_relu(h: Tensor) -> Tensor:
    """ReLU of hidden units of which the last two thirds look at neighbours, in 16 equal groups. (B, T, P, E) → same

    y(q, p) = max(0, h(q + Δq, p + Δp)), 0 beyond the edge: a convolution with one tap a unit.
    """
    own = h.shape[-1] // 3
    groups = h[..., own:].chunk(len(NEIGHBOURS), -1)
    # A negative pad cuts off, so that a group slides as a whole.
    slid = [F.pad(group, (0, 0, -dp, dp, -dq, dq)) for (dq, dp), group in zip(NEIGHBOURS, groups)]
    return F.relu(torch.cat([h[..., :own], *slid], -1))


class Head(nn.Module):
    """Vectors and pictures to context log-odds; starts as the prior."""

    def __init__(self, layout: Layout, geometry: dict, prior: Tensor, width: int, channels: int):
        super().__init__()
        self.cells = Linear(width, layout.bits, 0.0)
        self.picture = Linear(channels, 2 * geometry["note_lanes"] * geometry["steps"], 0.0)
        with torch.no_grad():
            self.cells.bias.copy_(prior)

    def forward(self, x: Tensor, u: Tensor) -> Tensor:
        """(B, T, width), (B, T, P, C) → (B, T, bits)"""
        with torch.autocast(x.device.type, enabled=False):  # in bf16 a log-odds of −8 would be off by 0.03
            direct, fine = self.cells(x), self.picture(u)
        fine = fine.unflatten(-1, (-1, 2)).transpose(2, 3).flatten(2)  # (B, T, lanes · S · P · 2)
        return direct + F.pad(fine, (0, direct.shape[-1] - fine.shape[-1]))


class Denoiser(nn.Module):
    """What both networks have alike. `architecture` is the JSON of the weight file; `prior` the cells' log-odds. (bits)

    Called with evidence (B, T, bits), log snr (B, T, lanes) and positions (B, T, 2), a network answers with context
    log-odds (B, T, bits). `width`: of the vectors that the head reads.
    """

    def __init__(self, architecture: dict, prior: Tensor, width: int, channels: int):
        super().__init__()
        self.architecture = architecture
        self.layout = Layout(architecture["blocks"])
        self.embed = Embedding(self.layout, architecture["geometry"], prior, channels)
        self.head = Head(self.layout, architecture["geometry"], prior, width, channels)

    @property
    def prior(self) -> Tensor:
        return self.embed.prior


def rotary(tokens: int, head_width: int, device) -> tuple[Tensor, Tensor]:
    """Cosines and sines of token · 10000^(−2i/d), for the pairs (i, i + d/2). (T, d/2) each"""
    half = head_width // 2
    frequency = torch.exp(-9.21034 * torch.arange(half, device=device, dtype=torch.float32) / half)
    angle = torch.arange(tokens, device=device, dtype=torch.float64)[:, None] * frequency.double()
    return angle.cos().float(), angle.sin().float()


def rotated(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    a, b = x.float().chunk(2, -1)
    return torch.cat([a * cosines - b * sines, a * sines + b * cosines], -1).to(x.dtype)


def attention_weights(qk: Tensor, lags: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    """Queries and keys (B, T, 2D), lags (H, 2 · reach + 1) → weights (B, H, T, T), rows summing to 1.

    `lags` is what each head adds to its score for the key that lies −reach … reach tokens away; farther keys count as
    the farthest.
    """
    tokens, reach = qk.shape[1], lags.shape[1] // 2
    q, k = qk.unflatten(-1, (2, len(lags), -1)).permute(2, 0, 3, 1, 4)  # (B, H, T, d) each
    scores = rotated(q, *rotation) @ rotated(k, *rotation).transpose(-1, -2) / math.sqrt(q.shape[-1])
    token = torch.arange(tokens, device=qk.device)
    lag = (token - token[:, None]).clamp(-reach, reach) + reach  # (query, key)
    return (scores + lags[:, lag]).softmax(-1)


def carried(weights: Tensor, values: Tensor) -> Tensor:
    """Every head carries its share of the channels from quarter to quarter. values (B, T, …, W) → same"""
    shares = values.unflatten(-1, (weights.shape[1], -1))
    return torch.einsum("bhts,bs...hc->bt...hc", weights, shares).flatten(-2)


# Columns of the vectors' modulation: shift, scale, gate for attention; the same for the two-layer network; shift and
# scale of what goes to the pictures, and at the end to the cells.
MODULATION_PARTS = 8
# Columns of the pictures' modulation: shift and scale for attention, for the neighbours, and at the end.
PICTURE_PARTS = 6


class BlockPicture(Exchange):
    """The layers of a block that work at every pixel, and what they exchange with the vectors."""

    def __init__(self, width: int, channels: int, hidden: int, pitches: int):
        super().__init__(channels, pitches, width, width)
        self.modulation = nn.Parameter(torch.zeros(PICTURE_PARTS * channels))
        self.value = Linear(channels, channels, 1.0)
        self.copied = Linear(channels, channels, 0.0)
        self.expand = Linear(channels, hidden, 1.4)
        self.contract = Linear(hidden, channels, 0.0)


class Block(nn.Module):
    """Pre-norm attention and two-layer networks under the shared modulations plus this block's own offsets.

    The vectors learn of the picture before they attend; the same attention then carries the pictures, so that what
    repeats is copied pitch by pitch.
    """

    def __init__(self, config: dict, pitches: int):
        super().__init__()
        width, expanded = config["width"], config["expansion"] * config["width"]
        self.modulation = nn.Parameter(torch.zeros(MODULATION_PARTS * width))
        self.qk = Linear(width, 2 * width, 1.0)
        self.value = Linear(width, width, 1.0)
        self.lags = nn.Parameter(torch.zeros(config["heads"], 2 * config["lags"] + 1))
        self.attended = Linear(width, width, 1.0)
        self.expand = Linear(width, expanded, 1.0)
        self.contract = Linear(expanded, width, 1.0)
        self.picture = BlockPicture(width, config["channels"], config["hidden"], pitches)

    def forward(self, x, u, modulation, picture_modulation, rotation):
        """x (B, T, D) and u (B, T, P, C) → the same, later."""
        picture = self.picture
        coarse = (modulation + self.modulation).chunk(MODULATION_PARTS, -1)  # (B, T, D) each
        fine = (picture_modulation + picture.modulation).chunk(PICTURE_PARTS, -1)  # (B, T, 1, C) each

        seen = modulated(u, *fine[:2])
        x = x + picture.to_vectors(seen)
        y = modulated(x, *coarse[:2])
        weights = attention_weights(self.qk(y), self.lags, rotation)
        x = x + coarse[2] * self.attended(carried(weights, self.value(y)))
        y = modulated(x, *coarse[3:5])
        x = x + coarse[5] * self.contract(gelu(self.expand(y)))

        u = u + picture.copied(carried(weights, picture.value(seen)))
        u = u + picture.to_pictures(modulated(x, *coarse[6:]))
        y = modulated(u, *fine[2:4])
        return x, u + picture.contract(neighbours_relu(picture.expand(y)))


class Transformer(Denoiser):
    """The default network (transformer.rs): vectors attend to vectors, and their attention carries the pictures too."""

    def __init__(self, architecture: dict, prior: Tensor):
        config = architecture["network"]["transformer"]
        width, channels = config["width"], config["channels"]
        super().__init__(architecture, prior, width, channels)
        self.head_width = width // config["heads"]
        self.patch = nn.ModuleDict({"cells": Linear(self.embed.patch_width, width, 0.7)})
        self.levels = nn.ModuleList(
            [
                Linear(self.embed.level_width, width, 1.0),
                Linear(width, MODULATION_PARTS * width, 0.1),
                Linear(width, PICTURE_PARTS * channels, 0.1),
            ]
        )
        pitches = architecture["geometry"]["pitches"]
        self.blocks = nn.ModuleList(Block(config, pitches) for _ in range(config["blocks"]))

    def forward(self, evidence: Tensor, log_snr: Tensor, positions: Tensor) -> Tensor:
        patch, levels, u = self.embed(evidence, log_snr, positions)
        hidden = gelu(self.levels[0](levels))
        modulation = self.levels[1](hidden).float()  # (B, T, 8D)
        picture_modulation = self.levels[2](hidden).float()[:, :, None]  # (B, T, 1, 6C)
        x = self.patch["cells"](patch).float()
        rotation = rotary(x.shape[1], self.head_width, x.device)
        for block in self.blocks:
            x, u = block(x, u, modulation, picture_modulation, rotation)
        coarse, fine = modulation.chunk(MODULATION_PARTS, -1), picture_modulation.chunk(PICTURE_PARTS, -1)
        return self.head(modulated(x, *coarse[6:]), modulated(u, *fine[4:]))


class Lstm(Linear):
    """One direction of an LSTM over the quarters; gates i, f, g, o. (B, T, …, inputs) → (B, T, …, width)"""

    def __init__(self, inputs: int, width: int, backward: bool = False):
        super().__init__(inputs, 4 * width, 1.0)
        self.width, self.backward = width, backward
        self.recurrent = nn.Parameter(torch.randn(4 * width, width) / math.sqrt(width))
        with torch.no_grad():
            self.bias[width : 2 * width] = 1.0  # a forget gate that starts open

    def forward(self, x: Tensor) -> Tensor:
        drives = super().forward(x).unbind(1)
        cells = hidden = x.new_zeros(*drives[0].shape[:-1], self.width)
        states = []
        for drive in reversed(drives) if self.backward else drives:
            gates = drive.float() + F.linear(hidden, self.recurrent)
            i, f, g, o = gates.chunk(4, -1)
            cells = f.sigmoid() * cells + i.sigmoid() * g.tanh()
            hidden = o.sigmoid() * cells.tanh()
            states.append(hidden)
        return torch.stack(states[::-1] if self.backward else states, 1)


class Recurrence(nn.Module):
    """The recurrent layers of one scale: an encoder in both directions, a decoder over what it says."""

    def __init__(self, inputs: int, width: int):
        super().__init__()
        self.encoder = Lstm(inputs, width), Lstm(inputs, width, backward=True)
        # As attributes they could not have these names: "forward" is the method of every module.
        self._modules |= zip(("forward", "backward"), self.encoder)
        self.decoder = Lstm(2 * width, 2 * width)

    def encode(self, x: Tensor) -> Tensor:
        """Both directions side by side. (B, T, …, inputs) → (B, T, …, 2 · width)"""
        return torch.cat([layer(x) for layer in self.encoder], -1)


class Neighbours(nn.Module):
    """A two-layer network at every pixel that looks at neighbouring pixels as well; starts as nothing."""

    def __init__(self, channels: int, hidden: int):
        super().__init__()
        self.expand = Linear(channels, hidden, 1.4)
        self.contract = Linear(hidden, channels, 0.0)

    def forward(self, y: Tensor) -> Tensor:
        return self.contract(neighbours_relu(self.expand(y)))


# Parts of the LSTM's modulation: shift and scale of six norms.
NORMS = 6


class LstmDenoiser(Denoiser):
    """The recurrent baseline (lstm.rs): the same pictures; recurrence over quarters stands where attention stood."""

    def __init__(self, architecture: dict, prior: Tensor):
        config = architecture["network"]["lstm"]
        width, channels = config["width"], config["channels"]
        super().__init__(architecture, prior, 4 * width, channels)
        self.patch = nn.ModuleDict({"cells": Linear(self.embed.patch_width, 2 * width, 0.7)})
        self.levels = nn.ModuleList(
            [Linear(self.embed.level_width, 2 * width, 1.0), Linear(2 * width, 2 * NORMS * channels, 0.1)]
        )
        self.picture = Exchange(channels, architecture["geometry"]["pitches"], 2 * width, 4 * width)
        self.vectors = Recurrence(2 * width, width)
        self.pictures = Recurrence(channels, channels // 2)
        self.pictures.encoded = Linear(channels, channels, 0.0)
        self.pictures.decoded = Linear(channels, channels, 0.0)
        self.neighbours = nn.ModuleList(Neighbours(channels, config["hidden"]) for _ in range(3))

    def forward(self, evidence: Tensor, log_snr: Tensor, positions: Tensor) -> Tensor:
        patch, levels, u = self.embed(evidence, log_snr, positions)
        told = gelu(self.levels[0](levels))
        modulation = self.levels[1](told).float()[:, :, None]
        norms = [norm.chunk(2, -1) for norm in modulation.chunk(NORMS, -1)]  # (B, T, 1, C) each

        u = u + self.neighbours[0](modulated(u, *norms[0]))
        seen = modulated(u, *norms[1])
        x = gelu(told + self.patch["cells"](patch) + self.picture.to_vectors(seen))  # (B, T, 2 · width)
        encoded = self.vectors.encode(x)
        x = torch.cat([encoded, self.vectors.decoder(encoded)], -1)  # (B, T, 4 · width)

        u = u + self.pictures.encoded(self.pictures.encode(seen))
        u = u + self.picture.to_pictures(x)
        u = u + self.neighbours[1](modulated(u, *norms[2]))
        u = u + self.pictures.decoded(self.pictures.decoder(modulated(u, *norms[3])))
        u = u + self.neighbours[2](modulated(u, *norms[4]))
        return self.head(x, modulated(u, *norms[5]))


def build(architecture: dict, prior: Tensor) -> Denoiser:
    """A fresh network of the kind that the architecture names."""
    (kind,) = architecture["network"]
    return {"transformer": Transformer, "lstm": LstmDenoiser}[kind](architecture, prior)


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


def load(path: str | Path) -> tuple[Denoiser, dict[str, str]]:
    """A network from a weight file (f16 or f32), and the file's further metadata."""
    with safe_open(str(path), framework="pt") as file:
        metadata = dict(file.metadata() or {})
        architecture = json.loads(metadata.pop("architecture"))
        model = build(architecture, file.get_tensor("prior"))
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                tensor = file.get_tensor(name)
                if tensor.shape != parameter.shape:
                    raise ValueError(f"{path}: {name} is {tuple(tensor.shape)}, not {tuple(parameter.shape)}")
                parameter.copy_(tensor.float())
    return model, metadata


def save(path: str | Path, model: Denoiser, metadata: dict[str, str], half: bool) -> None:
    """The weight file as Rust writes it: f16 for shipping, f32 for going on."""
    dtype = torch.float16 if half else torch.float32
    tensors = {name: p.detach().to("cpu", dtype).contiguous() for name, p in model.named_parameters()}
    tensors["prior"] = model.prior.detach().cpu().contiguous()
    save_file(tensors, str(path), {**metadata, "architecture": json.dumps(model.architecture)})
