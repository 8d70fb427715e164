//! Named weights in one flat buffer, so that optimiser, averaging and files see a single slice.

use std::ops::Range;

/// Where one parameter lies in the flat buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First float.
    pub start: usize,
    /// Number of floats.
    pub len: usize,
}

impl Span {
    /// As a range of the flat buffer.
    pub fn range(self) -> Range<usize> {
        self.start..self.start + self.len
    }
}

/// How a parameter begins.
#[derive(Clone, Debug, PartialEq)]
pub enum Init {
    /// All zero: the operation starts as nothing, or the identity.
    Zeros,
    /// Normal with this standard deviation.
    Normal(f32),
    /// These numbers.
    Values(Vec<f32>),
}

/// A parameter's name and shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Dotted name, as in the weight file.
    pub name: String,
    /// Shape, outermost first.
    pub shape: Vec<usize>,
    /// Place in the flat buffer.
    pub span: Span,
    /// Weight decay applies (matrices and tables, not biases).
    pub decays: bool,
    init: Init,
}

/// The list of a network's parameters.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parameters {
    specs: Vec<Spec>,
    len: usize,
}

impl Parameters {
    /// Adds a parameter and says where it lies.
    pub fn add(&mut self, name: impl Into<String>, shape: &[usize], init: Init) -> Span {
        let span = Span { start: self.len, len: shape.iter().product() };
        self.len += span.len;
        self.specs.push(Spec { name: name.into(), shape: shape.to_vec(), span, decays: shape.len() > 1, init });
        span
    }

    /// Floats in all.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Every parameter, in buffer order.
    pub fn specs(&self) -> &[Spec] {
        &self.specs
    }

    /// Fresh weights from a seed. Equal names, shapes and seeds give equal weights.
    pub fn initial_values(&self, seed: u64) -> Vec<f32> {
        let mut values = vec![0.0; self.len];
        for (index, spec) in self.specs.iter().enumerate() {
            let slot = &mut values[spec.span.range()];
            match &spec.init {
                Init::Zeros => {}
                Init::Values(given) => slot.copy_from_slice(given),
                Init::Normal(deviation) => {
                    let noise = aeolian_diffusion::noise::Noise::new(seed).stream(index as u64);
                    noise.fill_normal(slot, 0);
                    slot.iter_mut().for_each(|w| *w *= deviation);
                }
            }
        }
        values
    }
}
