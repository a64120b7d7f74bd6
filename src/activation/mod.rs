//! [`Activation`] and the one table that everything else reads.
//!
//! A new activation is one shader file, one Rust file of the same name here, and one line in the table below.

mod elementwise;
mod metadata;
mod parameter;
mod text;

use crate::{Direction, Error, Result};
pub(crate) use elementwise::{CONSTANTS, Constants, Elementwise, Entry, constants, pair, split};
pub use metadata::{Family, Metadata, Parameter};
use parameter::ParameterValue;
pub use parameter::Points;

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
        }

        /// The functions of the table, in its order, each with the files' contents and a way to make it from named fields.
        static TABLE: &[(&dyn Entry, Build)] = &[
            $((&$id::Function, |_fields| Ok(Activation::$variant { $($($field: _fields.take(stringify!($field))?),*)? }))),*
        ];

        impl Activation {
            pub(crate) fn entry(&self) -> &'static dyn Entry {
                match self {
                    $(Self::$variant { .. } => &$id::Function,)*
                }
            }

            /// The values of the parameters, in the order of the variant's fields; a list of points gives x and y in turn.
            pub fn parameters(&self) -> Vec<f32> {
                let mut _values = Vec::new();
                match self {
                    $(Self::$variant { $($($field),*)? } => { $($($field.push(&mut _values);)*)? })*
                }
                _values
            }

            /// The fields with their values as text.
            fn fields(&self) -> Vec<(&'static str, String)> {
                match self {
                    $(Self::$variant { $($($field),*)? } => vec![$($((stringify!($field), $field.write())),*)?],)*
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
    "max(x, 0)" relu Relu;
    "x for x > 0, slope·x otherwise" leaky_relu LeakyRelu { slope: f32, "Slope for x <= 0."; };
    "x·Φ(x), Φ the normal distribution function (the erf form)" gelu Gelu;
}

impl Activation {
    /// The functions of the course chapter that this crate began with, in its order and with its parameters.
    pub fn chapter() -> Vec<Self> {
        vec![Self::relu(), Self::LeakyRelu { slope: 0.1 }]
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

    /// The numbers that the kernels read.
    pub(crate) fn constants(&self) -> Constants {
        self.entry().constants(&self.resolved())
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
