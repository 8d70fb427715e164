//! The canvas: a piece of music as lanes × quarters × cells, the form in which evidence can be stated about it.
//!
//! `encode` takes a quantised score to a [`Canvas`], `decode` brings it back; what the canvas cannot hold is counted.
//! `cells` lays a canvas out as one small choice per cell group, which is all the numeric half ever sees.

pub mod canvas;
pub mod cells;

pub use canvas::{BarPosition, CELLS, Canvas, ChordCell, Form, NoteCell, NoteLane, StepInfo, Timing};
