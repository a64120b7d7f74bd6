//! [`Chain`]: several steps on one stream of values, computed in one pass over memory.

mod operand;
mod text;

use crate::{Activation, Direction, Error, Result};
pub use operand::{Broadcast, Operand, Values};
use std::borrow::Cow;

/// Steps that are applied to every element, one after another, in one kernel: nothing but the input, the operands and the result
/// touches memory.
///
/// Steps are activations, arithmetic with an operand ([`Operand`]: a number, or numbers in memory that are broadcast over the
/// input), and the residual, which adds the chain's own input.
///
/// ```
/// use nonlin::{Activation, Chain, Engine, cpu::Cpu};
/// let bias = [1.0, -1.0];
/// let gate = [2.0, 2.0, 3.0, 3.0];
/// // relu(x + bias) · gate, over rows of two columns
/// let layer = Chain::new().add_row(&bias[..]).then(Activation::relu()).mul(&gate[..]);
/// let y = Cpu::new().forward(&layer, &[1.0, 1.0, -2.0, 5.0])?;
/// assert_eq!(y, [4.0, 0.0, 0.0, 12.0]);
/// # Ok::<(), nonlin::Error>(())
/// ```
///
/// A chain whose operands are all numbers can be written and read as text:
///
/// ```
/// use nonlin::Chain;
/// let chain: Chain = "scale(0.5) | gelu | offset(1)".parse()?;
/// assert_eq!(chain.to_string(), "scale(0.5) | gelu | offset(1)");
/// # Ok::<(), nonlin::Error>(())
/// ```
///
/// An operand in memory is a slice for the engines over slices, and a [`Tensor`](crate::Tensor) for [`Gpu`](crate::Gpu)'s
/// operations over tensors.
///
/// # Accuracy
///
/// Every step keeps the contract that it has alone: 4 ULP for an activation or its derivative, one rounding for an operation (a
/// division on a GPU may be off by 2.5 ULP more, and a product and a sum may be fused). What a chain makes of the errors of its
/// steps follows from the chain: `f(x) - f(x)` has no correct digit left however well `f` is computed.
#[derive(Clone, Debug, Default)]
pub struct Chain<'a> {
    steps: Vec<Step<'a>>,
}

/// One step of a [`Chain`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Step<'a> {
    /// `f(value)`.
    Activation(Activation),
    /// `value ∘ operand`.
    Combine(Operation, Operand<'a>),
    /// `value + x`, `x` being the chain's input.
    Residual,
}

/// Arithmetic of a value of the stream with an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// `value + operand`.
    Add,
    /// `value - operand`.
    Sub,
    /// `value · operand`.
    Mul,
    /// `value / operand`.
    Div,
    /// The larger one; NaN where either is. Where they are equal, each gets half of the gradient.
    Max,
    /// The smaller one; NaN where either is. Where they are equal, each gets half of the gradient.
    Min,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 6] = [
        Self::Add,
        Self::Sub,
        Self::Mul,
        Self::Div,
        Self::Max,
        Self::Min,
    ];

    /// The name: `add`, `sub`, `mul`, `div`, `max`, `min`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Sub => "sub",
            Self::Mul => "mul",
            Self::Div => "div",
            Self::Max => "max",
            Self::Min => "min",
        }
    }
}

macro_rules! operations {
    ($($name:ident $row:ident $column:ident $operation:ident $doc:literal;)*) => {$(
        #[doc = $doc]
        /// The operand is a number, a tensor or a slice as long as the input, or an [`Operand`] of another shape.
        #[must_use]
        #[allow(clippy::should_implement_trait, reason = "the field's names for steps of a chain; operators would read as arithmetic of chains")]
        pub fn $name(self, operand: impl Into<Operand<'a>>) -> Self {
            self.combine(Operation::$operation, operand.into())
        }

        #[doc = $doc]
        /// The operand is one row, the same for all rows.
        #[must_use]
        pub fn $row(self, row: impl Into<Values<'a>>) -> Self {
            self.combine(Operation::$operation, Operand::row(row))
        }

        #[doc = $doc]
        /// The operand holds one value for each row.
        #[must_use]
        pub fn $column(self, column: impl Into<Values<'a>>) -> Self {
            self.combine(Operation::$operation, Operand::column(column))
        }
    )*};
}

impl<'a> Chain<'a> {
    /// Largest number of steps.
    pub const MAX_STEPS: usize = 16;
    /// Largest number of operands in memory.
    pub const MAX_OPERANDS: usize = 6;

    /// A chain without steps: the identity.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends an activation, or the steps of another chain.
    #[must_use]
    pub fn then(mut self, next: impl Into<Chain<'a>>) -> Self {
        self.steps.extend(next.into().steps);
        self
    }

    /// `value · factor`.
    #[must_use]
    pub fn scale(self, factor: f32) -> Self {
        self.mul(factor)
    }

    /// `value + offset`.
    #[must_use]
    pub fn offset(self, offset: f32) -> Self {
        self.add(offset)
    }

    operations! {
        add add_row add_column Add "`value + operand`.";
        sub sub_row sub_column Sub "`value - operand`.";
        mul mul_row mul_column Mul "`value · operand`.";
        div div_row div_column Div "`value / operand`.";
        max max_row max_column Max "The larger of value and operand; NaN where either is.";
        min min_row min_column Min "The smaller of value and operand; NaN where either is.";
    }

    /// `value + x`, `x` being the chain's input.
    #[must_use]
    pub fn residual(mut self) -> Self {
        self.steps.push(Step::Residual);
        self
    }

    /// Appends arithmetic with an operand.
    #[must_use]
    pub fn combine(mut self, operation: Operation, operand: Operand<'a>) -> Self {
        self.steps.push(Step::Combine(operation, operand));
        self
    }

    /// The steps.
    pub fn steps(&self) -> &[Step<'a>] {
        &self.steps
    }

    /// The operands in memory, in the order of the steps. Gradients of operands are numbered by their place here.
    pub fn operands(&self) -> impl Iterator<Item = (Broadcast, &Values<'a>)> {
        self.steps.iter().filter_map(|step| match step {
            Step::Combine(_, Operand::Memory(broadcast, values)) => Some((*broadcast, values)),
            _ => None,
        })
    }

    /// An operand in memory by its place in [`operands`](Self::operands).
    ///
    /// # Errors
    /// [`Error::InvalidChain`] where there is none at that place.
    pub fn operand(&self, place: usize) -> Result<(Broadcast, &Values<'a>)> {
        self.operands()
            .nth(place)
            .ok_or_else(|| Error::InvalidChain {
                reason: format!(
                    "there is no operand {place}: it has {} operands in memory, numbered from 0",
                    self.operands().count()
                ),
            })
    }

    /// The one activation that the chain consists of.
    pub(crate) fn single(&self) -> Option<&Activation> {
        match &self.steps[..] {
            [Step::Activation(f)] => Some(f),
            _ => None,
        }
    }

    /// Checks the numbers of steps and operands, and the activations' parameters. Every operation checks this too.
    ///
    /// # Errors
    /// [`Error::InvalidChain`], or a parameter out of its range.
    pub fn validate(&self) -> Result<()> {
        let too_many = |found: usize, what: &str, max: usize| {
            Err(Error::InvalidChain {
                reason: format!("it has {found} {what}, at most {max} are possible"),
            })
        };
        if self.steps.len() > Self::MAX_STEPS {
            return too_many(self.steps.len(), "steps", Self::MAX_STEPS);
        }
        let operands = self.operands().count();
        if operands > Self::MAX_OPERANDS {
            return too_many(operands, "operands in memory", Self::MAX_OPERANDS);
        }
        self.steps.iter().try_for_each(|step| match step {
            Step::Activation(f) => f.validate(),
            _ => Ok(()),
        })
    }

    /// The same steps with other values in memory, made one after another.
    pub(crate) fn with_values<'b>(
        &self,
        mut make: impl FnMut(&Values<'a>) -> Result<Values<'b>>,
    ) -> Result<Chain<'b>> {
        let step = |step: &Step<'a>| {
            Ok(match step {
                Step::Activation(f) => Step::Activation(f.clone()),
                Step::Residual => Step::Residual,
                Step::Combine(operation, Operand::Number(number)) => {
                    Step::Combine(*operation, Operand::Number(*number))
                }
                Step::Combine(operation, Operand::Memory(broadcast, values)) => {
                    Step::Combine(*operation, Operand::Memory(*broadcast, make(values)?))
                }
            })
        };
        let steps = self.steps.iter().map(step).collect::<Result<_>>()?;
        Ok(Chain { steps })
    }

    /// The operands in memory as slices.
    ///
    /// # Errors
    /// [`Error::OperandPlace`] for a tensor.
    pub(crate) fn host_operands(
        &self,
        engine: &'static str,
    ) -> Result<Vec<(Broadcast, &'a [f32])>> {
        let slice = |(operand, (broadcast, values)): (usize, (Broadcast, &Values<'a>))| match values
        {
            Values::Host(slice) => Ok((broadcast, *slice)),
            Values::Device(_) => Err(Error::OperandPlace {
                operand,
                device: true,
                engine,
            }),
        };
        self.operands().enumerate().map(slice).collect()
    }

    /// Checks that the chain can be applied to `len` elements in this direction, and gives the number of columns; 1 where no operand
    /// sets it.
    pub(crate) fn check(&self, direction: Direction, len: usize) -> Result<usize> {
        self.validate()?;
        if direction.from_output() {
            match self.single() {
                Some(f) => f.require_derivative_from_output()?,
                None => {
                    return Err(Error::NoDerivativeFromOutput {
                        function: "a chain",
                    });
                }
            }
        }
        let mut columns: Option<(usize, usize)> = None;
        for (number, (broadcast, values)) in self.operands().enumerate() {
            let found = values.len();
            let wrong = |wanted: String| Error::OperandLength {
                operand: number,
                broadcast,
                len: found,
                wanted,
            };
            let these = match broadcast {
                Broadcast::Scalar if found == 1 => continue,
                Broadcast::Scalar => return Err(wrong("1".to_owned())),
                Broadcast::Full if found == len => continue,
                Broadcast::Full => return Err(wrong(format!("{len}, as many as the input"))),
                _ if len == 0 => continue,
                _ if found == 0 || !len.is_multiple_of(found) => {
                    return Err(wrong(format!("a divisor of the input's {len}")));
                }
                Broadcast::Row => found,
                Broadcast::Column => len / found,
            };
            match columns {
                Some((columns, by)) if columns != these => {
                    return Err(wrong(format!(
                        "one that makes {columns} columns, as operand {by} does, and not {these}"
                    )));
                }
                _ => columns = Some((these, number)),
            }
        }
        Ok(columns.map_or(1, |(columns, _)| columns))
    }
}

impl From<Activation> for Chain<'_> {
    fn from(f: Activation) -> Self {
        Self {
            steps: vec![Step::Activation(f)],
        }
    }
}

impl From<&Activation> for Chain<'_> {
    fn from(f: &Activation) -> Self {
        f.clone().into()
    }
}

impl<'a> From<&Chain<'a>> for Chain<'a> {
    fn from(chain: &Chain<'a>) -> Self {
        chain.clone()
    }
}

/// What the engines over slices compute: an [`Activation`] or a [`Chain`].
pub trait Function: sealed::Sealed + Send + Sync {
    /// As a chain.
    fn chain(&self) -> Cow<'_, Chain<'_>>;

    /// The activation, where it is one and nothing else.
    fn activation(&self) -> Option<&Activation>;
}

impl Function for Activation {
    fn chain(&self) -> Cow<'_, Chain<'_>> {
        Cow::Owned(self.into())
    }

    fn activation(&self) -> Option<&Activation> {
        Some(self)
    }
}

impl Function for Chain<'_> {
    fn chain(&self) -> Cow<'_, Chain<'_>> {
        Cow::Borrowed(self)
    }

    fn activation(&self) -> Option<&Activation> {
        self.single()
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for crate::Activation {}
    impl Sealed for super::Chain<'_> {}
}
