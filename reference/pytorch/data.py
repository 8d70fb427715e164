"""A packed corpus in the device's memory, and windows drawn from it there (crates/train/src/dataset.rs).

Note cells stay four a byte until a window is drawn: every collection at once is then 0.9 GB and not 2.6.
"""

import json
from pathlib import Path

import torch
from torch import Tensor

from model import Layout
from pack import load, unpack_choices
from tasks import LANES, LOUDNESS_LANE, NOTE_LANES, TIMING_LANE


class Corpus:
    """Training pieces end to end and the trainer's own validation windows.

    `shares` says how often a window is drawn from each set, relative to one another; sets it does not name are not
    drawn. Without shares every bar is drawn equally often.
    """

    def __init__(self, path: Path, tokens: int, at_sections: float, shares: dict[str, float], device):
        tensors, self.metadata = load(path)
        self.architecture = json.loads(self.metadata["architecture"])
        self.layout = Layout(self.architecture["blocks"])
        if self.layout.lanes != LANES:
            raise ValueError(f"{path} has {self.layout.lanes} noise levels and not {LANES}: export the corpus again")
        if tensors["valid.notes"].shape[1] != tokens:
            raise ValueError(f"{path} was exported for windows of {tensors['valid.notes'].shape[1]} quarters")
        on_device = {name: tensor.to(device) for name, tensor in tensors.items()}
        self.tokens, self.at_sections = tokens, at_sections
        self.prior: Tensor = on_device["prior"]
        self.notes, self.labels, self.positions = (on_device[name] for name in ("notes", "labels", "positions"))
        self.struck_loudness = on_device["struck_loudness"]
        self.valid = unpack_choices(on_device["valid.notes"], on_device["valid.labels"]), on_device["valid.positions"]
        self.bars, self.sections = on_device["bars"].long(), on_device["sections"].long()
        # Where each piece's bars and sections begin in the lists of all.
        self.bar_piece = on_device["bar_piece"].long()
        self.first_section = on_device["first_section"].long()
        pieces = len(self.first_section) - 1
        self.first_bar = torch.searchsorted(self.bar_piece, torch.arange(pieces + 1, device=device))
        sources = self.sources(json.loads(self.metadata["sets"]), shares)
        self.source_first, self.source_bars, drawn = (torch.tensor(part, device=device) for part in zip(*sources))
        self.cumulated = (drawn / drawn.sum()).cumsum(0)

    def sources(self, sets: dict[str, int], shares: dict[str, float]) -> list[tuple[int, int, float]]:
        """What is drawn from: first bar, bars and share. `sets`: bars of every set, in the order of the bars."""
        if not shares:
            return [(0, len(self.bars), 1.0)]
        for name in shares:
            if name not in sets:
                raise ValueError(f"there is no set {name!r}; there are {', '.join(sets)}")
        found, first = [], 0
        for name, bars in sets.items():
            if name in shares:
                found.append((first, bars, shares[name]))
            first += bars
        return found

    def starts(self, items: int, generator: torch.Generator) -> Tensor:
        """A bar of a source names the piece; the window begins at one of its sections, or at one of its bars."""
        u = torch.rand(4, items, generator=generator, device=self.bars.device)
        source = torch.searchsorted(self.cumulated, u[3], right=True).clamp(max=len(self.cumulated) - 1)
        piece = self.bar_piece[self.source_first[source] + (u[0].double() * self.source_bars[source]).long()]
        sections = self.first_section[piece + 1] - self.first_section[piece]
        at_section = (u[1] < self.at_sections) & (sections > 0)
        count = torch.where(at_section, sections, self.first_bar[piece + 1] - self.first_bar[piece])
        index = torch.minimum((u[2] * count).long(), count - 1)
        bar = self.bars[(self.first_bar[piece] + index).clamp(max=len(self.bars) - 1)]
        if len(self.sections) == 0:
            return bar
        section = self.sections[(self.first_section[piece] + index).clamp(max=len(self.sections) - 1)]
        return torch.where(at_section, section, bar)

    def draw(self, items: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Choices (B, T, groups) and positions (B, T, 2) of windows."""
        return self.windows(self.starts(items, generator))

    def windows(self, starts: Tensor) -> tuple[Tensor, Tensor]:
        """Choices (B, T, groups) and positions (B, T, 2) of the windows that begin at these quarters. (B)"""
        quarters = starts[:, None] + torch.arange(self.tokens, device=starts.device)
        choices = unpack_choices(self.notes[quarters], self.labels[quarters])
        self.strike_again(choices, self.struck_loudness[starts])
        return choices, self.positions[quarters]

    def strike_again(self, choices: Tensor, loudness: Tensor) -> None:
        """What sounds on from before the window begins in it, as loud as it was (crates/canvas/src/window.rs).

        `loudness`: of every note lane, what the first step then has. (B, note lanes)
        """
        for lane, groups, _, group, _ in self.layout.spans():
            if lane < NOTE_LANES:
                first = choices[:, 0, group : group + groups // self.architecture["geometry"]["steps"]]
                first.masked_fill_(first == 2, 1)
            elif LOUDNESS_LANE <= lane < TIMING_LANE:
                choices[:, 0, group] = loudness[:, lane - LOUDNESS_LANE]
