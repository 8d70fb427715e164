//! Which instructions this machine has.

use std::sync::OnceLock;

/// An instruction set that the kernels are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// Plain Rust with `f32::mul_add`: every machine (fast where the target has fused multiply-add, as aarch64 does).
    Portable,
    /// x86-64 with AVX2 and FMA.
    Avx2,
    /// x86-64 with AVX-512F.
    Avx512,
}

impl Isa {
    /// The best set of this machine, detected once. `AEOLIAN_ISA=portable|avx2|avx512` lowers it for comparisons.
    pub fn detected() -> Self {
        static BEST: OnceLock<Isa> = OnceLock::new();
        *BEST.get_or_init(|| {
            let best = Self::best();
            match std::env::var("AEOLIAN_ISA").as_deref() {
                Ok("portable") => Self::Portable,
                Ok("avx2") if best != Self::Portable => Self::Avx2,
                _ => best,
            }
        })
    }

    /// Every set this machine can run, the portable one first.
    pub fn available() -> Vec<Self> {
        match Self::best() {
            Self::Portable => vec![Self::Portable],
            Self::Avx2 => vec![Self::Portable, Self::Avx2],
            Self::Avx512 => vec![Self::Portable, Self::Avx2, Self::Avx512],
        }
    }

    #[cfg(target_arch = "x86_64")]
    fn best() -> Self {
        if is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("fma")
        {
            Self::Avx512
        } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            Self::Avx2
        } else {
            Self::Portable
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn best() -> Self {
        Self::Portable
    }
}

/// Defines a function whose body is compiled three times, for each [`Isa`], and dispatched by the detected one.
///
/// The body is ordinary safe Rust that the compiler vectorises; since rustc neither fuses nor reorders floating-point
/// operations on its own, the three give the same bits.
macro_rules! vectorised {
    ($(#[$doc:meta])* pub fn $name:ident($($arg:ident : $type:ty),* $(,)?) $(-> $result:ty)? $body:block) => {
        $(#[$doc])*
        pub fn $name($($arg: $type),*) $(-> $result)? {
            #[inline(always)]
            fn body($($arg: $type),*) $(-> $result)? $body
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($arg: $type),*) $(-> $result)? { body($($arg),*) }
                #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,fma")]
                fn avx512($($arg: $type),*) $(-> $result)? { body($($arg),*) }
                match $crate::isa::Isa::detected() {
                    // SAFETY: the features were found on this machine by `Isa::detected`.
                    $crate::isa::Isa::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: as above.
                    $crate::isa::Isa::Avx2 => return unsafe { avx2($($arg),*) },
                    $crate::isa::Isa::Portable => {}
                }
            }
            body($($arg),*)
        }
    };
}
pub(crate) use vectorised;
