//! Functions of whole rows.

mod places;
mod softmax;
mod softmax_dispatch;
mod softmax_kernel;

pub(super) use places::PlacesKernel;
pub use places::row_kernel_sources;
pub(crate) use places::{GATE_NAMES, gate_files};
pub use softmax_kernel::softmax_kernel_sources;

/// A kernel over rows, by what it is compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum RowKernel {
    Softmax(softmax_kernel::Variant),
}

impl RowKernel {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Softmax(_) => "softmax",
        }
    }

    /// The text of the kernel.
    pub(super) fn source(self) -> String {
        match self {
            Self::Softmax(variant) => variant.source(),
        }
    }

    /// For each storage binding, whether it is declared as written.
    pub(super) fn written(self) -> Vec<bool> {
        match self {
            Self::Softmax(variant) => variant.written(),
        }
    }
}

impl From<softmax_kernel::Variant> for RowKernel {
    fn from(variant: softmax_kernel::Variant) -> Self {
        Self::Softmax(variant)
    }
}
