//! The canvas: a piece of music as lanes × quarters × cells, the form in which evidence can be stated about it.
//!
//! [`encode()`] takes a quantised score to a [`Canvas`], [`decode()`] brings it back; what the canvas cannot hold is
//! counted. `window` cuts and transposes canvases. `cells` lays a canvas out as one small choice per cell group, which
//! is all the numeric half ever sees.

mod bars;
pub mod canvas;
pub mod cells;
pub mod decode;
pub mod encode;
pub mod idiom;
mod window;

pub use canvas::{
    BarPosition, CELLS, Canvas, ChordCell, Ensemble, Form, NOTE_LANES, NoteCell, NoteLane, StepInfo, Timing,
};
pub use decode::{DecodeContext, DecodeReport, decode};
pub use encode::{EncodeReport, encode, lanes_by_name};
pub use idiom::Idiom;
