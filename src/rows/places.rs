//! Where the operands of a function of rows lie: both engines go over places, and reach each operand by its own arithmetic.

use crate::{Error, Result};

/// How an operand is reached from a place in `rows × columns`: its element is `row · stride + offset + column · step`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    pub stride: usize,
    pub offset: usize,
    pub step: usize,
}

impl Access {
    /// An element for each place, in their order.
    pub(crate) fn flat(columns: usize) -> Self {
        Self {
            stride: columns,
            offset: 0,
            step: 1,
        }
    }

    /// One of the two halves of rows that are twice as long as the places'.
    pub(crate) fn half(columns: usize, second: bool) -> Self {
        Self {
            stride: 2 * columns,
            offset: if second { columns } else { 0 },
            step: 1,
        }
    }

    /// Every other element of rows that are twice as long as the places'.
    pub(crate) fn alternate(columns: usize, odd: bool) -> Self {
        Self {
            stride: 2 * columns,
            offset: usize::from(odd),
            step: 2,
        }
    }

    /// Whether no element of one is an element of the other, both reaching into the same memory.
    pub(crate) fn is_apart(self, other: Self, columns: usize) -> bool {
        let distance = self.offset.abs_diff(other.offset);
        self.stride == other.stride
            && self.step == other.step
            && (distance >= columns * self.step || !distance.is_multiple_of(self.step))
            && self.offset.max(other.offset) + (columns.saturating_sub(1)) * self.step < self.stride
    }
}

/// The number of rows of `len` elements.
pub(crate) fn rows_of(
    function: &'static str,
    name: &str,
    len: usize,
    columns: usize,
) -> Result<usize> {
    if columns > 0 && len.is_multiple_of(columns) {
        return Ok(len / columns);
    }
    Err(Error::InvalidParameters {
        function,
        reason: format!(
            "{name} holds {len} elements, which are no whole rows of {columns} columns"
        ),
    })
}

/// Refuses an operand of another length than `wanted`, which is that of `other`.
pub(crate) fn as_long(
    name: &'static str,
    len: usize,
    other: &'static str,
    wanted: usize,
) -> Result<()> {
    if len == wanted {
        return Ok(());
    }
    Err(Error::LengthMismatch {
        name,
        len,
        other,
        other_len: wanted,
    })
}
