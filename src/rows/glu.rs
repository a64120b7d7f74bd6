//! [`Glu`]: gated linear units.

use super::places::{Access, rows_of};
use crate::{Activation, Error, Result};

/// Which elements of a row go through the gate's function; the others are multiplied by it. A row of 2n columns gives n.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Gate {
    /// The first half: what ggml does, and Phi-3's `gate_up_proj`.
    First,
    /// The second half: PyTorch's and JAX's `glu`, and the GEGLU of diffusers.
    Second,
    /// Columns 0, 2, 4, …: the interleaved layout of gpt-oss.
    Even,
    /// Columns 1, 3, 5, …
    Odd,
}

/// A gated linear unit, `g(a)·b`, over rows of 2n columns that hold `a` and `b`, or over two tensors (Shazeer 2020, GLU Variants
/// Improve Transformer). Its gradients are `da = dy·b·g'(a)` and `db = dy·g(a)`; a zero among the factors of a gradient wins over an
/// infinity.
///
/// A result is as accurate as the gate's function is, in relative terms, with a rounding for each product; `da` is formed as
/// `(dy·b)·g'(a)`, and `dy·b` has to stay in the range of f32 for that.
///
/// With a [limit](Self::limited) L and an [offset](Self::offset) it is `g(min(a, L))·(min(max(b, -L), L) + offset)`. No gradient goes
/// through where `a >= L` or `|b| >= L`.
///
/// ```
/// use nonlin::cpu::Cpu;
/// use nonlin::rows::{GateEngine, Glu};
/// // Two rows: the first half of each is gated by the second.
/// let y = Cpu::new().glu(&Glu::glu(), &[4.0, 0.0, 1.0, 0.0], 2)?;
/// assert_eq!(y, [2.0, 0.5]);
/// # Ok::<(), nonlin::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Glu {
    gate: Activation,
    side: Gate,
    limit: f32,
    offset: f32,
}

impl Glu {
    /// Gated by this function of the first half of a row.
    pub fn with(gate: Activation) -> Self {
        Self {
            gate,
            side: Gate::First,
            limit: f32::INFINITY,
            offset: 0.0,
        }
    }

    /// The sigmoid of the second half, as PyTorch and JAX have it: `first·σ(second)` (Dauphin et al. 2017).
    #[allow(
        clippy::self_named_constructors,
        reason = "it is one of the family, and has the family's name"
    )]
    pub fn glu() -> Self {
        Self::with(Activation::sigmoid()).gated(Gate::Second)
    }

    /// No function at all: the product of the halves.
    pub fn bilinear() -> Self {
        Self::with(Activation::linear())
    }

    /// relu of the first half.
    pub fn reglu() -> Self {
        Self::with(Activation::relu())
    }

    /// gelu of the first half, in its erf form; the other forms are `Glu::with(Activation::gelu_tanh())` and so on.
    pub fn geglu() -> Self {
        Self::with(Activation::gelu())
    }

    /// silu of the first half.
    pub fn swiglu() -> Self {
        Self::with(Activation::silu())
    }

    /// The squared relu of the first half.
    pub fn sreglu() -> Self {
        Self::with(Activation::squared_relu())
    }

    /// The clamped SwiGLU of gpt-oss: `g·σ(1.702·g)·(u + 1)`, g = min(a, 7), u = min(max(b, -7), 7), with `a` in the even columns and `b`
    /// in the odd ones.
    pub fn clamped_swiglu() -> Self {
        Self::with(Activation::Swish { beta: 1.702 })
            .gated(Gate::Even)
            .limited(7.0)
            .offset(1.0)
    }

    /// The same with the gate in another place of the row.
    pub fn gated(self, side: Gate) -> Self {
        Self { side, ..self }
    }

    /// The same with `a` limited from above, and `b` on both sides.
    pub fn limited(self, limit: f32) -> Self {
        Self { limit, ..self }
    }

    /// The same with this number added to `b`, behind the limit.
    pub fn offset(self, offset: f32) -> Self {
        Self { offset, ..self }
    }

    /// The gate's function.
    pub fn gate(&self) -> &Activation {
        &self.gate
    }

    /// The limit and the offset, where there is something of them.
    pub(crate) fn clamp(&self) -> Option<[f32; 2]> {
        (self.limit != f32::INFINITY || self.offset != 0.0).then_some([self.limit, self.offset])
    }

    /// How `a` and `b` are reached in rows that give `columns` results each.
    pub(crate) fn halves(&self, columns: usize) -> [Access; 2] {
        match self.side {
            Gate::First => [false, true].map(|second| Access::half(columns, second)),
            Gate::Second => [true, false].map(|second| Access::half(columns, second)),
            Gate::Even => [false, true].map(|odd| Access::alternate(columns, odd)),
            Gate::Odd => [true, false].map(|odd| Access::alternate(columns, odd)),
        }
    }

    /// Refuses parameters that are out of their range.
    pub(crate) fn check(&self) -> Result<()> {
        self.gate.validate()?;
        let range = |parameter, value: f32, min, max| {
            // Written so that NaN fails.
            if min <= value && value <= max {
                return Ok(());
            }
            Err(Error::ParameterOutOfRange {
                function: "glu",
                parameter,
                value,
                min,
                max,
            })
        };
        range("limit", self.limit, f32::MIN_POSITIVE, f32::INFINITY)?;
        range("offset", self.offset, f32::MIN, f32::MAX)
    }

    /// Checks the lengths too; gives the rows of the input and the columns of the result.
    pub(crate) fn shape(&self, len: usize, columns: usize) -> Result<(usize, usize)> {
        self.check()?;
        let rows = rows_of("glu", "x", len, columns)?;
        if !columns.is_multiple_of(2) {
            return Err(Error::InvalidParameters {
                function: "glu",
                reason: format!("a row of {columns} columns has no two halves"),
            });
        }
        Ok((rows, columns / 2))
    }
}
