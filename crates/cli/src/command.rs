//! One file a command.

pub mod analyze;
pub mod compose;
pub mod corpus;
pub mod doctor;
pub mod evaluate;
pub mod produce;
pub mod render;
pub mod reproduce;
pub mod serve;
pub mod train;
pub mod transcribe;
mod values;
pub mod verbs;
pub mod voice;
pub mod wishes;
