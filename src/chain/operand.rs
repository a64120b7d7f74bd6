//! [`Operand`]: what a step of a chain combines the values of the stream with.

use crate::Tensor;

/// The second operand of a step's arithmetic.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Operand<'a> {
    /// A number, the same for every element.
    Number(f32),
    /// Numbers in memory, spread over the input.
    Memory(Broadcast, Values<'a>),
}

/// How an operand in memory is spread over the elements of the input, which lie row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Broadcast {
    /// One number for all.
    Scalar,
    /// One row, as long as a row of the input: element `c` goes to every element of column `c`.
    Row,
    /// One column, as long as a column of the input: element `r` goes to every element of row `r`.
    Column,
    /// An element for each of the input's.
    Full,
}

impl Broadcast {
    /// The name: `scalar`, `row`, `column`, `full`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Row => "row",
            Self::Column => "column",
            Self::Full => "full",
        }
    }
}

impl std::fmt::Display for Broadcast {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// Numbers in memory.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Values<'a> {
    /// In host memory, for the engines over slices.
    Host(&'a [f32]),
    /// In the memory of a device, for [`Gpu`](crate::Gpu)'s operations over tensors.
    Device(Tensor),
}

impl Values<'_> {
    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::Host(slice) => slice.len(),
            Self::Device(tensor) => tensor.len(),
        }
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'a> Operand<'a> {
    /// One number in memory, for all elements.
    pub fn scalar(scalar: impl Into<Values<'a>>) -> Self {
        Self::Memory(Broadcast::Scalar, scalar.into())
    }

    /// One row, the same for all rows.
    pub fn row(row: impl Into<Values<'a>>) -> Self {
        Self::Memory(Broadcast::Row, row.into())
    }

    /// One value for each row.
    pub fn column(column: impl Into<Values<'a>>) -> Self {
        Self::Memory(Broadcast::Column, column.into())
    }

    /// One value for each element.
    pub fn full(values: impl Into<Values<'a>>) -> Self {
        Self::Memory(Broadcast::Full, values.into())
    }
}

impl From<f32> for Operand<'_> {
    fn from(number: f32) -> Self {
        Self::Number(number)
    }
}

impl<'a, T: Into<Values<'a>>> From<T> for Operand<'a> {
    fn from(values: T) -> Self {
        Self::full(values)
    }
}

impl<'a> From<&'a [f32]> for Values<'a> {
    fn from(slice: &'a [f32]) -> Self {
        Self::Host(slice)
    }
}

impl<'a> From<&'a Vec<f32>> for Values<'a> {
    fn from(values: &'a Vec<f32>) -> Self {
        Self::Host(values)
    }
}

impl<'a, const N: usize> From<&'a [f32; N]> for Values<'a> {
    fn from(values: &'a [f32; N]) -> Self {
        Self::Host(values)
    }
}

impl From<Tensor> for Values<'_> {
    fn from(tensor: Tensor) -> Self {
        Self::Device(tensor)
    }
}

impl From<&Tensor> for Values<'_> {
    fn from(tensor: &Tensor) -> Self {
        Self::Device(tensor.clone())
    }
}
