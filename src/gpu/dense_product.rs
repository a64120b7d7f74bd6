//! The product of two matrices in memory as a dispatch.

use super::adapter::WORKGROUP;
use super::context::{Context, lock};
use super::dispatch::Prepared;
use super::grid::grid;
use super::pipeline::Compiled;
use super::shader::{Product, StepShape};
use super::span::Span;
use crate::{Error, Result};

/// A matrix in memory. Its rows lie one after another, or its columns do.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    pub(super) name: &'static str,
    pub(super) span: Span<'a>,
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) transposed: bool,
}

impl<'a> Matrix<'a> {
    /// Row after row.
    pub(super) fn new(name: &'static str, span: Span<'a>, rows: usize, columns: usize) -> Self {
        Self {
            name,
            span,
            rows,
            columns,
            transposed: false,
        }
    }

    pub(super) fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            transposed: !self.transposed,
            ..self
        }
    }

    /// The distances in memory from one row to the next and from one column to the next.
    fn steps(&self) -> (usize, usize) {
        if self.transposed {
            (1, self.rows)
        } else {
            (self.columns, 1)
        }
    }
}

/// What comes after the sums of a product.
#[derive(Default)]
pub(super) struct Epilogue<'a> {
    pub(super) bias: Option<Span<'a>>,
    /// A function without operands in memory, with its constants as they stand in the parameter block.
    pub(super) steps: Vec<StepShape>,
    pub(super) constants: Vec<f32>,
}

impl Context {
    /// Refuses what one binding does not hold.
    fn check_fits(&self, name: &str, span: &Span<'_>) -> Result<()> {
        let (elements, most) = (span.len() as u64, self.info.max_chunk_bytes / 4);
        // A range of a buffer may begin up to one alignment within its binding.
        let before = span.start % self.alignment() / 4;
        if elements + before <= most {
            return Ok(());
        }
        Err(Error::InvalidDense {
            reason: format!(
                "{name}: {elements} elements have to fit one binding, which holds {most} on this device"
            ),
        })
    }

    /// Appends the kernel of `a · b`, then the epilogue, into `product`, row after row. No matrix is empty.
    pub(super) fn prepare_product(
        &self,
        a: Matrix<'_>,
        b: Matrix<'_>,
        epilogue: Epilogue<'_>,
        (name, product): (&'static str, Span<'_>),
        prepared: &mut Prepared,
    ) -> Result<()> {
        let factors = [(a.name, a.span), (b.name, b.span)];
        let inputs: Vec<(&str, Span<'_>)> = factors
            .into_iter()
            .chain(epilogue.bias.map(|bias| ("the bias", bias)))
            .collect();
        for (name, span) in inputs.iter().chain([&(name, product)]) {
            self.check_fits(name, span)?;
        }
        let beside = inputs.iter().map(|(_, span)| span.shares_buffer(&product));
        let kernel = Product {
            beside: beside.collect(),
            steps: epilogue.steps,
        };
        let compiled = self.compiled_product(kernel)?;
        let alignment = self.alignment();
        let bind = |span: &Span<'_>| {
            let (buffer, byte, _) = span.at(0, u64::MAX, alignment);
            let before = byte % alignment;
            let binding = (
                buffer.clone(),
                byte - before,
                span.len() as u64 * 4 + before,
            );
            (binding, (before / 4) as u32)
        };
        let spans = inputs.iter().map(|(_, span)| span).chain([&product]);
        let (bindings, starts): (Vec<_>, Vec<u32>) = spans.map(bind).unzip();
        let bias_start = if inputs.len() > 2 { starts[2] } else { 0 };
        let (a_row, a_term) = a.steps();
        let (b_term, b_column) = b.steps();
        // Every number fits: it is at most that of a binding's elements.
        let mut params = vec![0];
        params.extend(
            [
                a.rows, b.columns, a.columns, a_row, a_term, b_column, b_term,
            ]
            .map(|number| number as u32),
        );
        params.extend([starts[0], starts[1], bias_start, starts[starts.len() - 1]]);
        params.extend(epilogue.constants.iter().map(|constant| constant.to_bits()));
        params.resize(params.len().max(16), 0);
        let tiles = a.rows.div_ceil(4) as u64 * b.columns.div_ceil(4) as u64;
        let groups = grid(tiles.div_ceil(WORKGROUP.into()), self.info.max_groups);
        let bind_group = self.bind_group(&compiled, params, bindings)?;
        prepared.push(&compiled, bind_group, groups);
        Ok(())
    }

    fn compiled_product(&self, kernel: Product) -> Result<Compiled> {
        if let Some(compiled) = lock(&self.pipelines.products).get(&kernel) {
            return Ok(compiled.clone());
        }
        let compiled = self.compile("dense", kernel.source(), kernel.written_bindings())?;
        // Two threads may both have compiled it; one of the results stays.
        Ok(lock(&self.pipelines.products)
            .entry(kernel)
            .or_insert(compiled)
            .clone())
    }
}
