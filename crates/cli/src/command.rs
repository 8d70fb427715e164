//! One file a command.

pub mod compose;
pub mod corpus;
pub mod evaluate;
pub mod reproduce;
pub mod train;
