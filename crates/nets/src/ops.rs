//! The operations the networks are made of, each with its derivative, each checked against finite differences.

pub mod attention;
pub mod linear;
pub mod lstm;
pub mod neighbours;
pub mod norm;
pub mod picture;
pub mod pointwise;

#[cfg(test)]
pub(crate) mod check;
