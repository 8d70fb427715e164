//! One file a command.

pub mod corpus;
pub mod train;
