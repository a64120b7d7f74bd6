//! [`CustomFunction`]: an activation that the user writes in WGSL.

mod check;
mod definition;
#[cfg(not(target_arch = "wasm32"))]
mod validate;

use crate::activation::{Activation, Entry, write_number};
use crate::{Error, Result};
use definition::Definition;

/// A function of the user's own in WGSL with the values of its parameters; from [`Activation::custom`].
///
/// # What the text has to hold
///
/// ```wgsl
/// fn NAME(x: f32, p: vec4<f32>) -> f32 { … }
/// fn NAME_derivative(x: f32, p: vec4<f32>) -> f32 { … }
/// ```
///
/// `p` holds the values of the parameters, 0 where there are fewer than four. More functions, structures, constants and aliases may
/// stand beside them. Where `x` is NaN, the results are NaN, whatever the functions give.
///
/// What it may not hold: bindings, variables outside of functions, entry points, directives (`enable`, …), barriers, recursion, a name that
/// the crate's own shaders declare, and a loop whose end cannot be seen. A loop has to be of the form
/// `for (var i = 0; i < 8; i++)`, with whole numbers written out as bounds, a counter that the body only reads, and at most
/// 1024 rounds, those of loops within loops multiplied; a function that holds a loop may not be called within one.
///
/// # The crate's own mathematics
///
/// WGSL lets a driver compute `exp` with 130 ULP of error and `tanh` with 754,000, and drivers do. These functions are at most as far
/// from the exact result as stated, on every adapter:
///
/// | function | what it is | error |
/// |---|---|---|
/// | `exp_any(x)` | eˣ for every x | 2 ULP |
/// | `expm1_any(x)` | eˣ - 1 for every x | 2 ULP |
/// | `expm1_nonpositive(x)` | eˣ - 1 for x ≤ 0 | 2 ULP |
/// | `log_any(x)` | ln x; -∞ at 0, NaN below | 2 ULP |
/// | `log1p_any(x)` | ln(1 + x); -∞ at -1, NaN below | 3 ULP |
/// | `log1p_unit(t)` | ln(1 + t) for 0 ≤ t ≤ 1 | 2 ULP |
/// | `tanh_nonnegative(a)` | tanh a for a ≥ 0 | 3 ULP |
/// | `erf_nonnegative(a)` | erf a for a ≥ 0 | 2 ULP |
/// | `exp_of(x)` | eˣ for -170 ≤ x ≤ 90 as an `Exp`, for `exp_value` and `exp_times` | |
/// | `exp_value(e)` | the value of an `Exp` | 2 ULP |
/// | `exp_times(e, factor)` | factor·eˣ, right also where eˣ alone is too small for f32 | 2 ULP |
/// | `pow2(k)` | 2ᵏ for an `i32` of -126 to 127 | exact |
/// | `times_pow2(x, k)` | x·2ᵏ for a whole k of -250 to 250, given as `f32` | exact |
/// | `copy_sign(x, s)` | x with the sign of s | exact |
/// | `high_bits(x)` | x cut after 12 significant bits | exact |
/// | `launder(x)` | x, hidden from the compiler: without it `(a + b) - a` becomes `b` | exact |
/// | `is_nan(x)` | whether x is NaN, which `x != x` need not tell | exact |
/// | `nan_of(result, x)` | result, or x where x is NaN | exact |
/// | `infinity()`, `nan()` | what WGSL has no literal for | exact |
///
/// # Memory
///
/// A text is checked once and kept for as long as the program runs, however often the function is made again: its memory is never given
/// back. The values of parameters are data, so changing them compiles nothing.
#[derive(Clone, Copy)]
pub struct CustomFunction {
    definition: &'static Definition,
    values: [f32; Self::MAX_PARAMETERS],
    count: usize,
}

impl CustomFunction {
    /// Largest number of parameters.
    pub const MAX_PARAMETERS: usize = 4;

    /// Bytes of the longest text.
    pub const MAX_SOURCE_BYTES: usize = 64 * 1024;

    pub(crate) fn new(name: &str, wgsl: &str, parameters: &[f32]) -> Result<Self> {
        let definition = definition::define(name, wgsl)?;
        Self {
            definition,
            values: [0.0; Self::MAX_PARAMETERS],
            count: 0,
        }
        .with_parameters(parameters)
    }

    /// The same function with other values of its parameters.
    ///
    /// # Errors
    /// [`Error::InvalidParameters`] for more than four, or for one that is not finite.
    pub fn with_parameters(mut self, parameters: &[f32]) -> Result<Self> {
        let fail = |reason: String| Error::InvalidParameters {
            function: self.name(),
            reason,
        };
        if parameters.len() > Self::MAX_PARAMETERS {
            return Err(fail(format!(
                "it has {} parameters, at most {} are possible",
                parameters.len(),
                Self::MAX_PARAMETERS
            )));
        }
        if let Some(i) = parameters.iter().position(|value| !value.is_finite()) {
            let value = write_number(parameters[i]);
            return Err(fail(format!(
                "parameter {i} is {value}, it has to be finite"
            )));
        }
        self.values = [0.0; Self::MAX_PARAMETERS];
        self.values[..parameters.len()].copy_from_slice(parameters);
        self.count = parameters.len();
        Ok(self)
    }

    /// The name.
    pub fn name(&self) -> &'static str {
        self.definition.metadata().id
    }

    /// The text that it was made from.
    pub fn source(&self) -> &'static str {
        self.definition.source()
    }

    /// The values of its parameters.
    pub fn parameters(&self) -> &[f32] {
        &self.values[..self.count]
    }

    pub(crate) fn entry(&self) -> &'static dyn Entry {
        self.definition
    }
}

impl PartialEq for CustomFunction {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.definition, other.definition) && self.parameters() == other.parameters()
    }
}

impl std::fmt::Debug for CustomFunction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CustomFunction")
            .field("name", &self.name())
            .field("parameters", &self.parameters())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Display for CustomFunction {
    /// The name with the values in brackets: `swoosh(0.5, 2)`. Such a text cannot be read back: it does not hold the function.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.count == 0 {
            return f.pad(self.name());
        }
        let values: Vec<String> = self.parameters().iter().map(|&v| write_number(v)).collect();
        f.pad(&format!("{}({})", self.name(), values.join(", ")))
    }
}

impl From<CustomFunction> for Activation {
    fn from(f: CustomFunction) -> Self {
        Self::Custom(f)
    }
}

/// A place in the text of a custom function.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourcePlace {
    /// The line, from 1.
    pub line: u32,
    /// The character in the line, from 1.
    pub column: u32,
    /// What stands there.
    pub text: String,
}

impl std::fmt::Display for SourcePlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { line, column, text } = self;
        write!(f, "line {line}, column {column}")?;
        if text.is_empty() {
            return Ok(());
        }
        write!(f, ", at `{text}`")
    }
}
