//! Gated and grouped functions: kernels over places in rows.

mod glu;
mod groups;
#[cfg(not(target_arch = "wasm32"))]
mod host;
mod job;
mod kernel;
mod leaky;

use crate::Result;
use crate::gpu::batch::{Batch, Uses};
use crate::gpu::dispatch::{Prepared, check_device};
use crate::gpu::{Gpu, Tensor};
use job::{Extent, Job, Operand, WORDS};
pub(in crate::gpu) use kernel::PlacesKernel;
pub use kernel::row_kernel_sources;
pub(crate) use kernel::{GATE_NAMES, gate_files};

/// The way to a device: at once, or in a batch.
#[derive(Clone, Copy)]
struct Way<'a> {
    gpu: &'a Gpu,
    batch: Option<&'a Batch<'a>>,
}

impl Gpu {
    fn way(&self) -> Way<'_> {
        Way {
            gpu: self,
            batch: None,
        }
    }
}

impl Batch<'_> {
    fn way(&self) -> Way<'_> {
        Way {
            gpu: self.gpu(),
            batch: Some(self),
        }
    }
}

impl Way<'_> {
    /// Runs jobs over these tensors.
    fn run(self, jobs: &[&Job<'_>], read: &[&Tensor], written: &[&Tensor]) -> Result<()> {
        let context = &self.gpu.context;
        for tensor in read.iter().chain(written) {
            check_device(context, "an operand", tensor)?;
        }
        let uses = Uses {
            read: read.to_vec(),
            written: written.to_vec(),
        };
        uses.check(self.batch)?;
        let mut prepared = Prepared::default();
        for job in jobs {
            context.prepare_rows(job, &mut prepared)?;
        }
        self.gpu.finish(self.batch, prepared, &uses)
    }
}

/// Rows of one column, so that pieces may end anywhere.
fn one_row(len: usize) -> [usize; 2] {
    [len, 1]
}
