//! The arithmetic that costs time: matrix product, elementwise functions and reductions.
//!
//! Every kernel exists for AVX-512, AVX2 with FMA, and portably, chosen once at run time. All three add the same
//! products in the same order with the same fused rounding, so **their results are equal to the last bit**: a piece
//! composed on one machine can be rebuilt on another. (The one exception is [`gemm_bf16`], for training.) All kernels run on
//! the calling thread, but for [`panels::multiply_shared`], whose bits do not depend on the number of threads; other
//! parallelism is over independent items and lives with the callers.

pub mod beliefs;
pub mod buffer;
pub mod elementwise;
pub mod factor;
pub mod fft;
pub mod gemm;
pub mod gemm_bf16;
pub mod glide;
pub mod isa;
mod lanes;
pub mod neighbours;
pub mod noise;
pub mod norm;
pub mod panels;
pub mod weights;

pub use buffer::Buffer;
pub use isa::Isa;
