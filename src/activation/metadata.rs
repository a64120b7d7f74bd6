//! What is known about a function, as data.

use crate::Direction;

/// The kinds of functions, as the course chapter tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Family {
    /// Straight lines: linear, piecewise linear, step.
    Linear,
    /// Flattens out on both sides: sigmoid, tanh.
    Saturating,
    /// Passes the positive side and bends sharply at zero: relu and its relatives.
    Rectifier,
    /// Passes the positive side and bends smoothly: elu, silu, gelu.
    SmoothRectifier,
    /// A cheap stand-in for a smooth function, in straight pieces.
    Hard,
    /// Pulls its input towards zero.
    Shrink,
    /// A function of elementary mathematics.
    Maths,
    /// Written by the user: [`Activation::custom`](crate::Activation::custom).
    Custom,
}

impl Family {
    /// The name in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Saturating => "saturating",
            Self::Rectifier => "rectifier",
            Self::SmoothRectifier => "smooth rectifier",
            Self::Hard => "hard",
            Self::Shrink => "shrink",
            Self::Maths => "maths",
            Self::Custom => "custom",
        }
    }
}

impl std::fmt::Display for Family {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// One parameter of a function.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Parameter {
    /// The name in code and on the command line.
    pub name: &'static str,
    /// The standard value; `None` where one has to be given.
    pub default: Option<f32>,
    /// Smallest allowed value.
    pub min: f32,
    /// Largest allowed value.
    pub max: f32,
    /// The real number that the default stands for where that is no f32 (1/6). A parameter equal to `default` means it.
    pub exact: Option<f64>,
}

impl Parameter {
    /// A parameter with a default.
    pub(crate) const fn new(name: &'static str, default: f32, min: f32, max: f32) -> Self {
        Self {
            name,
            default: Some(default),
            min,
            max,
            exact: None,
        }
    }

    /// A parameter that has to be given.
    pub(crate) const fn required(name: &'static str, min: f32, max: f32) -> Self {
        Self {
            name,
            default: None,
            min,
            max,
            exact: None,
        }
    }

    /// A parameter whose default stands for a number that f32 cannot hold.
    pub(crate) const fn exact(name: &'static str, default: f64, min: f32, max: f32) -> Self {
        Self {
            name,
            default: Some(default as f32),
            min,
            max,
            exact: Some(default),
        }
    }

    /// The real number that `value` stands for.
    pub fn resolve(&self, value: f32) -> f64 {
        match self.exact {
            Some(exact) if Some(value) == self.default => exact,
            _ => f64::from(value),
        }
    }
}

/// Everything known about a function that does not depend on its parameters' values.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Metadata {
    /// The name in code and on the command line.
    pub id: &'static str,
    /// Other spellings that are understood.
    pub aliases: &'static [&'static str],
    /// The kind of function.
    pub family: Family,
    /// `f(x)`.
    pub formula: &'static str,
    /// `f'(x)`.
    pub derivative_formula: &'static str,
    /// `f'(x)` as a formula of `y = f(x)`, where that is possible for every input.
    pub derivative_from_output_formula: Option<&'static str>,
    /// Where the definition comes from.
    pub source: &'static str,
    /// The values that `f` takes, at default parameters.
    pub range: &'static str,
    /// Whether the derivative vanishes towards both infinities.
    pub saturating: bool,
    /// Whether `f` has a continuous derivative.
    pub smooth: bool,
    /// Whether `f` never decreases.
    pub monotonic: bool,
    /// Whether outputs have either sign, balanced around zero.
    pub zero_centred: bool,
    /// What it is good for.
    pub used_for: &'static str,
    /// What is known to go wrong with it.
    pub risk: &'static str,
    /// Its parameters, in the order of the variant's fields.
    pub parameters: &'static [Parameter],
    /// Largest error of `f` that was measured.
    pub forward_error: ErrorBound,
    /// Largest error of `f'` that was measured.
    pub derivative_error: ErrorBound,
}

/// The largest error of a function that was measured, and where.
///
/// It covers every one of the 2^32 inputs at the standard parameters, on the CPU and the adapters that `docs/accuracy.md` names, and other
/// parameters, the edges of their ranges among them, on a dense sample of the inputs. `nonlin check` measures it again.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ErrorBound {
    /// In units in the last place (ULP) of the correctly rounded result, rounded up; never above [`ErrorBound::CONTRACT`] for the catalogue, and
    /// `u32::MAX` for a custom function, of which nothing is known.
    pub max_ulp: u32,
    /// An input where it is reached; 0 where every result is right.
    pub at: f32,
    /// The function as text with the parameters where it is reached, where the standard ones are better.
    pub with: Option<&'static str>,
}

impl ErrorBound {
    /// What no error of the crate exceeds, on any adapter.
    pub const CONTRACT: u32 = 4;

    /// A function that was not measured yet: the contract, at NaN.
    const UNMEASURED: Self = Self {
        max_ulp: Self::CONTRACT,
        at: f32::NAN,
        with: None,
    };

    /// A function that this crate knows nothing about.
    pub(crate) const UNKNOWN: Self = Self {
        max_ulp: u32::MAX,
        at: f32::NAN,
        with: None,
    };

    /// Whether it comes from a measurement.
    pub fn is_measured(&self) -> bool {
        !self.at.is_nan()
    }
}

impl std::fmt::Display for ErrorBound {
    /// `3 ULP at -5.1145697`, with the function where its parameters are not the standard ones.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.max_ulp == Self::UNKNOWN.max_ulp {
            return f.write_str("unknown");
        }
        write!(f, "{} ULP", self.max_ulp)?;
        if self.is_measured() && self.max_ulp > 0 {
            write!(f, " at {:?}", self.at)?;
        }
        self.with.map_or(Ok(()), |with| write!(f, " of {with}"))
    }
}

impl Metadata {
    /// A start for struct update syntax: no alias, no parameter, errors not measured.
    pub(crate) const EMPTY: Self = Self {
        id: "",
        aliases: &[],
        family: Family::Maths,
        formula: "",
        derivative_formula: "",
        derivative_from_output_formula: None,
        source: "",
        range: "",
        saturating: false,
        smooth: true,
        monotonic: true,
        zero_centred: false,
        used_for: "",
        risk: "",
        parameters: &[],
        forward_error: ErrorBound::UNMEASURED,
        derivative_error: ErrorBound::UNMEASURED,
    };

    /// A measured error; `scripts/bounds.py` writes the calls.
    pub(crate) const fn error(max_ulp: u32, at: f32) -> ErrorBound {
        ErrorBound {
            max_ulp,
            at,
            with: None,
        }
    }

    /// A measured error that only other parameters than the standard ones reach.
    pub(crate) const fn error_with(function: &'static str, max_ulp: u32, at: f32) -> ErrorBound {
        ErrorBound {
            max_ulp,
            at,
            with: Some(function),
        }
    }

    /// The bound on the errors of a direction: what was measured, and for the derivative from the output the contract. The backward
    /// directions have that of their derivative.
    pub fn bound(&self, direction: Direction) -> u32 {
        match direction {
            Direction::Forward => self.forward_error.max_ulp,
            Direction::Derivative | Direction::Backward => self.derivative_error.max_ulp,
            _ => ErrorBound::CONTRACT,
        }
    }
}
