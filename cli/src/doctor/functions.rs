//! The functions that WGSL has built in, and the crate's own, against the reference.

use super::finding::{Finding, error_in_words};
use super::inputs::{Random, everywhere, nans};
use super::probe::{Operands, evaluate};
use crate::number::{grouped, shortest};
use crate::ulp::{self, Worst};
use nonlin::{Activation, Direction, Engine, Gpu};

/// Inputs of a sample.
const COUNT: usize = 1 << 13;
/// What the contract allows. A reduction whose constants were joined costs more than ten times as much.
const CODY_WAITE_ULP: f64 = 4.0;

/// A built-in function.
struct Builtin {
    id: &'static str,
    expression: &'static str,
    f: Activation,
    /// Where its error is counted.
    sample: Vec<f32>,
    /// Inputs where its value is known to go wrong altogether.
    specials: Vec<f32>,
}

/// The built-in functions, and exp as books have it.
pub fn findings(gpu: &Gpu) -> Vec<Finding> {
    let mut findings: Vec<Finding> = builtins()
        .into_iter()
        .map(|builtin| builtin.finding(gpu))
        .collect();
    let asked = "exp by Cody-Waite, plain";
    findings.push(match cody_waite(gpu, "exp_plain(a)") {
        Ok(worst) => {
            Finding::new("cody_waite_plain", asked, error_in_words(&worst)).with_error(&worst)
        }
        Err(error) => Finding::new(
            "cody_waite_plain",
            asked,
            format!("cannot be asked: {error}"),
        ),
    });
    findings
}

fn builtins() -> Vec<Builtin> {
    let mut random = Random::new(5);
    let mut sample = |low, high| -> Vec<f32> {
        let numbers = (0..COUNT).map(|_| random.log_uniform(low, high));
        numbers.collect()
    };
    let (mut small, wide) = (sample(1e-6, 88.0), sample(1e-37, 1e38));
    small.extend([1e-6, -1e-6, 1.8e-3]);
    let positive = |x: &[f32]| x.iter().map(|x| x.abs()).collect::<Vec<f32>>();
    let ends = [0.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN];
    let with_ends = |others: &[f32]| [&ends[..], others].concat();
    let near_one = sample(1e-4, 0.5).into_iter().map(|x| 1.0 + x);
    vec![
        Builtin {
            id: "builtin_tanh",
            expression: "tanh(a)",
            f: Activation::tanh(),
            specials: with_ends(&sweep(20.0, 200.0)),
            sample: small.clone(),
        },
        Builtin {
            id: "builtin_exp",
            expression: "exp(a)",
            f: Activation::exp(),
            sample: [&small[..], &sweep(1.0, 87.0)].concat(),
            specials: ends.to_vec(),
        },
        Builtin {
            id: "builtin_log",
            expression: "log(a)",
            f: Activation::log(),
            sample: near_one.chain(positive(&wide)).collect(),
            specials: with_ends(&[-1.0]),
        },
    ]
}

/// From `low` to `high` and the same below zero, in even steps.
fn sweep(low: f32, high: f32) -> Vec<f32> {
    let step = |i| low + (high - low) * i as f32 / COUNT as f32;
    (0..=COUNT).map(step).flat_map(|x| [x, -x]).collect()
}

impl Builtin {
    fn finding(&self, gpu: &Gpu) -> Finding {
        let x = [&self.sample[..], &self.specials].concat();
        let got = match evaluate(gpu, "", self.expression, &operands(&x)) {
            Ok(got) => got,
            Err(error) => {
                let answer = format!("cannot be asked: {error}");
                return Finding::new(self.id, self.expression, answer);
            }
        };
        let (worst, answer) = self.describe(&x, &got);
        Finding::new(self.id, self.expression, answer).with_error(&worst)
    }

    /// The largest error where the result is a number at least, and in words also where it is none.
    fn describe(&self, x: &[f32], got: &[f32]) -> (Worst, String) {
        let reference = |x: f32| self.f.reference(Direction::Forward, f64::from(x)) as f32;
        let is_wrong_nan = |i: &usize| got[*i].is_nan() && !reference(x[*i]).is_nan();
        let (nans, numbers): (Vec<usize>, Vec<usize>) = (0..x.len()).partition(is_wrong_nan);
        let judged = numbers.iter().filter(|i| **i < self.sample.len());
        let (judged_x, judged_got): (Vec<f32>, Vec<f32>) = judged.map(|&i| (x[i], got[i])).unzip();
        let worst = worst(&self.f, &judged_x, &judged_got);
        let mut answer = error_in_words(&worst);
        let nearest = nans
            .iter()
            .map(|&i| x[i])
            .min_by(|a, b| a.abs().total_cmp(&b.abs()));
        if let Some(nearest) = nearest {
            let (count, all) = (grouped(nans.len()), grouped(x.len()));
            let nearest = shortest(nearest);
            answer += &format!("; NaN at {count} of {all} inputs, the smallest {nearest}");
        }
        for i in numbers {
            let (got, want) = (got[i], reference(x[i]));
            let counted =
                i < self.sample.len() || x[i].is_finite() && want != 0.0 && !want.is_nan();
            if !counted && got != want && !(got.is_nan() && want.is_nan()) {
                answer += &format!("; {} at {}", shortest(got), shortest(x[i]));
            }
        }
        (worst, answer)
    }
}

/// The crate's own functions.
pub fn blocks(gpu: &Gpu) -> Vec<Finding> {
    let asked = "exp by Cody-Waite, laundered";
    let mut findings = vec![match cody_waite(gpu, "exp_laundered(a)") {
        Ok(worst) => within("cody_waite_laundered", asked, &worst, CODY_WAITE_ULP),
        Err(error) => Finding::new("cody_waite_laundered", asked, error).judged(false),
    }];
    let everywhere = everywhere(COUNT);
    let mut random = Random::new(6);
    let tail: Vec<f32> = (0..COUNT).map(|_| random.uniform(-14.5, -5.0)).collect();
    for (id, asked, f, x) in [
        ("exp", "exp", Activation::exp(), &everywhere),
        ("expm1", "expm1", Activation::expm1(), &everywhere),
        ("log", "log", Activation::log(), &everywhere),
        ("log1p", "log1p", Activation::log1p(), &everywhere),
        ("tanh", "tanh", Activation::tanh(), &everywhere),
        ("sigmoid", "sigmoid", Activation::sigmoid(), &everywhere),
        ("erf", "erf", Activation::erf(), &everywhere),
        (
            "gelu_tail",
            "gelu in [-14.5, -5]",
            Activation::gelu(),
            &tail,
        ),
    ] {
        findings.push(match gpu.forward_of(&f, x) {
            Ok(got) => within(
                id,
                asked,
                &worst(&f, x, &got),
                f64::from(f.metadata().forward_error.max_ulp),
            ),
            Err(error) => Finding::new(id, asked, error).judged(false),
        });
    }
    findings.push(nan_gives_nan(gpu));
    findings
}

/// Forward over a slice, with the error in words.
trait Forward {
    fn forward_of(&self, f: &Activation, x: &[f32]) -> Result<Vec<f32>, String>;
}

impl Forward for Gpu {
    fn forward_of(&self, f: &Activation, x: &[f32]) -> Result<Vec<f32>, String> {
        Engine::forward(self, f, x).map_err(|error| error.to_string())
    }
}

fn within(id: &'static str, asked: &str, worst: &Worst, bound: f64) -> Finding {
    let answer = format!("{} (allowed {bound})", error_in_words(worst));
    Finding::new(id, asked, answer)
        .with_error(worst)
        .judged(worst.ulp <= bound)
}

fn worst(f: &Activation, x: &[f32], got: &[f32]) -> Worst {
    let operands = ulp::Operands {
        f: &f.into(),
        direction: Direction::Forward,
        x,
        grad: None,
    };
    operands.worst_against(&ulp::Exact::Activation(f.referee()), &[got])[0]
}

fn cody_waite(gpu: &Gpu, expression: &str) -> Result<Worst, String> {
    const FUNCTIONS: &str = include_str!("../../shaders/doctor/cody_waite.wgsl");
    let x = sweep(0.0, 87.0);
    let got = evaluate(gpu, FUNCTIONS, expression, &operands(&x))?;
    Ok(worst(&Activation::exp(), &x, &got))
}

fn operands(x: &[f32]) -> Vec<Operands> {
    x.iter().map(|&x| [x, 0.0, 0.0]).collect()
}

/// Every function of the catalogue in every direction: a NaN among the operands comes out as NaN.
fn nan_gives_nan(gpu: &Gpu) -> Finding {
    let nans = nans();
    let ones = vec![1.0; nans.len()];
    let (mut kernels, mut wrong) = (0, Vec::new());
    for f in Activation::all() {
        for direction in Direction::ALL {
            if direction.from_output() && !f.has_derivative_from_output() {
                continue;
            }
            kernels += 1;
            let cases: &[(&[f32], Option<&[f32]>)] = if direction.takes_grad() {
                &[(&nans, Some(&ones)), (&ones, Some(&nans))]
            } else {
                &[(&nans, None)]
            };
            for (x, grad) in cases {
                let mut got = vec![0.0; x.len()];
                let computed = gpu.compute(&f, direction, x, *grad, &mut got);
                if let Err(error) = computed {
                    wrong.push(format!("{} {direction}: {error}", f.id()));
                } else if let Some(i) = got.iter().position(|y| !y.is_nan()) {
                    wrong.push(format!("{} {direction} gives {}", f.id(), shortest(got[i])));
                }
            }
        }
    }
    let answer = match wrong.first() {
        None => format!("{kernels} kernels"),
        Some(first) => format!("{} of {kernels} kernels, such as {first}", wrong.len()),
    };
    Finding::new("nan_gives_nan", "NaN in, NaN out", answer).judged(wrong.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_builtin_is_described_with_its_nan_and_its_wrong_values() {
        let builtin = &builtins()[0];
        let x = [&builtin.sample[..], &builtin.specials].concat();
        let exact: Vec<f32> = x.iter().map(|x| f64::from(*x).tanh() as f32).collect();
        assert_eq!(builtin.describe(&x, &exact).1, "0 ULP");
        let got = |x: &f32| match *x {
            x if x.abs() >= 89.0 => f32::NAN,
            0.0 => 3e-8,
            x if x.is_nan() => 1.0,
            x => f64::from(x).tanh() as f32,
        };
        let got: Vec<f32> = x.iter().map(got).collect();
        let (worst, text) = builtin.describe(&x, &got);
        assert_eq!(worst.ulp, 0.0);
        for part in ["NaN at ", "the smallest ", "3e-8 at 0", "1 at NaN"] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn an_error_above_the_bound_fails() {
        let off = Worst {
            share: 0.75,
            ulp: 3.0,
            x: 0.5,
            got: 1.0,
            want: 1.1,
        };
        assert_eq!(within("exp", "exp", &off, 4.0).passed, Some(true));
        let finding = within("exp", "exp", &off, 2.0);
        assert_eq!(finding.passed, Some(false));
        assert_eq!(finding.answer, "FAIL: 3 ULP at 0.5 (allowed 2)");
    }
}
