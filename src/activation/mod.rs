//! [`Activation`] and the one table that everything else reads.
//!
//! A new activation is one shader file, one Rust file of the same name here, and one line in the table below.

mod elementwise;
mod metadata;
mod parameter;
mod ramp;
mod text;

use crate::custom::CustomFunction;
use crate::{Direction, Error, Result};
pub(crate) use elementwise::{CONSTANTS, Constants, Elementwise, Entry, constants};
pub use metadata::{ErrorBound, Family, Metadata, Parameter};
use parameter::ParameterValue;
pub use parameter::Points;
pub(crate) use parameter::{read_number, write_number};
pub(crate) use text::{is_known, split_outside};

/// Makes the enum, its constructors and its ties to the functions' files. A line reads
/// `"what it is" id Variant { field: type "what the field is", … } (arguments of the constructor, where it has no defaults);`
macro_rules! catalogue {
    ($($doc:literal $id:ident $variant:ident $({ $($field:ident: $type:ty, $field_doc:literal;)* })? $(($($given:ident: $given_type:ty),*))?;)*) => {
        $(mod $id;)*

        /// An activation function with its parameters.
        ///
        /// Each has a constructor with the standard parameters, and is written and read as text:
        ///
        /// ```
        /// use nonlin::Activation;
        /// let f: Activation = "leaky_relu(slope=0.1)".parse()?;
        /// assert_eq!(f, Activation::LeakyRelu { slope: 0.1 });
        /// assert_eq!(f.to_string(), "leaky_relu(slope=0.1)");
        /// assert_eq!(Activation::leaky_relu(), Activation::LeakyRelu { slope: 0.01 });
        /// # Ok::<(), nonlin::Error>(())
        /// ```
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Activation {
            $(
                #[doc = $doc]
                $variant $({
                    $(
                        #[doc = $field_doc]
                        $field: $type,
                    )*
                })?,
            )*
            /// A function of the user's own, from [`Activation::custom`]. The GPU computes it; the CPU engine cannot.
            Custom(CustomFunction),
        }

        /// The functions of the table, in its order, each with the files' contents and a way to make it from named fields.
        static TABLE: &[(&dyn Entry, Build)] = &[
            $((&$id::Function, |_fields| Ok(Activation::$variant { $($($field: _fields.take(stringify!($field))?),*)? }))),*
        ];

        impl Activation {
            pub(crate) fn entry(&self) -> &'static dyn Entry {
                match self {
                    $(Self::$variant { .. } => &$id::Function,)*
                    Self::Custom(f) => f.entry(),
                }
            }

            /// The values of the parameters, in the order of the variant's fields; a list of points gives x and y in turn.
            pub fn parameters(&self) -> Vec<f32> {
                let mut _values = Vec::new();
                match self {
                    $(Self::$variant { $($($field),*)? } => { $($($field.push(&mut _values);)*)? })*
                    Self::Custom(f) => _values.extend(f.parameters()),
                }
                _values
            }

            /// The fields with their values as text.
            fn fields(&self) -> Vec<(&'static str, String)> {
                match self {
                    $(Self::$variant { $($($field),*)? } => vec![$($((stringify!($field), $field.write())),*)?],)*
                    // They have no names.
                    Self::Custom(_) => Vec::new(),
                }
            }

            $(catalogue!(@constructor $doc $id $variant $({ $($field),* })? $(($($given: $given_type),*))?);)*
        }
    };
    (@constructor $doc:literal $id:ident $variant:ident $({ $($field:ident),* })?) => {
        #[doc = concat!("`", stringify!($id), "` with its standard parameters: ", $doc)]
        pub fn $id() -> Self {
            Self::$variant { $($($field: ParameterValue::standard(&$id::Function, stringify!($field)).expect("the table's line has no arguments, so every parameter has a default")),*)? }
        }
    };
    (@constructor $doc:literal $id:ident $variant:ident { $($field:ident),* } ($($given:ident: $given_type:ty),*)) => {
        #[doc = concat!("`", stringify!($id), "`: ", $doc)]
        pub fn $id($($given: $given_type),*) -> Self {
            Self::$variant { $($given),* }
        }
    };
}

/// Makes an activation from its fields.
type Build = fn(&mut text::Fields<'_>) -> Result<Activation, String>;

#[rustfmt::skip]
catalogue! {
    "0 for x < 0, at_zero at 0, else 1" step Step { at_zero: f32, "Value at 0."; };
    "straight lines through up to 8 points" piecewise_linear PiecewiseLinear { left: f32, "Slope to the left of the first point."; right: f32, "Slope to the right of the last point."; points: Points, "The points."; };
    "max(x, 0)" relu Relu;
    "x for x > 0, slope·x otherwise" leaky_relu LeakyRelu { slope: f32, "Slope for x <= 0."; };
    "x for x > 0, alpha·(eˣ - 1) otherwise" elu Elu { alpha: f32, "Minus the limit at -∞."; };
    "scaled elu that keeps mean 0 and variance 1" selu Selu;
    "1 / (1 + e⁻ˣ)" sigmoid Sigmoid;
    "hyperbolic tangent" tanh Tanh;
    "x·Φ(x), Φ the normal distribution function (the erf form)" gelu Gelu;
    "x·σ(1.702·x)" gelu_quick GeluQuick;
    "the tanh approximation of gelu" gelu_tanh GeluTanh;
    "x·σ(beta·x)" swish Swish { beta: f32, "Steepness of the gate."; };
    "x·σ(x)" silu Silu;
    "slope·x + offset" linear Linear { slope: f32, "Slope."; offset: f32, "Value at 0."; };
    "min(max(x, 0), cap)" relu6 Relu6 { cap: f32, "Largest output."; };
    "max(x, 0)²" squared_relu SquaredRelu;
    "x for x > alpha, 0 otherwise" thresholded_relu ThresholdedRelu { alpha: f32, "Inputs up to it give 0."; };
    "x for x > threshold, value otherwise" threshold Threshold { threshold: f32, "Inputs up to it give `value`."; value: f32, "Output for inputs up to the threshold."; } (threshold: f32, value: f32);
    "min(max(x, min), max)" hard_tanh HardTanh { min: f32, "Smallest output."; max: f32, "Largest output; where it is below `min`, every output is `max`."; };
    "min(max(alpha·x + beta, 0), 1)" hard_sigmoid HardSigmoid { alpha: f32, "Slope; the default stands for exactly 1/6."; beta: f32, "Value at 0."; };
    "x·min(max(alpha·x + beta, 0), 1)" hard_swish HardSwish { alpha: f32, "Slope of the gate; the default stands for exactly 1/6."; beta: f32, "Value of the gate at 0."; };
    "x for |x| > lambda, 0 otherwise" hard_shrink HardShrink { lambda: f32, "Half the width of the dead zone."; };
    "x - lambda·sgn(x) for |x| > lambda, 0 otherwise" soft_shrink SoftShrink { lambda: f32, "Half the width of the dead zone."; };
    "x for x > 0, alpha·(e^(x/alpha) - 1) otherwise" celu Celu { alpha: f32, "Minus the limit at -∞."; };
    "-ln(1 + e⁻ˣ)" log_sigmoid LogSigmoid;
    "x - tanh x" tanh_shrink TanhShrink;
    "a·tanh(b·x)" scaled_tanh ScaledTanh { a: f32, "Largest output."; b: f32, "Steepness."; };
    "x / (1 + |x|)" softsign Softsign;
    "ln(1 + e^(beta·x)) / beta" softplus Softplus { beta: f32, "Sharpness of the bend."; };
    "(x + √(x² + b)) / 2" squareplus Squareplus { b: f32, "Width of the bend."; };
    "x·tanh(ln(1 + eˣ))" mish Mish;
    "alpha_p·x² + beta·x for x > 0, alpha_n·(expm1(min(x, eps)) - x) + beta·x otherwise" xielu Xielu { alpha_p: f32, "Curvature of the positive side."; alpha_n: f32, "Weight of the exponential on the negative side."; beta: f32, "Slope at 0."; eps: f32, "Upper end of the exponential's argument."; };
    "x·tanh x" lisht Lisht;
    "x·tanh(eˣ)" telu Telu;
    "error function" erf Erf;
    "|x|" abs Abs;
    "-1, 0 or 1" sign Sign;
    "-x" neg Neg;
    "x²" square Square;
    "√x" sqrt Sqrt;
    "1 / √x" rsqrt Rsqrt;
    "1 / x" reciprocal Reciprocal;
    "eˣ" exp Exp;
    "eˣ - 1" expm1 Expm1;
    "ln x" log Log;
    "ln(1 + x)" log1p Log1p;
}

/// The WGSL of every function of the table.
pub(crate) fn catalogue_sources() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(entry, _)| entry.wgsl())
}

impl Activation {
    /// A function of the user's own: its name, WGSL that holds `fn NAME(x: f32, p: vec4<f32>) -> f32` and its derivative
    /// `fn NAME_derivative(x: f32, p: vec4<f32>) -> f32`, and up to four values for `p`. It can be used wherever an activation can,
    /// on the GPU; [`CustomFunction`] says what the text may hold, and what it may call.
    ///
    /// ```
    /// use nonlin::Activation;
    /// let wgsl = "
    ///     fn bump(x: f32, p: vec4<f32>) -> f32 { return exp_any(-p.x * x * x); }
    ///     fn bump_derivative(x: f32, p: vec4<f32>) -> f32 { return -2.0 * p.x * x * bump(x, p); }
    /// ";
    /// let f = Activation::custom("bump", wgsl, &[0.5])?;
    /// assert_eq!(f.to_string(), "bump(0.5)");
    ///
    /// let wrong = Activation::custom("bump", &wgsl.replace("exp_any", "exp_all"), &[0.5]);
    /// let said = wrong.unwrap_err().to_string();
    /// assert!(said.starts_with("custom function bump, line 2, column 51, at `exp_all`: no definition in scope"), "{said}");
    /// # Ok::<(), nonlin::Error>(())
    /// ```
    ///
    /// The derivative is taken at its word; `Gpu::check_derivative` compares it with the function.
    ///
    /// # Errors
    /// [`Error::InvalidCustom`] with the place in the text, and [`Error::InvalidParameters`].
    pub fn custom(name: &str, wgsl: &str, parameters: &[f32]) -> Result<Self> {
        CustomFunction::new(name, wgsl, parameters).map(Self::Custom)
    }

    /// The functions of the course chapter that this crate began with, in its order and with its parameters.
    pub fn chapter() -> Vec<Self> {
        vec![
            Self::relu(),
            Self::sigmoid(),
            Self::tanh(),
            Self::LeakyRelu { slope: 0.1 },
            Self::elu(),
            Self::gelu_quick(),
        ]
    }

    /// Every function of the catalogue with its standard parameters, in the catalogue's order. A function that has no
    /// standard parameters ([`Activation::threshold`]) stands there with example values.
    pub fn all() -> Vec<Self> {
        TABLE
            .iter()
            .map(|(entry, build)| {
                let mut fields = text::Fields::examples(*entry);
                build(&mut fields).expect("examples are complete")
            })
            .collect()
    }

    /// What is known about the function.
    pub fn metadata(&self) -> &'static Metadata {
        self.entry().metadata()
    }

    /// The id in code and on the command line.
    pub fn id(&self) -> &'static str {
        self.metadata().id
    }

    /// The WGSL of the function and its derivatives, as the crate's kernels use it.
    pub fn wgsl(&self) -> &'static str {
        self.entry().wgsl()
    }

    /// Whether the derivative can be computed from the function's output.
    pub fn has_derivative_from_output(&self) -> bool {
        self.metadata().derivative_from_output_formula.is_some()
    }

    /// The exact values to compare `direction` with, in f64: `f(x)`, `f'(x)`, or `f'` from the output `x`; for the backward
    /// directions the factor of the gradient. NaN gives NaN.
    ///
    /// Good to 1e-12 of [`magnitude`](Self::magnitude), and independent of the polynomials that the engines use.
    pub fn reference(&self, direction: Direction, x: f64) -> f64 {
        self.referee().value(direction, x)
    }

    /// What an error is counted in ULP of: `|reference|`, or the largest of the terms that cancel each other where free
    /// parameters make them.
    pub fn magnitude(&self, direction: Direction, x: f64) -> f64 {
        self.referee().magnitude(direction, x)
    }

    /// The reference with the parameters read once, for many inputs.
    pub fn referee(&self) -> Referee {
        Referee {
            entry: self.entry(),
            parameters: self.resolved(),
        }
    }

    /// The points where the derivative jumps, with the derivative's value there.
    pub fn kinks(&self) -> Vec<(f32, f32)> {
        let (entry, p) = (self.entry(), self.resolved());
        entry
            .kinks(&p)
            .into_iter()
            .map(|x| (x as f32, entry.reference_derivative(x, &p) as f32))
            .collect()
    }

    /// Checks that every parameter is in its range.
    ///
    /// # Errors
    /// [`Error::ParameterOutOfRange`] or [`Error::InvalidParameters`], with the numbers. Every operation checks this too.
    pub fn validate(&self) -> Result<()> {
        let function = self.id();
        for (parameter, value) in self.metadata().parameters.iter().zip(self.parameters()) {
            // Written so that NaN fails.
            if !(parameter.min <= value && value <= parameter.max) {
                let Parameter { name, min, max, .. } = *parameter;
                return Err(Error::ParameterOutOfRange {
                    function,
                    parameter: name,
                    value,
                    min,
                    max,
                });
            }
        }
        self.entry()
            .check(&self.resolved())
            .map_err(|reason| Error::InvalidParameters { function, reason })
    }

    /// Checks that the CPU engine can compute it.
    pub(crate) fn require_cpu_form(&self) -> Result<()> {
        if self.entry().has_cpu_form() {
            return Ok(());
        }
        Err(Error::NoCpuForm {
            function: self.id(),
        })
    }

    /// The numbers that the kernels read.
    pub(crate) fn constants(&self) -> Constants {
        self.entry().constants(&self.resolved())
    }

    /// Length of the list of parameters that a kernel is compiled for, 0 where there is no list.
    pub(crate) fn capacity(&self) -> u32 {
        self.entry().capacity(&self.resolved())
    }

    pub(crate) fn require_derivative_from_output(&self) -> Result<()> {
        if self.has_derivative_from_output() {
            return Ok(());
        }
        Err(Error::NoDerivativeFromOutput {
            function: self.id(),
        })
    }

    /// The real numbers that the parameters stand for.
    fn resolved(&self) -> Vec<f64> {
        let known = self.metadata().parameters;
        let values = self.parameters();
        values
            .iter()
            .enumerate()
            .map(|(i, &value)| {
                known
                    .get(i)
                    .map_or(f64::from(value), |parameter| parameter.resolve(value))
            })
            .collect()
    }
}

impl From<&Activation> for Activation {
    fn from(f: &Activation) -> Self {
        f.clone()
    }
}

/// The f64 reference of one activation; see [`Activation::reference`].
#[derive(Clone)]
pub struct Referee {
    entry: &'static dyn Entry,
    parameters: Vec<f64>,
}

impl Referee {
    /// As [`Activation::reference`].
    pub fn value(&self, direction: Direction, x: f64) -> f64 {
        let (entry, p) = (self.entry, &self.parameters);
        if x.is_nan() {
            return x;
        }
        match direction {
            Direction::Forward => entry.reference(x, p),
            Direction::Derivative | Direction::Backward => entry.reference_derivative(x, p),
            _ => entry.reference_derivative_from_output(x, p),
        }
    }

    /// As [`Activation::magnitude`].
    pub fn magnitude(&self, direction: Direction, x: f64) -> f64 {
        let (entry, p) = (self.entry, &self.parameters);
        match direction {
            Direction::Forward => entry.magnitude(x, p),
            Direction::Derivative | Direction::Backward => entry.derivative_magnitude(x, p),
            _ => entry.reference_derivative_from_output(x, p).abs(),
        }
    }
}

impl std::fmt::Debug for Referee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Referee")
            .field("id", &self.entry.metadata().id)
            .field("parameters", &self.parameters)
            .finish()
    }
}
