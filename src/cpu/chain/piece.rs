//! [`Walker`]: takes pieces of the input through a chain, forward and backward.

use super::arithmetic::{Rule, Streams};
use super::plan::{Around, Plan, Spread, Step};
use crate::activation::Constants;
use crate::{Chain, Operation};

/// One thread's way through a chain, with the memory for one piece.
pub(super) struct Walker<'p, 'a> {
    plan: &'p Plan<'a>,
    /// Where the memory begins. All access goes through this pointer, so that no reference claims more of it than one place.
    base: *mut f32,
    _memory: Vec<f32>,
    /// Longest piece.
    piece: usize,
    /// The number that [`ADDEND`] and [`GATE`] are full of, as bits.
    full_of: [Option<u32>; 2],
    /// The next piece's memory, until it is asked for.
    next: Option<Next>,
}

/// The places in a walker's memory, in pieces; the values that a backward pass keeps come last.
const ROOM: usize = 0;
const INPUT: usize = 1;
const ADDEND: usize = 2;
const GATE: usize = 3;
const ONES: usize = 4;
const GRADIENT: usize = 5;
const RESIDUAL: usize = 6;
const TERM: usize = 7;
const KEPT: usize = 8;

impl<'p, 'a> Walker<'p, 'a> {
    /// For an input of `len` elements.
    pub(super) fn new(plan: &'p Plan<'a>, len: usize, backward: bool) -> Self {
        let piece = plan.piece().min(len);
        let places = match (backward, plan.one_loop()) {
            (false, _) => ONES,
            (true, Some(_)) => ONES + 1,
            (true, None) => KEPT + plan.kept(),
        };
        let mut memory = vec![0.0; places * piece];
        if backward {
            memory[ONES * piece..(ONES + 1) * piece].fill(1.0);
        }
        Self {
            plan,
            base: memory.as_mut_ptr(),
            _memory: memory,
            piece,
            full_of: [None; 2],
            next: None,
        }
    }

    /// Memory for one piece.
    fn place(&self, index: usize) -> *mut f32 {
        self.base.wrapping_add(index * self.piece)
    }

    /// Runs a rule over a piece that begins at element `start` of the input.
    ///
    /// # Safety
    /// As [`Plan::combine`].
    unsafe fn combine(&mut self, rule: Rule, operand: &Spread<'_>, start: usize, streams: Streams) {
        // SAFETY: the memory has this place, and no pointer in `streams` points there. For the rest, the caller's promise.
        unsafe {
            let room = std::slice::from_raw_parts_mut(self.place(ROOM), self.piece);
            self.plan.combine(rule, operand, start, streams, room)
        }
    }

    /// Computes the step `index`, and the one behind it where both are one loop; returns how many. `x` is the chain's input.
    ///
    /// # Safety
    /// `from` and `x` must be valid for reading `len` elements, `to` for writing them. `to` may be exactly `from`.
    unsafe fn advance(
        &mut self,
        index: usize,
        start: usize,
        len: usize,
        x: *const f32,
        from: *const f32,
        to: *mut f32,
    ) -> usize {
        let streams = Streams {
            a: from,
            b: std::ptr::null(),
            o: std::ptr::null(),
            grad: std::ptr::null(),
            factor: 1.0,
            out: to,
            count: len,
        };
        let plan = self.plan;
        match &plan.steps[index..] {
            [
                Step::Combine {
                    operation: Operation::Mul,
                    operand: Spread::One(factor),
                    ..
                },
                Step::Combine {
                    operation: Operation::Add,
                    operand,
                    ..
                },
                ..,
            ] => {
                let streams = Streams {
                    factor: *factor,
                    ..streams
                };
                // SAFETY: the caller's promise.
                unsafe { self.combine(Rule::MulAdd, operand, start, streams) };
                return 2;
            }
            [
                Step::Combine {
                    operation, operand, ..
                },
                ..,
            ] => {
                let rule = match operation {
                    Operation::Add => Rule::Add,
                    Operation::Sub => Rule::Sub,
                    Operation::Mul => Rule::Mul,
                    Operation::Div => Rule::Div,
                    Operation::Max => Rule::Max,
                    Operation::Min => Rule::Min,
                };
                // SAFETY: the caller's promise.
                unsafe { self.combine(rule, operand, start, streams) };
            }
            [
                Step::Activation {
                    forward, constants, ..
                },
                ..,
            ] => {
                // SAFETY: the caller's promise; the instructions were checked when the engine was made.
                unsafe { self.activate((*forward, constants), from, std::ptr::null(), to, len) };
            }
            [Step::Residual, ..] => {
                // SAFETY: the caller's promise.
                unsafe { self.add(streams, x) };
            }
            [] => {}
        }
        1
    }

    /// `a + o` with a value for each element.
    ///
    /// # Safety
    /// `streams.a`, `o` and `streams.out` must be valid for `streams.count` elements.
    unsafe fn add(&self, streams: Streams, o: *const f32) {
        // SAFETY: the caller's promise; the instructions were checked when the engine was made.
        unsafe { Rule::Add.compiled(true, self.plan.isa)(&Streams { o, ..streams }) }
    }

    /// Runs the loop of an activation, and brings the next piece into the nearest cache meanwhile, bit by bit: the processor's own
    /// prefetching begins anew with every piece, and all at once would make it wait.
    ///
    /// # Safety
    /// `x`, `to` and, unless it is null, `grad` must be valid for `len` elements.
    unsafe fn activate(
        &mut self,
        (run, constants): (crate::cpu::Loop, &Constants),
        x: *const f32,
        grad: *const f32,
        to: *mut f32,
        len: usize,
    ) {
        let next = self.next.take();
        for at in (0..len).step_by(BIT) {
            if let Some(next) = &next {
                next.fetch(at);
            }
            let grad = if grad.is_null() {
                grad
            } else {
                grad.wrapping_add(at)
            };
            let count = BIT.min(len - at);
            // SAFETY: the caller's promise; the instructions were checked when the engine was made.
            unsafe {
                run(
                    x.add(at),
                    grad,
                    to.add(at),
                    count,
                    constants,
                    crate::cpu::Results::Cached,
                )
            };
        }
    }

    /// Computes several steps in one loop: forward where `grad` is null, else the gradient of their input.
    ///
    /// # Safety
    /// `from` and, unless it is null, `grad` must be valid for reading `len` elements, `to` for writing them. `to` may be exactly either.
    unsafe fn around(
        &mut self,
        around: Around,
        start: usize,
        len: usize,
        from: *const f32,
        grad: *const f32,
        to: *mut f32,
    ) {
        let plan = self.plan;
        let Step::Activation {
            around: Some([forward, backward]),
            constants,
            ..
        } = &plan.steps[around.activation]
        else {
            return;
        };
        // Adding -0 and multiplying with 1 changes nothing.
        let streams = Streams {
            a: from,
            b: self.each_value(ADDEND, around.addend, -0.0, start, len),
            o: self.each_value(GATE, around.gate, 1.0, start, len),
            grad,
            factor: around.factor,
            out: to,
            count: len,
        };
        let run = if grad.is_null() { forward } else { backward };
        // SAFETY: the caller's promise, and that of `each_value`; the instructions were checked when the engine was made.
        unsafe { run(&streams, constants) }
    }

    /// The values of the operand of a step for each element of a piece, in its memory where they are not one after another already: `absent` where
    /// there is no step.
    fn each_value(
        &mut self,
        place: usize,
        step: Option<usize>,
        absent: f32,
        start: usize,
        len: usize,
    ) -> *const f32 {
        let plan = self.plan;
        let to = self.place(place);
        let full_of = &mut self.full_of[place - ADDEND];
        let operand = match step.map(|step| &plan.steps[step]) {
            Some(Step::Combine { operand, .. }) => operand,
            _ => &Spread::One(absent),
        };
        if let Spread::One(value) = operand {
            if *full_of != Some(value.to_bits()) {
                // SAFETY: the place has room for a piece.
                unsafe { std::slice::from_raw_parts_mut(to, self.piece) }.fill(*value);
                *full_of = Some(value.to_bits());
            }
            return to;
        }
        *full_of = None;
        let mut values = to.cast_const();
        // SAFETY: another place, which has room for a piece too.
        let room = unsafe { std::slice::from_raw_parts_mut(self.place(ROOM), self.piece) };
        operand.runs(start, len, room, |at, count, from, each| {
            if each && count == len && !matches!(operand, Spread::Column { .. }) {
                values = from;
                return;
            }
            // SAFETY: `at + count <= len`, for which the place has room; `from` has `count` values, or one.
            unsafe {
                if each {
                    std::ptr::copy_nonoverlapping(from, to.add(at), count);
                } else {
                    std::slice::from_raw_parts_mut(to.add(at), count).fill(*from);
                }
            }
        });
        values
    }

    /// What the next piece will read and write.
    fn expect(&mut self, start: usize, len: usize, streams: [*const f32; 3]) {
        let mut next = Next::new();
        for stream in streams.into_iter().filter(|stream| !stream.is_null()) {
            next.add(stream.wrapping_add(len));
        }
        for step in &self.plan.steps {
            if let Step::Combine {
                operand: Spread::Each(values),
                ..
            } = step
            {
                next.add(values.as_ptr().wrapping_add(start + len));
            }
        }
        self.next = Some(next);
    }

    /// The chain's values of a piece that begins at element `start` of the input.
    ///
    /// # Safety
    /// `x` must be valid for reading `len <= Plan::piece()` elements, `out` for writing them; `out` may be exactly `x`.
    pub(super) unsafe fn forward(
        &mut self,
        start: usize,
        len: usize,
        x: *const f32,
        out: *mut f32,
    ) {
        if self.plan.one_loop().is_none() {
            self.expect(start, len, [x, out, std::ptr::null()]);
        }
        let mut input = x;
        if self.plan.residual && std::ptr::eq(x, out) {
            let copy = self.place(INPUT);
            // SAFETY: the place has room for a piece, and is none of the caller's memory.
            unsafe { std::ptr::copy_nonoverlapping(x, copy, len) };
            input = copy;
        }
        let (mut index, mut from) = (0, input);
        while index < self.plan.steps.len() {
            // SAFETY: all pointers are valid for `len` elements.
            index += unsafe {
                match self.plan.around(index) {
                    Some(around) => {
                        self.around(around, start, len, from, std::ptr::null(), out);
                        around.steps
                    }
                    None => self.advance(index, start, len, input, from, out),
                }
            };
            from = out;
        }
        if index == 0 {
            // SAFETY: as above; both may be the same.
            unsafe { std::ptr::copy(x, out, len) };
        }
    }

    /// The gradient of a piece of the input. `grad` may be null, for a gradient of 1. `found` is called with the number of each wanted
    /// gradient and the piece's terms of it.
    ///
    /// # Safety
    /// `x` and `grad` must be valid for reading `len <= Plan::piece()` elements, `out` for writing them; `out` may be exactly `x` or exactly `grad`.
    pub(super) unsafe fn backward(
        &mut self,
        start: usize,
        len: usize,
        x: *const f32,
        grad: *const f32,
        out: *mut f32,
        mut found: impl FnMut(usize, &[f32]),
    ) {
        let plan = self.plan;
        if let Some(around) = plan.one_loop() {
            let grad = if grad.is_null() {
                self.place(ONES)
            } else {
                grad
            };
            // SAFETY: all pointers are valid for `len` elements.
            return unsafe { self.around(around, start, len, x, grad, out) };
        }
        self.expect(start, len, [x, grad, out]);
        // SAFETY: all pointers are valid for `len` elements.
        let values = unsafe { self.recompute(start, len, x) };
        let into = if std::ptr::eq(x, out) {
            self.place(GRADIENT)
        } else {
            out
        };
        let mut gradient = if grad.is_null() {
            self.place(ONES).cast_const()
        } else {
            grad
        };
        let (residual, term) = (self.place(RESIDUAL), self.place(TERM));
        let mut passed_by = false;
        for (index, step) in plan.steps.iter().enumerate().rev() {
            let streams = Streams {
                a: gradient,
                b: values[index],
                o: std::ptr::null(),
                grad: std::ptr::null(),
                factor: 1.0,
                out: into,
                count: len,
            };
            match step {
                Step::Activation {
                    backward,
                    constants,
                    ..
                } => {
                    // SAFETY: the step needs its input, so `values` has it; the instructions were checked when the engine was made.
                    unsafe {
                        self.activate((*backward, constants), values[index], gradient, into, len)
                    };
                    gradient = into;
                }
                Step::Residual => {
                    // SAFETY: the place has room for a piece, and is none of the other pointers.
                    unsafe {
                        if passed_by {
                            self.add(
                                Streams {
                                    out: residual,
                                    ..streams
                                },
                                residual,
                            );
                        } else {
                            std::ptr::copy_nonoverlapping(gradient, residual, len);
                        }
                    }
                    passed_by = true;
                }
                Step::Combine {
                    operation,
                    operand,
                    wanted,
                } => {
                    if let Some(wanted) = wanted {
                        let mut terms = gradient;
                        if let Some(rule) = operand_rule(*operation) {
                            // SAFETY: `values` has what the rule reads, since the operand's gradient is wanted.
                            unsafe {
                                self.combine(
                                    rule,
                                    operand,
                                    start,
                                    Streams {
                                        out: term,
                                        ..streams
                                    },
                                )
                            };
                            terms = term;
                        }
                        // SAFETY: `len` values were computed, and nothing writes there while the slice is borrowed.
                        found(*wanted, unsafe { std::slice::from_raw_parts(terms, len) });
                    }
                    if let Some(rule) = input_rule(*operation) {
                        // SAFETY: `values` has what the rule reads.
                        unsafe { self.combine(rule, operand, start, streams) };
                        gradient = into;
                    }
                }
            }
        }
        // SAFETY: all pointers are valid for `len` elements.
        unsafe {
            if passed_by {
                let streams = Streams {
                    a: gradient,
                    b: std::ptr::null(),
                    o: std::ptr::null(),
                    grad: std::ptr::null(),
                    factor: 1.0,
                    out,
                    count: len,
                };
                self.add(streams, residual);
            } else if !std::ptr::eq(gradient, out) {
                std::ptr::copy(gradient, out, len);
            }
        }
    }

    /// The values that go into the steps, null where a backward pass does not need them.
    ///
    /// # Safety
    /// `x` must be valid for reading `len <= Plan::piece()` elements.
    unsafe fn recompute(
        &mut self,
        start: usize,
        len: usize,
        x: *const f32,
    ) -> [*const f32; Chain::MAX_STEPS] {
        let plan = self.plan;
        let mut values = [std::ptr::null(); Chain::MAX_STEPS];
        let (mut index, mut value, mut kept) = (0, x, KEPT);
        let mut to = self.place(kept);
        while index < plan.recomputed() {
            if plan.needs_input(index) {
                values[index] = value;
                if !std::ptr::eq(value, x) {
                    kept += 1;
                    to = self.place(kept);
                }
            }
            // SAFETY: all pointers are valid for `len` elements, and `to` holds no value that is still needed.
            index += unsafe { self.advance(index, start, len, x, value, to) };
            value = to;
        }
        if let Some(last) = values.get_mut(index) {
            *last = value;
        }
        values
    }
}

/// Elements between two requests for parts of the next piece.
const BIT: usize = 128;

/// Memory that the next piece will read and write.
struct Next {
    streams: [*const f32; 3 + Chain::MAX_OPERANDS],
    count: usize,
}

impl Next {
    fn new() -> Self {
        Self {
            streams: [std::ptr::null(); 3 + Chain::MAX_OPERANDS],
            count: 0,
        }
    }

    fn add(&mut self, stream: *const f32) {
        if let Some(free) = self.streams.get_mut(self.count) {
            *free = stream;
            self.count += 1;
        }
    }

    /// Asks for a bit of it. It need not exist: a request for memory that is not there does nothing.
    fn fetch(&self, at: usize) {
        #[cfg(target_arch = "x86_64")]
        for stream in &self.streams[..self.count] {
            for at in (at..at + BIT).step_by(16) {
                use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
                // SAFETY: any address may be asked for, and SSE is always there on x86-64.
                unsafe { _mm_prefetch::<_MM_HINT_T0>(stream.wrapping_add(at).cast()) };
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = at;
    }
}

/// How the gradient is passed on to the stream; `None` where it stays as it is.
fn input_rule(operation: Operation) -> Option<Rule> {
    match operation {
        Operation::Add | Operation::Sub => None,
        Operation::Mul => Some(Rule::BackMul),
        Operation::Div => Some(Rule::BackDiv),
        Operation::Max => Some(Rule::BackMax),
        Operation::Min => Some(Rule::BackMin),
    }
}

/// How the gradient is passed on to the operand; `None` where it stays as it is.
fn operand_rule(operation: Operation) -> Option<Rule> {
    match operation {
        Operation::Add => None,
        Operation::Sub => Some(Rule::OperandSub),
        Operation::Mul => Some(Rule::OperandMul),
        Operation::Div => Some(Rule::OperandDiv),
        Operation::Max => Some(Rule::OperandMax),
        Operation::Min => Some(Rule::OperandMin),
    }
}
