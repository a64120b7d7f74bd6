//! Random chains on every engine: in one kernel and step by step, each result lies in the range that follows from the contract of the steps
//! (`support/chain.rs` has the rule). `NONLIN_CHAINS` sets another number of chains.

mod support;
// Declared here and not in `support`: no other program needs them.
#[path = "support/chain.rs"]
mod chain;
#[path = "support/known.rs"]
mod known;
#[path = "support/random_chain.rs"]
mod random_chain;

use chain::{Expected, Judge};
use known::Known;
use libtest_mimic::{Arguments, Failed, Trial};
use nonlin::cpu::Cpu;
use nonlin::{Activation, Chain, Engine, Operand, Step};
use proptest::prelude::TestCaseError;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestError;
use random_chain::{Case, cases, runner, with_step};
use std::cell::Cell;

/// Chains on the CPU engine.
const CASES: u32 = 256;

/// Chains on an adapter, where each has shaders of its own to compile.
const CASES_ON_ADAPTERS: u32 = 32;

/// The share of results that something has to be claimed for, or else the test says too little.
const LEAST_CLAIMED: f64 = 0.8;

/// The share for which that has to be sharp.
const LEAST_NARROW: f64 = 0.6;

fn main() -> std::process::ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for subject in support::with_sharing(support::with_all_as_one(support::subjects())) {
        trials.push(
            subject.trial("results_lie_where_the_steps_put_them", |tested| {
                let asked = std::env::var("NONLIN_CHAINS").ok();
                let cases = match asked.and_then(|text| text.parse().ok()) {
                    Some(cases) => cases,
                    None if tested.flushes => CASES_ON_ADAPTERS,
                    None => CASES,
                };
                results(tested.engine, cases)
            }),
        );
    }
    trials.push(Trial::test(
        "judge::exact_derivatives_are_finite_differences",
        finite_differences,
    ));
    trials.push(Trial::test(
        "judge::a_step_off_by_20_ulp_is_noticed",
        off_by_20_ulp,
    ));
    trials.push(Trial::test(
        "judge::an_operand_in_the_wrong_order_is_noticed",
        wrong_order,
    ));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// What an engine makes of a chain.
struct Results {
    forward: Vec<f32>,
    derivative: Vec<f32>,
    input: Vec<f32>,
    operands: Vec<Vec<f32>>,
}

/// In one kernel.
fn fused(
    engine: &dyn Engine,
    chain: &Chain<'_>,
    x: &[f32],
    grad: &[f32],
) -> nonlin::Result<Results> {
    let all: Vec<usize> = (0..chain.operands().count()).collect();
    let gradients = engine.gradients(chain, x, grad, &all)?;
    Ok(Results {
        forward: engine.forward(chain, x)?,
        derivative: engine.derivative(chain, x)?,
        input: gradients.input,
        operands: gradients.operands,
    })
}

/// Step by step.
fn stepwise(
    engine: &dyn Engine,
    chain: &Chain<'_>,
    x: &[f32],
    grad: &[f32],
) -> nonlin::Result<Results> {
    let steps: Vec<Chain<'_>> = chain
        .steps()
        .iter()
        .map(|step| match step {
            Step::Activation(f) => f.into(),
            Step::Combine(operation, operand) => Chain::new().combine(*operation, operand.clone()),
            _ => Chain::new().add(x),
        })
        .collect();
    let mut values = vec![x.to_vec()];
    for step in &steps {
        values.push(engine.forward(step, &values[values.len() - 1])?);
    }
    let back = |grad: &[f32]| -> nonlin::Result<(Vec<f32>, Vec<Vec<f32>>)> {
        let (mut g, mut residual) = (grad.to_vec(), None::<Vec<f32>>);
        let mut operands = Vec::new();
        for ((step, one), v) in chain.steps().iter().zip(&steps).zip(&values).rev() {
            match step {
                Step::Residual => {
                    residual = Some(match residual {
                        Some(sum) => engine.forward(&Chain::new().add(&g), &sum)?,
                        None => g.clone(),
                    });
                }
                Step::Combine(_, Operand::Memory(..)) => {
                    let mut found = engine.gradients(one, v, &g, &[0])?;
                    g = found.input;
                    operands.append(&mut found.operands);
                }
                _ => g = engine.backward(one, v, &g)?,
            }
        }
        if let Some(residual) = residual {
            g = engine.forward(&Chain::new().add(&residual), &g)?;
        }
        operands.reverse();
        Ok((g, operands))
    };
    let (input, operands) = back(grad)?;
    Ok(Results {
        forward: values[steps.len()].clone(),
        derivative: back(&vec![1.0; x.len()])?.0,
        input,
        operands,
    })
}

/// How many results there are, for how many something is claimed, and for how many that is narrow.
#[derive(Clone, Copy, Default)]
struct Count {
    all: usize,
    claimed: usize,
    narrow: usize,
}

fn check_all(what: &str, got: &[f32], known: &[Known], count: &mut Count) -> Result<(), String> {
    if got.len() != known.len() {
        return Err(format!(
            "{what}: {} results, {} are right",
            got.len(),
            known.len()
        ));
    }
    for (i, (&got, known)) in got.iter().zip(known).enumerate() {
        count.all += 1;
        count.claimed += usize::from(known.claims());
        count.narrow += usize::from(known.is_narrow());
        if !known.allows(got) {
            return Err(format!(
                "{what}: element {i}: got {got:e}, which is not {known:?}"
            ));
        }
    }
    Ok(())
}

fn check(how: &str, got: &Results, known: &Expected) -> Result<Count, String> {
    let mut count = Count::default();
    check_all(
        &format!("{how} forward"),
        &got.forward,
        &known.forward,
        &mut count,
    )?;
    check_all(
        &format!("{how} derivative"),
        &got.derivative,
        &known.derivative,
        &mut count,
    )?;
    check_all(
        &format!("{how} gradient of the input"),
        &got.input,
        &known.input,
        &mut count,
    )?;
    for (place, (got, known)) in got.operands.iter().zip(&known.operands).enumerate() {
        check_all(
            &format!("{how} gradient of operand {place}"),
            got,
            known,
            &mut count,
        )?;
    }
    Ok(count)
}

fn results(engine: &dyn Engine, count: u32) -> Result<(), Failed> {
    let total = Cell::new(Count::default());
    let outcome = runner(count).run(&cases(), |case| {
        let found = judge(engine, &case).map_err(TestCaseError::fail)?;
        let mut sum = total.get();
        sum.all += found.all;
        sum.claimed += found.claimed;
        sum.narrow += found.narrow;
        total.set(sum);
        Ok(())
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, case)) => return Err(format!("{case:?}: {reason}").into()),
        Err(TestError::Abort(reason)) => return Err(format!("{reason}").into()),
    }
    let Count {
        all,
        claimed,
        narrow,
    } = total.get();
    let shares = format!(
        "of {all} results {claimed} have a range, {narrow} one of at most 2^-12 of the number"
    );
    println!("{}: {shares}", engine.description());
    if claimed as f64 >= LEAST_CLAIMED * all as f64 && narrow as f64 >= LEAST_NARROW * all as f64 {
        return Ok(());
    }
    Err(shares.into())
}

fn judge(engine: &dyn Engine, case: &Case) -> Result<Count, String> {
    let operands = case.operands();
    let chain = case.chain(&operands);
    let (x, grad) = case.inputs();
    let known = Judge::new(&chain, case.columns).expect(&x, &grad);
    let failed = |error: nonlin::Error| error.to_string();
    let got = fused(engine, &chain, &x, &grad).map_err(failed)?;
    let count = check("in one kernel:", &got, &known)?;
    let backward = engine.backward(&chain, &x, &grad).map_err(failed)?;
    check_all("backward", &backward, &known.input, &mut Count::default())?;
    let steps = stepwise(engine, &chain, &x, &grad).map_err(failed)?;
    check("step by step:", &steps, &known)?;
    Ok(count)
}

/// Random cases for tests of the judge.
fn sample(count: u32) -> Vec<Case> {
    let mut runner = runner(count);
    let strategy = cases();
    (0..count)
        .filter_map(|_| Some(strategy.new_tree(&mut runner).ok()?.current()))
        .collect()
}

/// The derivative of `f` at 0 with steps of `h`, with an error of the order `h⁸`.
fn difference(f: impl Fn(f64) -> f64, h: f64) -> f64 {
    [4.0 / 5.0, -1.0 / 5.0, 4.0 / 105.0, -1.0 / 280.0]
        .iter()
        .zip(1..)
        .map(|(weight, n)| weight * (f(h * f64::from(n)) - f(-h * f64::from(n))) / h)
        .sum()
}

/// The derivative of xielu is by definition that without its eps, which is meant to be tiny.
fn derivative_is_by_convention(step: &Step<'_>) -> bool {
    matches!(step, Step::Activation(Activation::Xielu { eps, .. }) if *eps < -1e-5)
}

/// The derivatives that the judge's ranges lie around, against differences of the values. Two step widths tell how good a difference is:
/// where they differ, the chain is not smooth there, and nothing is said.
fn finite_differences() -> Result<(), Failed> {
    let (mut sharp, mut all) = (0, 0);
    for case in sample(400) {
        let operands = case.operands();
        let chain = case.chain(&operands);
        if chain.steps().iter().any(derivative_is_by_convention) {
            continue;
        }
        let judge = Judge::new(&chain, case.columns);
        let (x, _) = case.inputs();
        for i in (0..x.len()).step_by(x.len().div_ceil(6)) {
            let x = f64::from(x[i]);
            if judge.at_a_jump(i, x) {
                continue;
            }
            let (_, derivative, by_operand) = judge.exact(i, x);
            let mut one = |what: &str, exact: f64, size: f64, f: &dyn Fn(f64) -> f64| {
                // Poles may lie at zero, so that steps are short beside the distance to it.
                let h = if size == 0.0 {
                    2e-5
                } else {
                    2e-3 * size.abs().min(1e2)
                };
                let (coarse, fine) = (difference(f, h), difference(f, 0.5 * h));
                let largest = (-8..=8)
                    .map(|n| f(h * f64::from(n) / 2.0).abs())
                    .fold(0.0, f64::max);
                // Terms within a step may be larger than its result.
                let noise = (1e-10 * largest + 1e-13) / h + 1e-12 * exact.abs();
                // At a kink the slopes of the two sides differ by as much at any step.
                let bend = |h: f64| ((f(h) - f(0.0)) + (f(-h) - f(0.0))) / h;
                let kink = (2.0 * bend(0.5 * h) - bend(h)).abs();
                let error = (coarse - fine).abs() + kink + noise;
                if !(error.is_finite() && exact.is_finite()) {
                    return Ok(());
                }
                all += 1;
                if error > 1e-4 * (exact.abs() + fine.abs()) + 1e-9 {
                    return Ok(());
                }
                sharp += 1;
                if (fine - exact).abs() > 4.0 * error {
                    return Err(format!(
                        "{case:?}: element {i}, {x:e}: {what} is {exact:e}, from differences {fine:e} ± {error:e}"
                    ));
                }
                Ok(())
            };
            one("the derivative", derivative, x, &|by| {
                judge.exact_forward(i, x + by, None)
            })?;
            for (place, ((broadcast, _), exact)) in chain.operands().zip(by_operand).enumerate() {
                let o = operands[place][judge.place(broadcast, i)];
                one(
                    &format!("that of operand {place}"),
                    exact,
                    f64::from(o),
                    &|by| judge.exact_forward(i, x, Some((place, by))),
                )?;
            }
        }
    }
    println!("{sharp} of {all} differences are sharp");
    if 5 * sharp < 3 * all {
        return Err(format!("only {sharp} of {all} differences are sharp").into());
    }
    Ok(())
}

/// Whether the judge notices that the results are not the chain's.
fn noticed(case: &Case, chain: &Chain<'_>, other: &Chain<'_>) -> Result<bool, Failed> {
    let (x, grad) = case.inputs();
    let known = Judge::new(chain, case.columns).expect(&x, &grad);
    Ok(check("", &fused(&Cpu::new(), other, &x, &grad)?, &known).is_err())
}

fn off_by_20_ulp() -> Result<(), Failed> {
    let wrong = 1.0 + 20.0 * f32::EPSILON;
    let x: Vec<f32> = (1..200).map(|i| i as f32 / 31.0 - 3.0).collect();
    let gate: Vec<f32> = x.iter().map(|x| x.cos()).collect();
    let fixed = [
        Chain::new().scale(0.3).then(Activation::gelu()).mul(&gate),
        Chain::new().add(&gate).then(Activation::silu()).residual(),
        Chain::new()
            .then(Activation::tanh())
            .div(&gate)
            .then(Activation::sigmoid()),
        Chain::new()
            .then(Activation::exp())
            .then(Activation::softplus())
            .sub(&gate),
    ];
    for chain in &fixed {
        let known = Judge::new(chain, 1).expect(&x, &gate);
        check(
            &chain.to_string(),
            &fused(&Cpu::new(), chain, &x, &gate)?,
            &known,
        )?;
        for after in 0..chain.steps().len() {
            let other = with_step(chain, after, Chain::new().scale(wrong));
            if check("", &fused(&Cpu::new(), &other, &x, &gate)?, &known).is_ok() {
                return Err(format!("{chain} may be {other}").into());
            }
        }
    }
    let (mut caught, mut all) = (0, 0);
    for case in sample(200) {
        let operands = case.operands();
        let chain = case.chain(&operands);
        let after = case.pick(chain.steps().len());
        all += 1;
        caught += usize::from(noticed(
            &case,
            &chain,
            &with_step(&chain, after, Chain::new().scale(wrong)),
        )?);
    }
    println!("a step off by 20 ULP is noticed in {caught} of {all} random chains");
    if 2 * caught < all {
        return Err(format!("only {caught} of {all} are noticed").into());
    }
    Ok(())
}

fn wrong_order() -> Result<(), Failed> {
    let (mut caught, mut all) = (0, 0);
    for case in sample(200) {
        let operands = case.operands();
        let mut reversed = operands.clone();
        let Some(long) = reversed.iter_mut().find(|operand| operand.len() > 2) else {
            continue;
        };
        long.reverse();
        all += 1;
        caught += usize::from(noticed(
            &case,
            &case.chain(&operands),
            &case.chain(&reversed),
        )?);
    }
    println!("an operand in the wrong order is noticed in {caught} of {all} random chains");
    if 10 * caught < 8 * all {
        return Err(format!("only {caught} of {all} are noticed").into());
    }
    Ok(())
}
