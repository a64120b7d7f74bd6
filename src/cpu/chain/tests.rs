//! Chains on the CPU against the same steps taken one by one over the whole input.

use super::sums::Tiles;
use crate::cpu::{Cpu, Isa};
use crate::{
    Activation, Broadcast, Chain, Direction, Engine, Error, Operand, Operation, Step, Values,
};

/// Numbers between -2 and 2.
fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 22) as f32 - 2.0
        })
        .collect()
}

/// The operand at every element, and which of its elements that is.
fn spread(operand: &Operand<'_>, i: usize, columns: usize) -> (f32, usize) {
    match operand {
        Operand::Number(number) => (*number, 0),
        Operand::Memory(broadcast, Values::Host(values)) => {
            let at = match broadcast {
                Broadcast::Scalar => 0,
                Broadcast::Row => i % columns,
                Broadcast::Column => i / columns,
                Broadcast::Full => i,
            };
            (values[at], at)
        }
        Operand::Memory(..) => unreachable!("these tests use slices"),
    }
}

struct Naive {
    y: Vec<f32>,
    dx: Vec<f32>,
    /// The sums of the terms, and of their magnitudes.
    operands: Vec<Vec<(f64, f64)>>,
}

fn naive(cpu: &Cpu, chain: &Chain<'_>, columns: usize, x: &[f32], grad: &[f32]) -> Naive {
    let mut values = vec![x.to_vec()];
    for step in chain.steps() {
        let v = &values[values.len() - 1];
        values.push(match step {
            Step::Activation(f) => cpu.forward(f, v).unwrap(),
            Step::Residual => v.iter().zip(x).map(|(v, x)| v + x).collect(),
            Step::Combine(operation, operand) => {
                let of = |(i, &v): (usize, &f32)| {
                    let (o, _) = spread(operand, i, columns);
                    match operation {
                        Operation::Add => v + o,
                        Operation::Sub => v - o,
                        Operation::Mul => v * o,
                        Operation::Div => v / o,
                        Operation::Max => v.max(o),
                        Operation::Min => v.min(o),
                    }
                };
                v.iter().enumerate().map(of).collect()
            }
        });
    }
    let mut operands: Vec<Vec<(f64, f64)>> = chain
        .operands()
        .map(|(_, o)| vec![(0.0, 0.0); o.len()])
        .collect();
    let (mut g, mut residual) = (grad.to_vec(), vec![0.0_f32; x.len()]);
    let mut place = operands.len();
    for (step, v) in chain.steps().iter().zip(&values).rev() {
        match step {
            Step::Activation(f) => g = cpu.backward(f, v, &g).unwrap(),
            Step::Residual => residual.iter_mut().zip(&g).for_each(|(r, g)| *r += g),
            Step::Combine(operation, operand) => {
                let memory = matches!(operand, Operand::Memory(..));
                place -= usize::from(memory);
                for (i, (g, &v)) in g.iter_mut().zip(v).enumerate() {
                    let (o, at) = spread(operand, i, columns);
                    let share = |wins: bool| {
                        if v == o {
                            0.5
                        } else {
                            f32::from(u8::from(wins))
                        }
                    };
                    let (to_value, to_operand) = match operation {
                        Operation::Add => (*g, *g),
                        Operation::Sub => (*g, -*g),
                        Operation::Mul => (*g * o, *g * v),
                        Operation::Div => (*g / o, -(*g / o) * (v / o)),
                        Operation::Max => (*g * share(v > o), *g * share(o > v)),
                        Operation::Min => (*g * share(v < o), *g * share(o < v)),
                    };
                    if memory {
                        let (sum, magnitude) = &mut operands[place][at];
                        *sum += f64::from(to_operand);
                        *magnitude += f64::from(to_operand).abs();
                    }
                    *g = to_value;
                }
            }
        }
    }
    if chain
        .steps()
        .iter()
        .any(|step| matches!(step, Step::Residual))
    {
        g.iter_mut().zip(&residual).for_each(|(g, r)| *g += r);
    }
    Naive {
        y: values.pop().unwrap(),
        dx: g,
        operands,
    }
}

fn same(what: &str, got: &[f32], want: &[f32]) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        assert!(
            got == want || (got.is_nan() && want.is_nan()),
            "{what}: element {i}: got {got:e}, want {want:e}"
        );
    }
}

fn check(cpu: &Cpu, chain: &Chain<'_>, columns: usize, len: usize) {
    let (x, grad) = (numbers(len, 1), numbers(len, 2));
    let want = naive(cpu, chain, columns, &x, &grad);
    let what = format!(
        "{chain}, {len} elements, {columns} columns, {}",
        cpu.description()
    );
    same(
        &format!("{what}, forward"),
        &cpu.forward(chain, &x).unwrap(),
        &want.y,
    );
    let mut in_place = x.clone();
    cpu.forward_in_place(chain, &mut in_place).unwrap();
    same(&format!("{what}, in place"), &in_place, &want.y);
    same(
        &format!("{what}, backward"),
        &cpu.backward(chain, &x, &grad).unwrap(),
        &want.dx,
    );
    let mut in_place = grad.clone();
    cpu.backward_in_place(chain, &x, &mut in_place).unwrap();
    same(&format!("{what}, backward in place"), &in_place, &want.dx);
    let derivative = naive(cpu, chain, columns, &x, &vec![1.0; len]).dx;
    same(
        &format!("{what}, derivative"),
        &cpu.derivative(chain, &x).unwrap(),
        &derivative,
    );
    let mut in_place = x.clone();
    cpu.derivative_in_place(chain, &mut in_place).unwrap();
    same(
        &format!("{what}, derivative in place"),
        &in_place,
        &derivative,
    );
    // In another order than the operands', and not all of them.
    let wanted: Vec<usize> = (0..want.operands.len())
        .rev()
        .filter(|place| place % 4 != 3)
        .collect();
    let got = cpu.gradients(chain, &x, &grad, &wanted).unwrap();
    same(&format!("{what}, gradients"), &got.input, &want.dx);
    for (&place, got) in wanted.iter().zip(&got.operands) {
        for (i, (&got, &(sum, magnitude))) in got.iter().zip(&want.operands[place]).enumerate() {
            let error = (f64::from(got) - sum).abs();
            let bound = sum.abs() * 2f64.powi(-24) + magnitude * 1e-12;
            assert!(
                error <= bound,
                "{what}: operand {place}, element {i}: got {got:e}, want {sum:e}"
            );
        }
    }
}

/// Numbers for the operands of a test.
struct Memory {
    scalar: Vec<f32>,
    row: Vec<f32>,
    column: Vec<f32>,
    full: Vec<f32>,
}

impl Memory {
    fn new(rows: usize, columns: usize) -> Self {
        Self {
            scalar: numbers(1, 3),
            row: numbers(columns, 4),
            column: numbers(rows, 5),
            full: numbers(rows * columns, 6),
        }
    }

    /// Every operation with every broadcast at least once.
    fn chains(&self) -> Vec<Chain<'_>> {
        let Self {
            scalar,
            row,
            column,
            full,
        } = self;
        let operand = |i: usize| match i % 4 {
            0 => Operand::scalar(scalar),
            1 => Operand::row(row),
            2 => Operand::column(column),
            _ => Operand::full(full),
        };
        let mut chains: Vec<Chain<'_>> = (0..4)
            .map(|first| {
                Operation::ALL
                    .iter()
                    .enumerate()
                    .fold(Chain::new(), |chain, (i, &operation)| {
                        chain.combine(operation, operand(first + i))
                    })
            })
            .collect();
        chains.push(
            Chain::new()
                .sub(0.25)
                .add_row(row)
                .then(Activation::gelu())
                .residual()
                .mul(full)
                .residual()
                .then(Activation::tanh())
                .div_column(column),
        );
        chains
    }
}

#[test]
fn a_chain_is_its_steps() {
    let cpu = Cpu::with_threads(2).unwrap();
    for (rows, columns) in [
        (1, 1),
        (2, 1),
        (5000, 1),
        (1, 5),
        (7, 3),
        (1999, 3),
        (1000, 5),
        (129, 16),
        (31, 63),
        (40, 64),
        (5, 1000),
        (3, 1024),
        (3, 1025),
        (1, 4999),
        (3, 20_011),
        (40_000, 3),
        (40, 3001),
    ] {
        let memory = Memory::new(rows, columns);
        for chain in memory.chains() {
            check(&cpu, &chain, columns, rows * columns);
        }
    }
}

#[test]
fn every_instruction_set_and_every_length() {
    for &isa in Isa::available() {
        let cpu = Cpu::with_threads(1).unwrap().with_isa(isa).unwrap();
        for rows in (0..40).chain([1023, 1024, 1025, 2049]) {
            let memory = Memory::new(rows, 1);
            for chain in memory.chains() {
                if rows > 0 {
                    check(&cpu, &chain, 1, rows);
                }
            }
        }
    }
}

#[test]
fn a_product_and_a_sum_may_be_one_operation() {
    let (x, row) = (numbers(3000, 1), numbers(5, 2));
    let chain = Chain::new()
        .scale(1.7)
        .add_row(&row)
        .scale(-0.3)
        .offset(0.1);
    for &isa in Isa::available() {
        let cpu = Cpu::with_threads(1).unwrap().with_isa(isa).unwrap();
        let y = cpu.forward(&chain, &x).unwrap();
        for (i, (&x, y)) in x.iter().zip(y).enumerate() {
            let inner = f64::from(x) * f64::from(1.7_f32) + f64::from(row[i % 5]);
            let want = inner * f64::from(-0.3_f32) + f64::from(0.1_f32);
            assert!(
                (f64::from(y) - want).abs() < 1e-6,
                "{isa:?} {i}: {y}, {want}"
            );
        }
        assert!(
            cpu.derivative(&chain, &x)
                .unwrap()
                .iter()
                .all(|&d| d == 1.7 * -0.3)
        );
    }
}

#[test]
fn the_bits_do_not_depend_on_the_threads() {
    for (rows, columns) in [(50_001, 3), (70, 3001), (2, 70_001), (150_000, 1)] {
        let memory = Memory::new(rows, columns);
        let (x, grad) = (numbers(rows * columns, 1), numbers(rows * columns, 2));
        for chain in memory.chains() {
            let wanted: Vec<usize> = (0..chain.operands().count()).collect();
            let run = |threads| {
                let cpu = Cpu::with_threads(threads).unwrap();
                let found = cpu.gradients(&chain, &x, &grad, &wanted).unwrap();
                let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
                let operands: Vec<_> = found.operands.iter().map(|o| bits(o)).collect();
                (bits(&found.input), operands)
            };
            let one = run(1);
            for threads in [2, 3, 3] {
                assert!(
                    run(threads) == one,
                    "{chain}, {rows} rows, {columns} columns, {threads} threads"
                );
            }
        }
    }
}

#[test]
fn tiles_hold_every_element_once() {
    for (len, columns) in [
        (1, 1),
        (5000, 1),
        (3_000_000, 1),
        (999, 3),
        (90_000, 9),
        (40_000, 20_000),
        (3 << 20, 1 << 20),
        (1_025_000, 1025),
    ] {
        let tiles = Tiles::new(len, columns);
        let mut seen = vec![false; len];
        for tile in 0..tiles.count() {
            tiles.pieces(tile, |piece| {
                assert!(piece.len > 0 && piece.len <= super::PIECE);
                for seen in &mut seen[piece.start..piece.start + piece.len] {
                    assert!(!std::mem::replace(seen, true), "{tiles:?}");
                }
            });
        }
        assert!(seen.iter().all(|&seen| seen), "{tiles:?}");
    }
}

#[test]
fn special_values() {
    let cpu = Cpu::with_threads(1).unwrap();
    let (nan, inf) = (f32::NAN, f32::INFINITY);
    let x = [nan, 1.0, 1.0, inf, 0.0];
    let operand = [1.0, nan, 1.0, 0.0, 0.0];
    let of = |chain: Chain<'_>, direction| {
        let mut out = [0.0; 5];
        let grad = [1.0; 5];
        let grad = (direction == Direction::Backward).then_some(&grad[..]);
        cpu.compute(&chain, direction, &x, grad, &mut out).unwrap();
        out.map(|v| if v.is_nan() { 99.0 } else { v })
    };
    assert_eq!(
        of(Chain::new().max(&operand), Direction::Forward),
        [99.0, 99.0, 1.0, inf, 0.0]
    );
    assert_eq!(
        of(Chain::new().min(&operand), Direction::Forward),
        [99.0, 99.0, 1.0, 0.0, 0.0]
    );
    assert_eq!(
        of(Chain::new().max(&operand), Direction::Derivative),
        [99.0, 99.0, 0.5, 1.0, 0.5]
    );
    assert_eq!(
        of(Chain::new().min(&operand), Direction::Backward),
        [99.0, 99.0, 0.5, 0.0, 0.5]
    );
    assert_eq!(of(Chain::new(), Direction::Derivative), [1.0; 5]);
    // A unit that is switched off passes nothing on, also where the factor before it is infinite.
    let off = Chain::new()
        .then(Activation::sqrt())
        .then(Activation::relu())
        .mul(0.0);
    assert_eq!(of(off, Direction::Derivative), [99.0, 0.0, 0.0, 0.0, 0.0]);
}

/// The loop of several steps computes what they do one by one, bit for bit, where a zero wins over an infinity too.
#[test]
fn an_activation_between_operands_is_its_steps() {
    const COLUMNS: usize = 77;
    const ROWS: usize = 41;
    let special = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0, 1e30];
    let with_specials = |seed: u32| {
        let mut values = numbers(ROWS * COLUMNS, seed);
        for (i, value) in values.iter_mut().enumerate() {
            if i % 13 == seed as usize {
                *value = special[i / 13 % special.len()];
            }
        }
        values
    };
    let (x, grad) = (with_specials(1), with_specials(2));
    let full = with_specials(3);
    let (row, column) = (numbers(COLUMNS, 4), numbers(ROWS, 5));
    let operands: [Option<Operand<'_>>; 5] = [
        None,
        Some(Operand::Number(0.25)),
        Some(Operand::row(&row)),
        Some(Operand::column(&column)),
        Some(Operand::full(&full)),
    ];
    let functions = ["relu", "gelu", "silu", "gelu_tanh", "hard_swish"];
    for &isa in Isa::available() {
        let cpu = Cpu::with_threads(1).unwrap().with_isa(isa).unwrap();
        let run = |chain: &Chain<'_>, direction, x: &[f32], grad: Option<&[f32]>| {
            let mut out = vec![0.0; x.len()];
            cpu.compute(chain, direction, x, grad, &mut out).unwrap();
            out
        };
        for (f, factor, addend, gate) in functions.iter().flat_map(|f| {
            let operands = &operands;
            [None, Some(0.7)].into_iter().flat_map(move |factor| {
                let pairs = operands
                    .iter()
                    .flat_map(move |a| operands.iter().map(move |b| (a, b)));
                pairs.map(move |(addend, gate)| (f, factor, addend, gate))
            })
        }) {
            let mut before = Chain::new();
            if let Some(factor) = factor {
                before = before.scale(factor);
            }
            if let Some(addend) = addend {
                before = before.combine(Operation::Add, addend.clone());
            }
            let f: Chain<'_> = f.parse::<Activation>().unwrap().into();
            let mut after = Chain::new();
            if let Some(gate) = gate {
                after = after.combine(Operation::Mul, gate.clone());
            }
            let chain = before.clone().then(f.clone()).then(after.clone());

            let inner = run(&before, Direction::Forward, &x, None);
            let value = run(&f, Direction::Forward, &inner, None);
            let want = run(&after, Direction::Forward, &value, None);
            let got = run(&chain, Direction::Forward, &x, None);
            same_bits(&got, &want, &chain, isa);

            let back = run(&after, Direction::Backward, &value, Some(&grad));
            let back = run(&f, Direction::Backward, &inner, Some(&back));
            let want = run(&before, Direction::Backward, &x, Some(&back));
            let got = run(&chain, Direction::Backward, &x, Some(&grad));
            same_bits(&got, &want, &chain, isa);
        }
    }
}

fn same_bits(got: &[f32], want: &[f32], chain: &Chain<'_>, isa: Isa) {
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        assert!(
            got.to_bits() == want.to_bits() || got.is_nan() && want.is_nan(),
            "{chain}, {}, element {i}: {got:e}, step by step {want:e}",
            isa.name()
        );
    }
}

#[test]
fn the_empty_input_gives_zero_gradients() {
    let cpu = Cpu::with_threads(1).unwrap();
    let (row, scalar) = (numbers(3, 1), numbers(1, 2));
    let chain = Chain::new().mul_row(&row).add(Operand::scalar(&scalar));
    let found = cpu.gradients(&chain, &[], &[], &[1, 0]).unwrap();
    assert_eq!(found.operands, [vec![0.0], vec![0.0; 3]]);
    assert!(cpu.forward(&chain, &[]).unwrap().is_empty());
}

#[test]
fn what_does_not_fit_is_refused() {
    let cpu = Cpu::with_threads(1).unwrap();
    let row = numbers(3, 1);
    let error = cpu
        .forward(&Chain::new().mul_row(&row), &[0.0; 4])
        .unwrap_err();
    assert!(matches!(error, Error::OperandLength { .. }), "{error}");
    let error = cpu
        .gradients(&Chain::new().mul_row(&row), &[0.0; 6], &[0.0; 6], &[0, 0])
        .unwrap_err();
    assert!(matches!(error, Error::InvalidChain { .. }), "{error}");
    let error = cpu
        .derivative_from_output(&Chain::new().scale(2.0), &[0.0])
        .unwrap_err();
    assert!(
        matches!(error, Error::NoDerivativeFromOutput { .. }),
        "{error}"
    );
}
