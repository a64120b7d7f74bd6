//! softmax and its relatives: what is computed, apart from where.

use crate::activation::write_number;
use crate::{Error, Result, zeros};
use std::fmt;

/// A function of the softmax family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SoftmaxKind {
    /// `exp(x − m) / Σ exp(x − m)`, with the row's maximum `m`.
    Softmax,
    /// `x − m − log Σ exp(x − m)`.
    LogSoftmax,
    /// softmax of `−x`.
    Softmin,
    /// `exp(x − m) / (exp(−m) + Σ exp(x − m))`, `m = max(0, row maximum)`: softmax with an element 0 beside those of the row, so that
    /// all of them may be near 0 ([Miller 2023](https://www.evanmiller.org/attention-is-off-by-one.html)).
    Softmax1,
}

impl SoftmaxKind {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Softmax,
        Self::LogSoftmax,
        Self::Softmin,
        Self::Softmax1,
    ];

    /// The name: `log_softmax`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Softmax => "softmax",
            Self::LogSoftmax => "log_softmax",
            Self::Softmin => "softmin",
            Self::Softmax1 => "softmax1",
        }
    }
}

/// A function of the softmax family with its options, over each row of `x / temperature`.
///
/// A NaN makes its row NaN and no other; so does `+∞` (for softmin `−∞`). A row of nothing but `−∞` (for softmin `+∞`) gives NaN, as in
/// PyTorch, or zeros [where that is asked for](Self::zero_for_masked_rows); softmax1 gives 0 there by its definition.
///
/// A value of softmax, softmin and softmax1 is within 8 ULP of the exact one, for rows of any length (measured: 4). One of log_softmax is
/// within 2⁻²¹ of it, or 2⁻²¹ of its magnitude where that is above 1. A gradient is within 2⁻²¹ of the sum of the magnitudes of what is
/// added and subtracted for it, given `y`. So `x − m` and `1 / temperature` are held in two numbers each, and sums of many terms lose no
/// more than those of few. Results that are subnormal may be 0.
///
/// ```
/// use nonlin::cpu::Cpu;
/// use nonlin::rows::{Softmax, SoftmaxEngine};
/// let y = Cpu::new().softmax(&Softmax::softmax(), &[0.0, 0.0, 5.0, 5.0], 2)?;
/// assert_eq!(y, [0.5; 4]);
/// # Ok::<(), nonlin::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Softmax {
    kind: SoftmaxKind,
    temperature: f32,
    zero_for_masked_rows: bool,
}

impl Softmax {
    /// The smallest temperature. Below it, and above the largest one, `1 / temperature` would leave the range in which `f32` has all its
    /// digits.
    pub const MIN_TEMPERATURE: f32 = 1e-30;
    /// The largest temperature.
    pub const MAX_TEMPERATURE: f32 = 1e30;

    /// A function with temperature 1.
    pub const fn new(kind: SoftmaxKind) -> Self {
        Self {
            kind,
            temperature: 1.0,
            zero_for_masked_rows: false,
        }
    }

    /// [`SoftmaxKind::Softmax`] with temperature 1.
    #[allow(
        clippy::self_named_constructors,
        reason = "the family is named after its first function"
    )]
    pub const fn softmax() -> Self {
        Self::new(SoftmaxKind::Softmax)
    }

    /// [`SoftmaxKind::LogSoftmax`] with temperature 1.
    pub const fn log_softmax() -> Self {
        Self::new(SoftmaxKind::LogSoftmax)
    }

    /// [`SoftmaxKind::Softmin`] with temperature 1.
    pub const fn softmin() -> Self {
        Self::new(SoftmaxKind::Softmin)
    }

    /// [`SoftmaxKind::Softmax1`] with temperature 1.
    pub const fn softmax1() -> Self {
        Self::new(SoftmaxKind::Softmax1)
    }

    /// The same over `x / temperature`. What is computed refuses a temperature outside of
    /// [`MIN_TEMPERATURE`](Self::MIN_TEMPERATURE) to [`MAX_TEMPERATURE`](Self::MAX_TEMPERATURE), and NaN.
    #[must_use]
    pub const fn temperature(mut self, temperature: f32) -> Self {
        self.temperature = temperature;
        self
    }

    /// Whether a row of nothing but `−∞` (for softmin `+∞`), all of whose elements are masked, gives zeros and not NaN. The backward pass
    /// gives zeros for such a row too; the function has to be the same in both.
    #[must_use]
    pub const fn zero_for_masked_rows(mut self, zero: bool) -> Self {
        self.zero_for_masked_rows = zero;
        self
    }

    /// Which function it is.
    pub const fn kind(&self) -> SoftmaxKind {
        self.kind
    }

    /// Checks the temperature, and that `len` elements are whole rows; gives the number of rows.
    pub(crate) fn check(&self, len: usize, columns: usize) -> Result<usize> {
        let (min, max) = (Self::MIN_TEMPERATURE, Self::MAX_TEMPERATURE);
        if !(min..=max).contains(&self.temperature) {
            return Err(Error::ParameterOutOfRange {
                function: self.kind.id(),
                parameter: "temperature",
                value: self.temperature,
                min,
                max,
            });
        }
        if len == 0 {
            return Ok(0);
        }
        if columns == 0 || !len.is_multiple_of(columns) {
            return Err(Error::InvalidParameters {
                function: self.kind.id(),
                reason: format!("{len} elements are no whole number of rows of {columns} columns"),
            });
        }
        Ok(len / columns)
    }

    /// As [`check`](Self::check), with the lengths of everything: `name` is what `len` elements are of.
    pub(crate) fn check_all(
        &self,
        name: &'static str,
        len: usize,
        columns: usize,
        others: &[(&'static str, usize)],
    ) -> Result<usize> {
        let rows = self.check(len, columns)?;
        match others.iter().find(|(_, other)| *other != len) {
            None => Ok(rows),
            Some(&(wrong, wrong_len)) => Err(Error::LengthMismatch {
                name: wrong,
                len: wrong_len,
                other: name,
                other_len: len,
            }),
        }
    }

    pub(crate) fn constants(&self) -> Constants {
        let exact = 1.0 / f64::from(self.temperature);
        let inverse = exact as f32;
        let inverse_hi = f32::from_bits(inverse.to_bits() & 0xffff_f000);
        Constants {
            inverse,
            inverse_hi,
            inverse_lo: (exact - f64::from(inverse_hi)) as f32,
            negative: self.kind == SoftmaxKind::Softmin,
            log: self.kind == SoftmaxKind::LogSoftmax,
            one: self.kind == SoftmaxKind::Softmax1,
            zeros: self.zero_for_masked_rows,
        }
    }
}

/// `softmax`, `log_softmax(temperature=0.5)`.
impl fmt::Display for Softmax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.id())?;
        let mut options = Vec::new();
        if self.temperature != 1.0 {
            options.push(format!("temperature={}", write_number(self.temperature)));
        }
        if self.zero_for_masked_rows {
            options.push("zero_for_masked_rows".to_owned());
        }
        if options.is_empty() {
            return Ok(());
        }
        write!(f, "({})", options.join(", "))
    }
}

/// What engines compute a function of the family from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Constants {
    /// `1 / temperature`.
    pub inverse: f32,
    /// The first 12 bits of it, and the rest.
    pub inverse_hi: f32,
    pub inverse_lo: f32,
    /// Whether the function is one of `−x`.
    pub negative: bool,
    pub log: bool,
    /// Whether an element 0 stands beside those of a row.
    pub one: bool,
    /// Whether a masked row gives zeros.
    pub zeros: bool,
}

/// Computes softmax and its relatives over rows of slices in host memory; [`Gpu`](crate::Gpu) and [`Cpu`](crate::cpu::Cpu) implement it.
///
/// Slices hold `rows × columns` elements, row after row. Every call gives the same bits again, on the CPU for any number of threads.
///
/// # Errors
/// Every method: [`Error::ParameterOutOfRange`] for the temperature, [`Error::InvalidParameters`] where the elements are no whole number
/// of rows, [`Error::LengthMismatch`], and whatever the device reports.
pub trait SoftmaxEngine: Send + Sync {
    /// The function of each row of `x`, into `y`.
    ///
    /// # Errors
    /// As said for all of them.
    fn softmax_into(&self, f: &Softmax, x: &[f32], columns: usize, y: &mut [f32]) -> Result<()>;

    /// The gradient of the input from the output `y` and its gradient, into `dx`: `y (grad − Σ grad y) / temperature`, for log_softmax
    /// `(grad − exp(y) Σ grad) / temperature`, for softmin the negative of softmax's.
    ///
    /// # Errors
    /// As said for all of them.
    fn softmax_backward_into(
        &self,
        f: &Softmax,
        y: &[f32],
        grad: &[f32],
        columns: usize,
        dx: &mut [f32],
    ) -> Result<()>;

    /// The function of each row of `x`.
    ///
    /// # Errors
    /// As said for all of them.
    fn softmax(&self, f: &Softmax, x: &[f32], columns: usize) -> Result<Vec<f32>> {
        let mut y = zeros(x.len());
        self.softmax_into(f, x, columns, &mut y)?;
        Ok(y)
    }

    /// As [`softmax_backward_into`](Self::softmax_backward_into), into new memory.
    ///
    /// # Errors
    /// As said for all of them.
    fn softmax_backward(
        &self,
        f: &Softmax,
        y: &[f32],
        grad: &[f32],
        columns: usize,
    ) -> Result<Vec<f32>> {
        let mut dx = zeros(y.len());
        self.softmax_backward_into(f, y, grad, columns, &mut dx)?;
        Ok(dx)
    }
}
