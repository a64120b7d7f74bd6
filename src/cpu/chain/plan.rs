//! [`Plan`]: a chain with its operands resolved, ready to be run over pieces of the input.

use super::arithmetic::{AroundLoop, Rule, Streams};
use super::{LONG_PIECE, PIECE};
use crate::activation::Constants;
use crate::cpu::{Isa, Loop};
use crate::{Broadcast, Chain, Direction, Operand, Operation, Result};
use std::borrow::Cow;

/// Rows shorter than this are written out value by value for an operand with one value a row.
const SHORT_ROW: usize = 64;

/// One step.
pub(super) enum Step<'a> {
    Activation {
        forward: Loop,
        backward: Loop,
        around: Option<[AroundLoop; 2]>,
        constants: Box<Constants>,
    },
    Combine {
        operation: Operation,
        operand: Spread<'a>,
        /// Which of the wanted gradients the operand's is.
        wanted: Option<usize>,
    },
    Residual,
}

/// An operand as it meets the elements.
pub(super) enum Spread<'a> {
    /// One value for all elements.
    One(f32),
    /// A value for each element.
    Each(&'a [f32]),
    /// A value for each column: at least one row of them, and as many more as a piece is long where a row is shorter.
    Row {
        values: Cow<'a, [f32]>,
        columns: usize,
    },
    /// A value for each row.
    Column { values: &'a [f32], columns: usize },
}

impl<'a> Spread<'a> {
    /// Where all broadcasts of one row or one column come to the same, the simplest is taken.
    fn new(broadcast: Broadcast, values: &'a [f32], columns: usize, len: usize) -> Self {
        if len == 0 {
            return Self::Each(&[]);
        }
        match simplest(broadcast, columns, len) {
            Broadcast::Scalar => Self::One(values[0]),
            Broadcast::Full => Self::Each(values),
            Broadcast::Column => Self::Column { values, columns },
            Broadcast::Row if columns >= LONG_PIECE => Self::Row {
                values: Cow::Borrowed(values),
                columns,
            },
            Broadcast::Row => {
                let needed = columns + LONG_PIECE.min(len);
                Self::Row {
                    values: Cow::Owned(values.repeat(needed.div_ceil(columns))),
                    columns,
                }
            }
        }
    }

    /// Splits the elements from `start` to `start + len` into runs that one loop can take, and calls `run` with the first element (from
    /// `start`), the length, the operand's values, and whether there is one for each. `room` holds `len` values.
    pub(super) fn runs(
        &self,
        start: usize,
        len: usize,
        room: &mut [f32],
        mut run: impl FnMut(usize, usize, *const f32, bool),
    ) {
        match self {
            Self::One(value) => run(0, len, value, false),
            Self::Each(values) => run(0, len, values[start..start + len].as_ptr(), true),
            Self::Row { values, columns } => {
                let mut at = 0;
                while at < len {
                    let from = &values[(start + at) % columns..];
                    let count = from.len().min(len - at);
                    run(at, count, from.as_ptr(), true);
                    at += count;
                }
            }
            Self::Column { values, columns } => {
                let mut at = 0;
                while at < len {
                    let row = (start + at) / columns;
                    let end = ((row + 1) * columns - start).min(len);
                    if *columns < SHORT_ROW {
                        room[at..end].fill(values[row]);
                    } else {
                        run(at, end - at, &values[row], false);
                    }
                    at = end;
                }
                if *columns < SHORT_ROW {
                    run(0, len, room.as_ptr(), true);
                }
            }
        }
    }
}

/// Steps that are one loop: an activation, what is done to its input before it (times a number, plus an operand), and to its result (times an
/// operand).
#[derive(Clone, Copy)]
pub(super) struct Around {
    /// How many they are.
    pub steps: usize,
    pub factor: f32,
    /// The steps with the operands, if any.
    pub addend: Option<usize>,
    pub activation: usize,
    pub gate: Option<usize>,
}

impl Around {
    /// Those that begin with the step `first`, if they are more than one; no step whose operand's gradient is asked for.
    fn at(steps: &[Step<'_>], first: usize) -> Option<Self> {
        let combines = |at: usize, sought: Operation| matches!(steps.get(at), Some(Step::Combine { operation, wanted: None, .. }) if *operation == sought);
        let mut next = first;
        let mut factor = 1.0;
        if let Some(Step::Combine {
            operation: Operation::Mul,
            operand: Spread::One(number),
            wanted: None,
        }) = steps.get(next)
        {
            factor = *number;
            next += 1;
        }
        let addend = combines(next, Operation::Add).then_some(next);
        next += usize::from(addend.is_some());
        let activation = next;
        let Some(Step::Activation {
            around: Some(_), ..
        }) = steps.get(activation)
        else {
            return None;
        };
        next += 1;
        let gate = combines(next, Operation::Mul).then_some(next);
        next += usize::from(gate.is_some());
        (next - first > 1).then_some(Self {
            steps: next - first,
            factor,
            addend,
            activation,
            gate,
        })
    }
}

/// The broadcast that a broadcast comes to over one row or one column.
pub(super) fn simplest(broadcast: Broadcast, columns: usize, len: usize) -> Broadcast {
    match broadcast {
        Broadcast::Row if columns == 1 => Broadcast::Scalar,
        Broadcast::Row if columns == len => Broadcast::Full,
        Broadcast::Column if columns == 1 => Broadcast::Full,
        Broadcast::Column if columns == len => Broadcast::Scalar,
        other => other,
    }
}

/// A chain over an input of a known shape.
pub(super) struct Plan<'a> {
    pub steps: Vec<Step<'a>>,
    pub isa: Isa,
    /// For each step, the loop that computes it and those behind it, if there is one for several.
    around: Vec<Option<Around>>,
    /// For each step, whether a backward pass needs the value that goes into it.
    needs_input: Vec<bool>,
    pub residual: bool,
}

impl<'a> Plan<'a> {
    /// `wanted` holds the places of the operands whose gradients are asked for.
    pub(super) fn new(
        chain: &Chain<'a>,
        isa: Isa,
        columns: usize,
        len: usize,
        wanted: &[usize],
    ) -> Result<Self> {
        let operands = chain.host_operands("the CPU engine takes slices")?;
        let mut place = 0;
        let steps: Vec<Step<'a>> = chain
            .steps()
            .iter()
            .map(|step| match step {
                crate::Step::Activation(f) => Step::Activation {
                    forward: f.entry().cpu_loop(Direction::Forward, isa),
                    backward: f.entry().cpu_loop(Direction::Backward, isa),
                    around: f.entry().around_loops(isa),
                    constants: Box::new(f.constants()),
                },
                crate::Step::Residual => Step::Residual,
                crate::Step::Combine(operation, Operand::Number(number)) => Step::Combine {
                    operation: *operation,
                    operand: Spread::One(*number),
                    wanted: None,
                },
                crate::Step::Combine(operation, Operand::Memory(..)) => {
                    let (broadcast, values) = operands[place];
                    place += 1;
                    Step::Combine {
                        operation: *operation,
                        operand: Spread::new(broadcast, values, columns, len),
                        wanted: wanted.iter().position(|&wanted| wanted + 1 == place),
                    }
                }
            })
            .collect();
        let needs_input = steps
            .iter()
            .map(|step| match step {
                Step::Activation { .. } => true,
                Step::Residual => false,
                Step::Combine {
                    operation, wanted, ..
                } => match operation {
                    Operation::Add | Operation::Sub => false,
                    Operation::Mul | Operation::Div => wanted.is_some(),
                    Operation::Max | Operation::Min => true,
                },
            })
            .collect();
        let residual = steps.iter().any(|step| matches!(step, Step::Residual));
        let around = (0..steps.len()).map(|i| Around::at(&steps, i)).collect();
        Ok(Self {
            steps,
            isa,
            around,
            needs_input,
            residual,
        })
    }

    /// The loop that computes the step and those behind it, if there is one for several.
    pub(super) fn around(&self, step: usize) -> Option<Around> {
        self.around.get(step).copied().flatten()
    }

    /// The loop that the whole chain is, if it is one.
    pub(super) fn one_loop(&self) -> Option<Around> {
        self.around(0)
            .filter(|around| around.steps == self.steps.len())
    }

    /// Elements of a piece.
    pub(super) fn piece(&self) -> usize {
        if self.one_loop().is_some() {
            LONG_PIECE
        } else {
            PIECE
        }
    }

    /// Whether a backward pass needs the value that goes into a step.
    pub(super) fn needs_input(&self, step: usize) -> bool {
        self.needs_input[step]
    }

    /// How many steps have to be computed for a backward pass to have the values that it needs.
    pub(super) fn recomputed(&self) -> usize {
        self.needs_input
            .iter()
            .rposition(|&needs| needs)
            .unwrap_or(0)
    }

    /// How many values of one element a backward pass keeps.
    pub(super) fn kept(&self) -> usize {
        1 + self.needs_input.iter().filter(|&&needs| needs).count()
    }

    /// Runs a rule over a piece; `streams` has no operand yet.
    ///
    /// # Safety
    /// The pointers of `streams` that the rule reads, and `out`, must be valid for `streams.count` elements.
    pub(super) unsafe fn combine(
        &self,
        rule: Rule,
        operand: &Spread<'_>,
        start: usize,
        streams: Streams,
        room: &mut [f32],
    ) {
        operand.runs(start, streams.count, room, |at, count, o, each| {
            // SAFETY: `at + count <= streams.count`; the instructions were checked when the engine was made. A pointer that the
            // rule does not read may be null, so its offset may wrap.
            unsafe {
                rule.compiled(each, self.isa)(&Streams {
                    a: streams.a.add(at),
                    b: streams.b.wrapping_add(at),
                    o,
                    out: streams.out.add(at),
                    count,
                    ..streams
                })
            }
        });
    }
}
