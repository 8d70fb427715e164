"""A packed corpus in the device's memory, and windows drawn from it there (crates/train/src/dataset.rs)."""

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from model import Layout
from pack import unpack
from tasks import LANES, LOUDNESS_LANE, NOTE_LANES, TIMING_LANE


class Corpus:
    """Training pieces end to end and the trainer's own validation windows."""

    def __init__(self, path: Path, tokens: int, at_sections: float, device):
        tensors, self.metadata = unpack(path)
        self.architecture = json.loads(self.metadata["architecture"])
        self.layout = Layout(self.architecture["blocks"])
        if self.layout.lanes != LANES:
            raise ValueError(f"{path} has {self.layout.lanes} noise levels and not {LANES}: export the corpus again")
        if tensors["valid.choices"].shape[1] != tokens:
            raise ValueError(f"{path} was exported for windows of {tensors['valid.choices'].shape[1]} quarters")
        on_device = {name: torch.from_numpy(np.ascontiguousarray(t)).to(device) for name, t in tensors.items()}
        self.tokens, self.at_sections = tokens, at_sections
        self.prior: Tensor = on_device["prior"]
        self.choices, self.positions = on_device["choices"], on_device["positions"]
        self.struck_loudness = on_device["struck_loudness"]
        self.valid = on_device["valid.choices"], on_device["valid.positions"]
        self.bars, self.sections = on_device["bars"].long(), on_device["sections"].long()
        # Where each piece's bars and sections begin in the lists of all.
        self.bar_piece = on_device["bar_piece"].long()
        pieces = len(tensors["first_quarter"]) - 1
        self.first_section = on_device["first_section"].long()
        self.first_bar = torch.searchsorted(self.bar_piece, torch.arange(pieces + 1, device=device))

    def starts(self, items: int, generator: torch.Generator) -> Tensor:
        """A bar of all bars names the piece; the window begins at one of its sections, or at one of its bars."""
        u = torch.rand(3, items, generator=generator, device=self.bars.device)
        piece = self.bar_piece[(u[0] * len(self.bars)).long().clamp(max=len(self.bars) - 1)]
        sections = self.first_section[piece + 1] - self.first_section[piece]
        at_section = (u[1] < self.at_sections) & (sections > 0)
        count = torch.where(at_section, sections, self.first_bar[piece + 1] - self.first_bar[piece])
        index = torch.minimum((u[2] * count).long(), count - 1)
        bar = self.bars[(self.first_bar[piece] + index).clamp(max=len(self.bars) - 1)]
        section = self.sections[(self.first_section[piece] + index).clamp(max=len(self.sections) - 1)]
        return torch.where(at_section, section, bar)

    def draw(self, items: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Choices (B, T, groups) and positions (B, T, 2) of windows."""
        return self.windows(self.starts(items, generator))

    def windows(self, starts: Tensor) -> tuple[Tensor, Tensor]:
        """Choices (B, T, groups) and positions (B, T, 2) of the windows that begin at these quarters. (B)"""
        quarters = starts[:, None] + torch.arange(self.tokens, device=starts.device)
        choices = self.choices[quarters]
        self.strike_again(choices, self.struck_loudness[starts])
        return choices, self.positions[quarters]

    def strike_again(self, choices: Tensor, loudness: Tensor) -> None:
        """What sounds on from before the window begins in it, as loud as it was (crates/canvas/src/window.rs).

        `loudness`: of every note lane, what the first step then has. (B, lanes)
        """
        for lane, groups, _, group, _ in self.layout.spans():
            if lane < NOTE_LANES:
                first = choices[:, 0, group : group + groups // self.architecture["geometry"]["steps"]]
                first.masked_fill_(first == 2, 1)
            elif LOUDNESS_LANE <= lane < TIMING_LANE:
                choices[:, 0, group] = loudness[:, lane - LOUDNESS_LANE]
