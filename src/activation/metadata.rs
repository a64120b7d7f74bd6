//! What is known about a function, as data.

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
    /// Largest error of `f` in ULP, on every adapter and on the CPU, over every f32 input.
    pub max_ulp: f32,
    /// Largest error of `f'` in ULP, as [`max_ulp`](Self::max_ulp).
    pub max_ulp_derivative: f32,
}

impl Metadata {
    /// A start for struct update syntax: no alias, no parameter, 4 ULP.
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
        max_ulp: 4.0,
        max_ulp_derivative: 4.0,
    };
}
