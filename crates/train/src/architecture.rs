//! Where music meets the numeric half: the canvas's blocks as a diffusion layout, its picture as a geometry.

use aeolian_canvas::NOTE_LANES;
use aeolian_canvas::canvas::{LOWEST_PITCH, PITCHES, STEPS};
use aeolian_canvas::cells::{BLOCKS, PITCH_CLASS_BLOCKS};
use aeolian_diffusion::{Block, Layout};
use aeolian_nets::NetworkConfig;
use aeolian_nets::features::Geometry;
use aeolian_nets::model::Architecture;

/// The canvas as the diffusion process sees it.
pub fn canvas_layout() -> Layout {
    Layout::new(BLOCKS.iter().map(|b| Block { lane: b.lane, groups: b.groups, choices: b.choices }).collect())
}

/// A network over the canvas.
pub fn canvas_architecture(network: NetworkConfig) -> Architecture {
    Architecture {
        network,
        blocks: BLOCKS.iter().map(|b| [b.lane, b.groups, b.choices]).collect(),
        geometry: Geometry {
            note_lanes: NOTE_LANES,
            steps: STEPS,
            pitches: PITCHES,
            pitch_class_blocks: PITCH_CLASS_BLOCKS.to_vec(),
            first_pitch_class: usize::from(LOWEST_PITCH) % 12,
        },
    }
}
