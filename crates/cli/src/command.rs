//! One file a command.

pub mod analyze;
pub mod compose;
pub mod corpus;
pub mod doctor;
pub mod evaluate;
pub mod produce;
pub mod render;
pub mod reproduce;
pub mod train;
mod values;
pub mod verbs;
pub mod wishes;
