//! softmax and its relatives on the CPU: rows are shared out between threads, and of few long rows their parts.

use super::softmax_backward::is_zero_row;
use super::softmax_forward::{NEAR, Reference, masked_row};
use super::softmax_tasks::{
    BackwardRows, Direct, Exponentials, Gradient, Products, Results, Rows, Task, Top, run,
};
use super::softmax_vectors::STRETCH;
use crate::Result;
use crate::cpu::{BLOCK, Cpu, Isa, Parts, THREADS_PAY_FROM};
use crate::rows::{Constants, Softmax, SoftmaxEngine};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// The pointers of one call, to be shared with the team's threads.
#[derive(Clone, Copy)]
struct Operands {
    x: *const f32,
    /// In the backward pass only.
    grad: Option<*const f32>,
    out: *mut f32,
}

// SAFETY: the threads work on disjoint elements of memory that the caller has borrowed for the whole call.
unsafe impl Sync for Operands {}

impl Operands {
    /// From the element at this place on.
    unsafe fn from(&self, at: usize) -> Self {
        // SAFETY: the caller promises that there is one.
        unsafe {
            Self {
                x: self.x.add(at),
                grad: self.grad.map(|grad| grad.add(at)),
                out: self.out.add(at),
            }
        }
    }

    /// Computes whole rows.
    ///
    /// # Safety
    /// Every pointer must be valid for `rows × columns` elements.
    unsafe fn compute_rows(self, isa: Isa, columns: usize, rows: usize, c: &Constants) {
        let Self { x, grad, out } = self;
        // SAFETY: the caller's promise is the one that a task asks for; `isa` is one of the machine's.
        unsafe {
            match grad {
                None => {
                    let y = out;
                    run(
                        isa,
                        Rows {
                            x,
                            y,
                            columns,
                            rows,
                        },
                        c,
                    )
                }
                Some(grad) => {
                    let (y, dx) = (x, out);
                    run(
                        isa,
                        BackwardRows {
                            y,
                            grad,
                            dx,
                            columns,
                            rows,
                        },
                        c,
                    )
                }
            }
        };
    }
}

impl Cpu {
    /// # Safety
    /// Every pointer must be valid for `rows × columns` elements.
    unsafe fn softmax_rows(&self, f: &Softmax, operands: Operands, columns: usize, rows: usize) {
        let c = f.constants();
        let isa = self.isa();
        let count = rows * columns;
        let threads = self.threads().min(count / BLOCK).max(1);
        if threads > 1 && count >= THREADS_PAY_FROM {
            if rows < 4 * threads && columns >= 2 * STRETCH {
                for row in 0..rows {
                    // SAFETY: the rows follow one another.
                    unsafe { self.softmax_row(&c, operands.from(row * columns), columns) };
                }
                return;
            }
            let block = (BLOCK / columns).max(1) * columns;
            let parts = Parts::of_blocks(count, threads, block);
            let operands = &operands;
            self.team.run(&|thread| {
                while let Some((start, len)) = parts.take(thread) {
                    // SAFETY: blocks are whole rows, and each is taken by one thread only.
                    unsafe {
                        operands
                            .from(start)
                            .compute_rows(isa, columns, len / columns, &c);
                    }
                }
            });
            return;
        }
        // SAFETY: the caller's promise is the one that `Task` asks for.
        unsafe { operands.compute_rows(isa, columns, rows, &c) };
    }

    /// One row, stretch by stretch on all threads. The sums of the stretches are added in their order.
    ///
    /// # Safety
    /// As [`softmax_rows`](Self::softmax_rows), for one row.
    unsafe fn softmax_row(&self, c: &Constants, operands: Operands, columns: usize) {
        let stretches = columns.div_ceil(STRETCH);
        let found: Vec<Found> = (0..stretches).map(|_| Found::default()).collect();
        let operands = &operands;
        let sum = || found.iter().map(|found| found.get().0).sum();
        let largest = |least: f32| {
            let numbers = found.iter().map(|found| found.get().1);
            numbers.fold(least, f32::max)
        };
        if let Some(grad) = operands.grad {
            // SAFETY: the caller promises that the elements are there.
            if c.zeros && unsafe { is_zero_row(operands.x, grad, columns) } {
                for i in 0..columns {
                    // SAFETY: as above.
                    unsafe { operands.out.add(i).write(0.0) };
                }
                return;
            }
            self.each_stretch(
                c,
                operands,
                columns,
                &found,
                &|Operands { x, grad, .. }, count| Products {
                    y: x,
                    grad: grad.unwrap_or(x),
                    count,
                },
            );
            let sum = sum();
            self.each_stretch(
                c,
                operands,
                columns,
                &found,
                &|Operands { x, grad, out }, count| Gradient {
                    y: x,
                    grad: grad.unwrap_or(x),
                    dx: out,
                    count,
                    sum,
                },
            );
            return;
        }
        self.each_stretch(
            c,
            operands,
            columns,
            &found,
            &|Operands { x, out, .. }, count| Direct { x, y: out, count },
        );
        if largest(0.0) <= NEAR {
            let (reference, sum) = (Reference::zero(), sum());
            return self.each_stretch(
                c,
                operands,
                columns,
                &found,
                &|Operands { x, out, .. }, count| Results {
                    x,
                    y: out,
                    count,
                    reference,
                    sum,
                },
            );
        }
        self.each_stretch(
            c,
            operands,
            columns,
            &found,
            &|Operands { x, .. }, count| Top { x, count },
        );
        let reference = Reference::new(largest(f32::NEG_INFINITY), c);
        if reference.masked {
            // SAFETY: the caller promises that the elements are there.
            return unsafe { masked_row(operands.x, operands.out, columns, c) };
        }
        self.each_stretch(
            c,
            operands,
            columns,
            &found,
            &|Operands { x, out, .. }, count| Exponentials {
                x,
                y: out,
                count,
                reference,
            },
        );
        let sum = sum();
        self.each_stretch(
            c,
            operands,
            columns,
            &found,
            &|Operands { x, out, .. }, count| Results {
                x,
                y: out,
                count,
                reference,
                sum,
            },
        );
    }

    /// Runs a task over each stretch of a row.
    fn each_stretch<T: Task>(
        &self,
        c: &Constants,
        operands: &Operands,
        columns: usize,
        found: &[Found],
        task: &(dyn Fn(Operands, usize) -> T + Sync),
    ) {
        let (isa, parts) = (
            self.isa(),
            Parts::of_blocks(columns, self.threads(), STRETCH),
        );
        self.team.run(&|thread| {
            while let Some((start, count)) = parts.take(thread) {
                // SAFETY: stretches end at or before `columns`, and each is taken by one thread only.
                let numbers = unsafe { run(isa, task(operands.from(start), count), c) };
                found[start / STRETCH].set(numbers);
            }
        });
    }
}

/// What a stretch gave, to be set by any thread.
#[derive(Default)]
struct Found(AtomicU64, AtomicU32);

impl Found {
    fn set(&self, (sum, largest): (f64, f32)) {
        self.0.store(sum.to_bits(), Ordering::Relaxed);
        self.1.store(largest.to_bits(), Ordering::Relaxed);
    }

    fn get(&self) -> (f64, f32) {
        let sum = f64::from_bits(self.0.load(Ordering::Relaxed));
        (sum, f32::from_bits(self.1.load(Ordering::Relaxed)))
    }
}

impl SoftmaxEngine for Cpu {
    fn softmax_into(&self, f: &Softmax, x: &[f32], columns: usize, y: &mut [f32]) -> Result<()> {
        let rows = f.check_all("x", x.len(), columns, &[("the result", y.len())])?;
        let operands = Operands {
            x: x.as_ptr(),
            grad: None,
            out: y.as_mut_ptr(),
        };
        // SAFETY: `check_all` has seen that the slices are of one length, whole rows.
        unsafe { self.softmax_rows(f, operands, columns, rows) };
        Ok(())
    }

    fn softmax_backward_into(
        &self,
        f: &Softmax,
        y: &[f32],
        grad: &[f32],
        columns: usize,
        dx: &mut [f32],
    ) -> Result<()> {
        let others = [("grad", grad.len()), ("the result", dx.len())];
        let rows = f.check_all("y", y.len(), columns, &others)?;
        let operands = Operands {
            x: y.as_ptr(),
            grad: Some(grad.as_ptr()),
            out: dx.as_mut_ptr(),
        };
        // SAFETY: `check_all` has seen that the slices are of one length, whole rows.
        unsafe { self.softmax_rows(f, operands, columns, rows) };
        Ok(())
    }
}
