"""How each window is seen: noise levels, tasks, labels, locks, and the evidence itself (crates/train/src/tasks.rs).

The mixture equals Rust's; the random numbers do not (there they are addressed, here they come from the device).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from model import CERTAIN, LOG_SNR_CERTAIN, LOG_SNR_NOTHING, UNKNOWN, Layout

# Noise levels of the canvas (crates/canvas/src/cells.rs): six of notes, then one each of chords, key and form, six of
# loudness and six of timing, one of the ensemble (which lanes play in the piece) and one of its idiom.
NOTE_LANES, CHORD_LANE, KEY_LANE, FORM_LANE, LOUDNESS_LANE, TIMING_LANE = 6, 6, 7, 8, 9, 15
ENSEMBLE_LANE, IDIOM_LANE, LANES = 21, 22, 23

# Weight of what is no note, chord, key or form in the loss. How loud a note is played can hardly be guessed, and its
# many nats would drown what the notes have to teach.
EXPRESSION_WEIGHT = 0.25


@dataclass(frozen=True)
class Noise:
    """The [noise] table of a configuration: an even part and a bell over log snr."""

    lo: float
    hi: float
    mean: float
    deviation: float
    even: float

    def quantile(self, u: Tensor) -> Tensor:
        """Carries u in (0, 1) to a log snr; the first `even` of u is the even part."""
        lo, hi = ((torch.tensor(x, device=u.device) - self.mean) / self.deviation for x in (self.lo, self.hi))
        below, above = torch.special.ndtr(lo), torch.special.ndtr(hi)
        v = ((u - self.even) / (1 - self.even)).clamp(1e-6, 1 - 1e-6)
        bell = self.mean + self.deviation * torch.special.ndtri(below + v * (above - below))
        flat = self.lo + (self.hi - self.lo) * u / self.even
        return torch.where(u <= self.even, flat, bell).clamp(self.lo, self.hi)


def playing_lanes(layout: Layout, choices: Tensor) -> Tensor:
    """The lanes that play in the piece a window is from; all where nobody says. (B, T, groups) → (B, note lanes)"""
    first = next(group for lane, _, _, group, _ in layout.spans() if lane == ENSEMBLE_LANE)
    return choices[:, 0, first : first + NOTE_LANES] != 0  # UNKNOWN is not 0


def nth_lane(playing: Tensor, n: Tensor) -> Tensor:
    """Of the lanes that play only the n-th, counted from 0; none where there are not so many. (B, lanes), (B) → same"""
    return playing & (playing.cumsum(-1) - 1 == n[:, None])


def given_lanes(playing: Tensor, u: Tensor, coins: Tensor) -> Tensor:
    """A proper, non-empty subset of the lanes that play; often the first, the melody, alone. None where fewer than two
    play. (B, lanes), (B), (B, lanes) → (B, lanes)
    """
    chosen = playing & (coins < 0.5)
    count, all_of_them = chosen.sum(-1), playing.sum(-1)
    alone = (u < 0.3) | (count == 0) | (count == all_of_them)
    lanes = torch.where(alone[:, None], nth_lane(playing, torch.zeros_like(count)), chosen)
    return lanes & (all_of_them >= 2)[:, None]


def draw_views(playing: Tensor, tokens: int, noise: Noise, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """log snr (B, T, lanes) of windows in which the lanes of `playing` (B, note lanes) have notes, and the share of
    their groups that are locked (B).
    """
    items, device = len(playing), playing.device
    u = torch.rand(17, items, generator=generator, device=device)
    by_lane = torch.rand(2, items, NOTE_LANES, generator=generator, device=device)
    # Levels are spread evenly over the batch: item i of n gets the quantile (i + u) / n.
    level = noise.quantile((torch.arange(items, device=device) + u[0, 0]) / items)
    kind = u[1]
    notes = level[:, None].repeat(1, NOTE_LANES)

    perform = (0.38 <= kind) & (kind < 0.43)
    notes = torch.where(perform[:, None], LOG_SNR_CERTAIN, notes)
    own_levels = (0.43 <= kind) & (kind < 0.60)
    notes = torch.where(own_levels[:, None], noise.quantile(by_lane[0]), notes)
    some_given = (0.60 <= kind) & (kind < 0.78)
    notes = torch.where(some_given[:, None] & given_lanes(playing, u[2], by_lane[1]), LOG_SNR_CERTAIN, notes)
    # A lane nobody speaks of: an accompaniment without its counter-melody, a lead sheet alone.
    unsaid = nth_lane(playing, (u[4] * playing.sum(-1)).long())
    notes = torch.where((some_given & (u[3] < 0.25))[:, None] & unsaid, LOG_SNR_NOTHING, notes)

    gap = (0.78 <= kind) & (kind < 0.92)
    length = 1 + (u[2] * max(tokens // 2, 1)).long()
    start = (u[3] * (tokens - length + 1)).long()
    token = torch.arange(tokens, device=device)
    inside = (token >= start[:, None]) & (token < (start + length)[:, None])
    around = (gap[:, None] & ~inside)[..., None]
    notes = torch.where(around, LOG_SNR_CERTAIN, notes[:, None])  # (B, T, note lanes)
    others = torch.where(around, LOG_SNR_CERTAIN, level[:, None, None])  # where the task leaves what is no note
    locks = torch.where(kind >= 0.92, 0.5 * u[2], 0.0)

    # Lanes that do not play: mostly nobody speaks of them, sometimes their silence is certain.
    absent = (~playing)[:, None] & (u[5] < 0.75)[:, None, None]
    silence = torch.where(u[5] < 0.50, LOG_SNR_NOTHING, LOG_SNR_CERTAIN)[:, None, None]
    notes = torch.where(absent, silence, notes)

    def one_of(v: Tensor, certain: float, nothing: float, otherwise: Tensor) -> Tensor:
        return torch.where(v < certain, LOG_SNR_CERTAIN, torch.where(v < nothing, LOG_SNR_NOTHING, otherwise))

    chords = one_of(u[6], 0.20, 0.50, torch.where(u[6] < 0.75, level, noise.quantile(u[7])))
    key = one_of(u[8], 0.75, 0.90, level)
    form = one_of(u[9], 0.60, 0.85, noise.quantile(u[10]))
    labels = torch.stack([chords, key, form], -1)[:, None].expand(-1, tokens, -1)
    loudness = expression(u[11], noise.quantile(u[12]), others, notes)
    timing = expression(u[13], noise.quantile(u[14]), others, notes)
    # What plays and in which manner is nearly always said; what nobody says the model has to hear.
    said = torch.stack([u[15] < 0.85, u[16] < 0.75], -1)[:, None].expand(-1, tokens, -1)
    manner = torch.where(said, LOG_SNR_CERTAIN, LOG_SNR_NOTHING)
    return torch.cat([notes, labels, loudness, timing, manner], -1), locks


def expression(v: Tensor, own: Tensor, others: Tensor, notes: Tensor) -> Tensor:
    """Loudness or timing of all note lanes: where the task left them, unknown (notation has no loudness), at a level of
    their own, or as far as the notes they belong to. (B), (B), (B, T, 1), (B, T, note lanes) → (B, T, note lanes)
    """
    v, own = v[:, None, None], own[:, None, None]
    apart = torch.where(v < 0.50, LOG_SNR_NOTHING, own)
    return torch.where(v < 0.25, others, torch.where(v < 0.70, apart, notes))


def loss_weights(log_snr: Tensor) -> Tensor:
    """1 where there is something to learn, less from loudness on, 0 where the lane is certain. (B, T, lanes)"""
    importance = torch.ones(LANES, device=log_snr.device)
    importance[LOUDNESS_LANE:] = EXPRESSION_WEIGHT
    return torch.where(log_snr < LOG_SNR_CERTAIN, importance, 0.0)


def signs(layout: Layout, choices: Tensor) -> Tensor:
    """+1 for the chosen cell of a group, −1 for its others, 0 where unknown. (B, T, groups) → (B, T, bits)"""
    parts = []
    for _, groups, count, group, _ in layout.spans():
        chosen = choices[..., group : group + groups, None]
        own = torch.arange(1, count + 1, device=choices.device, dtype=torch.uint8)
        sign = torch.where(chosen == own, 1.0, -1.0)
        parts.append(torch.where(chosen == UNKNOWN, 0.0, sign).flatten(-2))
    return torch.cat(parts, -1)


def per_cell(layout: Layout, lanes: Tensor) -> Tensor:
    """(B, T, lanes) → (B, T, bits)"""
    counts = [groups * count for _, groups, count in layout.blocks]
    index = torch.tensor([lane for lane, _, _ in layout.blocks], device=lanes.device)
    return lanes[..., index].repeat_interleave(torch.tensor(counts, device=lanes.device), -1, output_size=layout.bits)


def noise_evidence(layout: Layout, choices: Tensor, log_snr: Tensor, generator: torch.Generator) -> Tensor:
    """e ~ N(2 snr s, 4 snr), ±CERTAIN in certain lanes, 0 where nothing is known (crates/diffusion/src/evidence.rs)."""
    certain, nothing = log_snr >= LOG_SNR_CERTAIN, log_snr <= LOG_SNR_NOTHING
    snr = log_snr.exp()
    signal = torch.where(certain, CERTAIN, torch.where(nothing, 0.0, 2 * snr))
    scatter = torch.where(certain | nothing, 0.0, 2 * snr.sqrt())
    s = signs(layout, choices)
    normal = torch.randn(s.shape, generator=generator, device=s.device)
    evidence = per_cell(layout, signal) * s + per_cell(layout, scatter) * normal * s.abs()
    return evidence.clamp(-CERTAIN, CERTAIN)


def lock_cells(layout: Layout, choices: Tensor, locks: Tensor, evidence: Tensor, generator: torch.Generator) -> Tensor:
    """Makes a share of the note groups certain: whole tokens × lanes half of the time, single groups otherwise."""
    items, tokens = choices.shape[:2]
    device = choices.device
    spans = list(layout.spans())[:NOTE_LANES]
    whole = torch.rand(items, 1, 1, generator=generator, device=device) < 0.5
    parts = []
    for _, groups, count, _, _ in spans:
        together = torch.rand(items, tokens, 1, generator=generator, device=device)
        apart = torch.rand(items, tokens, groups, generator=generator, device=device)
        locked = torch.where(whole, together, apart) < locks[:, None, None]
        parts.append(locked.repeat_interleave(count, -1))
    locked = torch.cat(parts, -1)
    bits = locked.shape[-1]
    sure = CERTAIN * signs(layout, choices)[..., :bits]
    notes = torch.where(locked & (sure != 0), sure, evidence[..., :bits])
    return torch.cat([notes, evidence[..., bits:]], -1)


def draw_examples(
    layout: Layout, choices: Tensor, noise: Noise, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Evidence (B, T, bits), log snr (B, T, lanes) and loss weights (B, T, lanes) of windows."""
    log_snr, locks = draw_views(playing_lanes(layout, choices), choices.shape[1], noise, generator)
    evidence = noise_evidence(layout, choices, log_snr, generator)
    evidence = lock_cells(layout, choices, locks, evidence, generator)
    return evidence, log_snr, loss_weights(log_snr)
