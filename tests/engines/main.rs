//! Claims about several engines that share a slice: on each adapter two contexts of it and the CPU, and engines made for the test.

#[path = "../../examples/several.rs"]
mod example;
mod fakes;
#[macro_use]
#[path = "../support/mod.rs"]
mod support;

use libtest_mimic::Trial;
use nonlin::cpu::Cpu;
use nonlin::{Activation, Chain, Direction, Engine, Engines, Error, Gpu, Share};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::adapters::again;
use support::claims::{self, IntoCompletion};
use support::compare::Judge;
use support::foreign::Foreign;
use support::{directions, sample};

/// Elements of the shortest piece.
const PIECE: usize = 1000;

/// Too short to be shared, just long enough, and many pieces.
const LENGTHS: [usize; 7] = [0, 1, 7, PIECE, 2 * PIECE - 1, 2 * PIECE, 23 * PIECE + 5];

fn another(gpu: &Gpu) -> nonlin::Result<Gpu> {
    again(gpu).build()
}

fn trio(gpu: &Gpu) -> nonlin::Result<Engines> {
    let engines: [Arc<dyn Engine>; 2] = [Arc::new(gpu.clone()), Arc::new(another(gpu)?)];
    let engines = Engines::new(engines)?.and(Cpu::with_threads(1)?);
    Ok(engines.min_piece(PIECE))
}

/// Numbers of few bits: their products are exact, so that all engines have the same bits for chains of them in whatever order.
fn numbers(len: usize) -> Vec<f32> {
    (0..len)
        .map(|i| ((i * 7919) % 31) as f32 * 0.25 - 3.75)
        .collect()
}

fn every_direction_keeps_the_contract(gpu: &Gpu) -> nonlin::Result<()> {
    let engines = trio(gpu)?;
    let all = sample::inputs(LENGTHS[6]);
    for f in ["gelu", "tanh", "elu", "sigmoid"] {
        let f: Activation = f.parse()?;
        for direction in directions(&f) {
            let referee = f.referee();
            for len in LENGTHS {
                // Every stretch of the sample is of one kind: take from all of it.
                let take = |i: usize| all[i * 7919 % all.len()];
                let mut x: Vec<f32> = (0..len).map(take).collect();
                if direction.from_output() {
                    let output =
                        |x: &mut f32| *x = referee.value(Direction::Forward, f64::from(*x)) as f32;
                    x.iter_mut().for_each(output);
                }
                let grad = direction.takes_grad().then(|| vec![-1.0; len]);
                let mut out = vec![f32::from_bits(0x7e57_7e57); len];
                engines.compute(&f, direction, &x, grad.as_deref(), &mut out)?;
                let plain = match direction {
                    Direction::Backward => Direction::Derivative,
                    Direction::BackwardFromOutput => Direction::DerivativeFromOutput,
                    other => other,
                };
                if grad.is_some() {
                    out.iter_mut().for_each(|y| *y = -*y);
                }
                let want: Vec<f64> = x
                    .iter()
                    .map(|&x| referee.value(plain, f64::from(x)))
                    .collect();
                let bound = f64::from(f.metadata().bound(plain));
                Judge::new(&f, plain, true)
                    .check(&x, &out, &want, bound)
                    .unwrap();
                if grad.is_none() {
                    engines.compute_in_place(&f, direction, &mut x)?;
                    assert!(
                        len == 0
                            || x.iter()
                                .zip(&out)
                                .all(|(x, y)| (x - y).abs() <= y.abs() * 1e-6 + 1e-37)
                    );
                }
            }
        }
    }
    let shares = engines.shares();
    shares.iter().for_each(|share| println!("{share:?}"));
    assert!(
        shares
            .iter()
            .all(|share| share.lost.is_none() && share.elements > 0)
    );
    Ok(())
}

fn operands_lie_where_the_piece_lies(gpu: &Gpu) -> nonlin::Result<()> {
    let (engines, one) = (trio(gpu)?.min_piece(200), Cpu::new());
    // Rows shorter than a piece, about as long, much longer; one column; one row.
    for (rows, columns) in [(700, 3), (11, 250), (5, 3001), (4000, 1), (1, 4000)] {
        let len = rows * columns;
        let (x, grad, full) = (numbers(len), numbers(len), numbers(len));
        let (row, column) = (numbers(columns + 3), numbers(rows + 1));
        let (row, column, scalar) = (&row[3..], &column[1..], [1.25]);
        let scalar = nonlin::Operand::scalar(&scalar);
        let chain = Chain::new()
            .mul_row(row)
            .then(Activation::LeakyRelu { slope: 0.25 })
            .mul(&full);
        let chain = chain
            .max_column(column)
            .mul(scalar)
            .mul_column(column)
            .min_row(row);
        let what = format!("{rows} rows of {columns}");
        for _ in 0..3 {
            assert_eq!(
                engines.forward(&chain, &x)?,
                one.forward(&chain, &x)?,
                "{what}"
            );
            let (got, want) = (engines.derivative(&chain, &x)?, one.derivative(&chain, &x)?);
            assert_eq!(got, want, "{what}");
            let got = engines.gradients(&chain, &x, &grad, &[])?.input;
            assert_eq!(got, one.backward(&chain, &x, &grad)?, "{what}");
            let mut got = x.clone();
            engines.forward_in_place(&chain, &mut got)?;
            assert_eq!(got, one.forward(&chain, &x)?, "{what}, in place");
            let mut got = grad.clone();
            engines.backward_in_place(&chain, &x, &mut got)?;
            assert_eq!(got, one.backward(&chain, &x, &grad)?, "{what}, in place");
        }
    }
    Ok(())
}

fn gradients_of_operands_have_the_same_bits_in_every_run(gpu: &Gpu) -> nonlin::Result<()> {
    let engines = trio(gpu)?;
    let (x, grad, row) = (numbers(40 * 500), numbers(40 * 500), numbers(40));
    let chain = Chain::new().mul_row(&row).then(Activation::gelu());
    let want = Engine::gradients(gpu, &chain, &x, &grad, &[0])?;
    for _ in 0..5 {
        engines.forward(&chain, &x)?;
        let got = engines.gradients(&chain, &x, &grad, &[0])?;
        assert_eq!(
            (got.input, got.operands),
            (want.input.clone(), want.operands.clone())
        );
    }
    Ok(())
}

/// A context whose device is destroyed when it begins its second piece.
struct Doomed(Gpu, AtomicUsize);

impl Doomed {
    fn new(gpu: &Gpu) -> nonlin::Result<Self> {
        Ok(Self(another(gpu)?, AtomicUsize::new(0)))
    }
}

impl Engine for Doomed {
    fn description(&self) -> String {
        format!("doomed {}", self.0.description())
    }

    fn compute(
        &self,
        f: &dyn nonlin::Function,
        direction: Direction,
        x: &[f32],
        grad: Option<&[f32]>,
        out: &mut [f32],
    ) -> nonlin::Result<()> {
        if self.1.fetch_add(1, Ordering::Relaxed) == 1 {
            self.0.device().destroy();
        }
        self.0.compute(f, direction, x, grad, out)
    }

    fn compute_in_place(
        &self,
        f: &dyn nonlin::Function,
        direction: Direction,
        x: &mut [f32],
    ) -> nonlin::Result<()> {
        self.0.compute_in_place(f, direction, x)
    }

    fn gradients_into(
        &self,
        f: &dyn nonlin::Function,
        x: &[f32],
        grad: &[f32],
        dx: &mut [f32],
        operands: &mut [(usize, &mut [f32])],
    ) -> nonlin::Result<()> {
        Engine::gradients_into(&self.0, f, x, grad, dx, operands)
    }
}

fn a_lost_device_s_piece_is_computed_by_the_others(gpu: &Gpu) -> nonlin::Result<()> {
    let doomed: Arc<dyn Engine> = Arc::new(Doomed::new(gpu)?);
    let engines = Engines::new([doomed])?.and(gpu.clone()).min_piece(PIECE);
    let (x, relu) = (numbers(50 * PIECE + 3), Activation::leaky_relu());
    let want = Cpu::new().forward(&relu, &x)?;
    let mut calls = 0;
    // A thread may find that everything is taken already, so that the device lives on for a while.
    while engines.shares()[0].lost.is_none() && calls < 400 {
        let mut got = x.clone();
        engines.forward_in_place(&relu, &mut got)?;
        assert_eq!(got, want);
        assert_eq!(engines.forward(&relu, &x)?, want);
        calls += 2;
    }
    let [lost, other] = &engines.shares()[..] else {
        panic!("two engines");
    };
    assert!(
        lost.lost.as_ref().is_some_and(|why| why.contains("lost")),
        "{lost:?}"
    );
    assert_eq!(lost.elements + other.elements, (calls * x.len()) as u64);
    let before = lost.elements;
    assert_eq!(
        engines.backward(&relu, &x, &x)?,
        Cpu::new().backward(&relu, &x, &x)?
    );
    assert_eq!(engines.shares()[0].elements, before, "it is not used again");
    // Also where one engine is to do it all.
    let chain = Chain::new().mul(&x);
    assert_eq!(
        engines.gradients(&chain, &x, &x, &[0])?.operands,
        [Cpu::new().forward(&chain, &x)?]
    );
    Ok(())
}

fn where_all_are_lost_each_says_why(gpu: &Gpu) -> nonlin::Result<()> {
    let (a, b) = (another(gpu)?, another(gpu)?);
    a.device().destroy();
    b.device().destroy();
    let engines: [Arc<dyn Engine>; 2] = [Arc::new(a), Arc::new(b)];
    let engines = Engines::new(engines)?.min_piece(PIECE);
    for len in LENGTHS.into_iter().rev() {
        let mut x = numbers(len);
        let error = engines
            .forward_in_place(&Activation::relu(), &mut x)
            .unwrap_err();
        assert_eq!(x, numbers(len), "the input is still there");
        let Error::NoEngine { reasons } = &error else {
            panic!("{error}");
        };
        assert_eq!(reasons.len(), 2, "{error}");
        assert!(
            reasons
                .iter()
                .all(|(who, why)| who.contains(&gpu.info().name) && why.contains("lost"))
        );
        assert!(
            error
                .to_string()
                .starts_with("no engine is left to compute: "),
            "{error}"
        );
    }
    Ok(())
}

fn a_device_that_refuses_is_left_out(gpu: &Gpu) -> nonlin::Result<()> {
    let foreign = Foreign::new(gpu);
    let own: Arc<dyn Engine> = Arc::new(foreign.gpu.clone());
    let engines = Engines::new([own])?
        .and(Cpu::with_threads(1)?)
        .min_piece(PIECE);
    let (x, relu) = (numbers(20 * PIECE), Activation::relu());
    let want = Cpu::new().forward(&relu, &x)?;
    assert_eq!(engines.forward(&relu, &x)?, want);
    foreign.device.destroy();
    for len in [1, PIECE, x.len()] {
        assert_eq!(engines.forward(&relu, &x[..len])?, want[..len]);
    }
    Ok(())
}

fn what_the_cpu_cannot_run_the_gpu_does(gpu: &Gpu) -> nonlin::Result<()> {
    let engines = Engines::new([Arc::new(Cpu::new()) as Arc<dyn Engine>])?.min_piece(PIECE);
    let double = "fn double(x: f32, p: vec4<f32>) -> f32 { return 2.0 * x; }\n\
                  fn double_derivative(x: f32, p: vec4<f32>) -> f32 { return 2.0; }";
    let double = Activation::custom("double", double, &[])?;
    let x = numbers(10 * PIECE);
    let error = engines.forward(&double, &x).unwrap_err();
    assert!(
        matches!(error, Error::NoCpuForm { .. }),
        "as with one engine: {error}"
    );
    let engines = engines.and(gpu.clone());
    let want: Vec<f32> = x.iter().map(|x| 2.0 * x).collect();
    for len in [3, x.len()] {
        assert_eq!(engines.forward(&double, &x[..len])?, want[..len]);
    }
    let chain = Chain::new().then(double).mul(&x);
    assert_eq!(engines.gradients(&chain, &x, &x, &[0])?.operands.len(), 1);
    assert!(engines.shares().iter().all(|share| share.lost.is_none()));
    Ok(())
}

fn the_example_holds(_: &Gpu) -> nonlin::Result<()> {
    example::main()
}

fn the_machine_s_adapters_are_each_there_once(_: &Gpu) -> nonlin::Result<()> {
    let engines = Engines::gpus()?.and(Cpu::new());
    let all: Vec<String> = engines
        .shares()
        .into_iter()
        .map(|Share { description, .. }| description)
        .collect();
    assert!(all.len() >= 2, "{all:?}");
    assert!(
        engines
            .description()
            .starts_with(&format!("{} engines: GPU, ", all.len()))
    );
    println!("{}", engines.description());
    let software = |name: &String| name.contains("a software adapter");
    let gpus = &all[..all.len() - 1];
    assert!(
        gpus.iter().all(software) || !gpus.iter().any(software),
        "{all:?}"
    );
    let x = numbers(300_000);
    assert_eq!(
        engines.forward(&Activation::relu(), &x)?,
        Cpu::new().forward(&Activation::relu(), &x)?
    );
    Ok(())
}

fn main() {
    let mut trials = claims::trials(claims![
        every_direction_keeps_the_contract,
        operands_lie_where_the_piece_lies,
        gradients_of_operands_have_the_same_bits_in_every_run,
        a_lost_device_s_piece_is_computed_by_the_others,
        where_all_are_lost_each_says_why,
        a_device_that_refuses_is_left_out,
        what_the_cpu_cannot_run_the_gpu_does,
        the_machine_s_adapters_are_each_there_once,
        the_example_holds,
    ]);
    trials.extend(
        fakes::CLAIMS
            .iter()
            .map(|&(name, check)| Trial::test(format!("made_up::{name}"), move || Ok(check()?))),
    );
    claims::run(trials);
}
