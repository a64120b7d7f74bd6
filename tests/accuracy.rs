//! Every function, in every direction, on every engine, is within the bound that its metadata states.
//!
//! `NONLIN_ACCURACY_REPORT=1 cargo test --test accuracy` prints the largest error of each trial and where it is.

mod support;

use libtest_mimic::{Arguments, Failed, Trial};
use nonlin::{Activation, Direction};
use rayon::prelude::*;
use std::sync::{Arc, LazyLock, Mutex, OnceLock};
use support::compare::{Judge, Worst};
use support::{Tested, compute, parameters, sample};

/// Log-uniform inputs at standard parameters, and as many linear ones.
const INPUTS: usize = 1 << 20;
/// The same for each other set of parameters.
const INPUTS_PER_SET: usize = 1 << 13;
/// Inputs of a backward trial.
const INPUTS_BACKWARD: usize = 1 << 15;

static SAMPLE: LazyLock<Arc<[f32]>> = LazyLock::new(|| with_specials(INPUTS));
static SMALL_SAMPLE: LazyLock<Arc<[f32]>> = LazyLock::new(|| with_specials(INPUTS_PER_SET));
static REPORT: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn with_specials(count: usize) -> Arc<[f32]> {
    let mut x = sample::inputs(count);
    x.extend(sample::special_inputs());
    x.into()
}

fn main() -> std::process::ExitCode {
    let arguments = Arguments::from_args();
    let subjects = support::subjects();
    let mut trials = Vec::new();
    for f in Activation::all() {
        for direction in support::directions(&f).filter(|direction| !direction.takes_grad()) {
            let case = Arc::new(Case::new(f.clone(), direction));
            for subject in &subjects {
                let (case, name) = (case.clone(), subject.name().to_owned());
                let claim = format!("{}::{direction}", f.id());
                trials.push(subject.trial(&claim, move |tested| case.run(tested, &name)));
            }
        }
        for direction in support::directions(&f).filter(|direction| direction.takes_grad()) {
            for subject in &subjects {
                let f = f.clone();
                let claim = format!("{}::{direction}", f.id());
                trials.push(subject.trial(&claim, move |tested| backward(tested, &f, direction)));
            }
        }
        trials.extend(other_parameters(&f, &subjects));
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    let mut report = REPORT.lock().map(|r| r.clone()).unwrap_or_default();
    report.sort();
    report.iter().for_each(|line| println!("{line}"));
    conclusion.exit_code()
}

/// One function and direction with its inputs and what is wanted, computed once for all engines.
struct Case {
    f: Activation,
    direction: Direction,
    small: bool,
    reference: OnceLock<(Arc<[f32]>, Vec<f64>)>,
}

impl Case {
    fn new(f: Activation, direction: Direction) -> Self {
        Self {
            f,
            direction,
            small: false,
            reference: OnceLock::new(),
        }
    }

    fn bound(&self) -> f64 {
        f64::from(self.f.metadata().bound(self.direction))
    }

    fn reference(&self) -> &(Arc<[f32]>, Vec<f64>) {
        self.reference.get_or_init(|| {
            let sample = if self.small { &*SMALL_SAMPLE } else { &*SAMPLE };
            let referee = self.f.referee();
            let mut x = sample.clone();
            if self.direction.from_output() {
                x = outputs(&self.f, sample);
            } else if let kinks @ [_, ..] = &self.f.kinks()[..] {
                let around = kinks
                    .iter()
                    .flat_map(|&(k, _)| [k, k.next_up(), k.next_down()]);
                x = sample.iter().copied().chain(around).collect();
            }
            let value = |&x: &f32| referee.value(self.direction, f64::from(x));
            let want = x.par_iter().with_min_len(4096).map(value).collect();
            (x, want)
        })
    }

    fn run(&self, tested: &Tested, name: &str) -> Result<(), Failed> {
        let worst = self.check(tested)?;
        if std::env::var_os("NONLIN_ACCURACY_REPORT").is_some() {
            let Worst { error, x, .. } = worst;
            let line = format!(
                "{:<28} {:<23} {name:<24} {error:6.2} ULP at {x:e}",
                self.f.to_string(),
                self.direction.to_string()
            );
            REPORT.lock().map_err(|e| e.to_string())?.push(line);
        }
        Ok(())
    }

    fn check(&self, tested: &Tested) -> Result<Worst, Failed> {
        let (x, want) = self.reference();
        let got = compute(tested, &self.f, self.direction, x, None)?;
        let judge = Judge::new(&self.f, self.direction, tested.flushes);
        Ok(judge.check(x, &got, want, self.bound())?)
    }
}

/// The values that the function takes, rounded to f32: what a network keeps of a forward pass.
fn outputs(f: &Activation, x: &[f32]) -> Arc<[f32]> {
    let referee = f.referee();
    x.par_iter()
        .with_min_len(4096)
        .map(|&x| referee.value(Direction::Forward, f64::from(x)) as f32)
        .filter(|y| !y.is_nan())
        .collect()
}

/// A trial for every engine and direction over the other parameters.
fn other_parameters(f: &Activation, subjects: &[support::Subject]) -> Vec<Trial> {
    let sets = parameters::sets(f);
    if sets.is_empty() {
        return Vec::new();
    }
    let mut trials = Vec::new();
    for direction in support::directions(f).filter(|direction| !direction.takes_grad()) {
        let cases: Arc<Vec<Case>> = Arc::new(
            sets.iter()
                .map(|set| Case {
                    small: true,
                    ..Case::new(set.clone(), direction)
                })
                .collect(),
        );
        for subject in subjects {
            let (cases, name) = (cases.clone(), subject.name().to_owned());
            let claim = format!("{}::{direction}::other_parameters", f.id());
            trials.push(subject.trial(&claim, move |tested| {
                let failures: Vec<String> = cases
                    .iter()
                    .filter_map(|case| case.run(tested, &name).err()?.message().map(str::to_owned))
                    .collect();
                if failures.is_empty() {
                    return Ok(());
                }
                let (bad, all) = (failures.len(), cases.len());
                Err(format!(
                    "{bad} of {all} parameter sets fail:\n{}",
                    failures.join("\n")
                )
                .into())
            }));
        }
    }
    trials
}

/// `backward` is the gradient times the engine's own derivative, bit for bit where all three are normal numbers; a zero wins over
/// an infinity and NaN over everything.
fn backward(tested: &Tested, f: &Activation, direction: Direction) -> Result<(), Failed> {
    let plain = match direction {
        Direction::Backward => Direction::Derivative,
        _ => Direction::DerivativeFromOutput,
    };
    let mut operand = with_specials(INPUTS_BACKWARD);
    if direction.from_output() {
        operand = outputs(f, &operand);
    }
    let mut random = sample::Random::new(3);
    let special_grads = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::MAX,
        f32::NAN,
    ];
    let (mut x, mut grad) = (operand.to_vec(), Vec::new());
    grad.extend(x.iter().map(|_| match random.bits() % 4 {
        0 => random.pick(&special_grads),
        1 => random.log_uniform(),
        _ => random.normal(),
    }));
    let specials = &operand[operand.len() - operand.len() / 32..];
    for &g in &special_grads {
        x.extend(specials);
        grad.extend(specials.iter().map(|_| g));
    }
    for nan in sample::nans() {
        x.extend([nan, nan, nan, 1.0, -1.0, 0.5]);
        grad.extend([1.0, 0.0, f32::INFINITY, nan, nan, nan]);
    }
    let derivative = compute(tested, f, plain, &x, None)?;
    let got = compute(tested, f, direction, &x, Some(&grad))?;
    for (((&x, &g), &d), &got) in x.iter().zip(&grad).zip(&derivative).zip(&got) {
        let product = g * d;
        let zero = got == 0.0;
        let right = if g.is_nan() || d.is_nan() {
            got.is_nan()
        } else if product.is_nan() || product == 0.0 {
            zero
        } else {
            // A factor or a product that is subnormal may be flushed, and at the edge it may be rounded before or after.
            let subnormal =
                g.is_subnormal() || d.is_subnormal() || product.abs() <= f32::MIN_POSITIVE;
            got.to_bits() == product.to_bits() || (subnormal && zero)
        };
        if !right {
            let bits = [x, g, d, got, product].map(f32::to_bits);
            return Err(format!(
                "{f} {direction}: at {x:e} with gradient {g:e} and derivative {d:e}: got {got:e}, want {product:e} \
                 or 0 for 0 times infinity (bits {bits:#010x?})"
            )
            .into());
        }
    }
    Ok(())
}
