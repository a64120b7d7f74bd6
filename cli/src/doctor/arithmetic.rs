//! What the adapter makes of single operations: each question has a few answers that adapters are known to give.

use super::finding::{Finding, ulps};
use super::inputs::{Random, nans};
use super::probe::{Operands, evaluate};
use crate::number::shortest;
use nonlin::Gpu;

/// An expression, and what it may give.
struct Question {
    id: &'static str,
    asked: &'static str,
    expression: &'static str,
    operands: Vec<Operands>,
    /// The first one is what IEEE 754 says, with an operation for each operator.
    answers: &'static [Answer],
}

/// The answer in words, and what it means for the expression.
type Answer = (&'static str, fn(f32, f32, f32) -> f32);

/// What the adapter does, for better or worse.
pub fn findings(gpu: &Gpu) -> Vec<Finding> {
    let rounded = rounded().into_iter().map(|asked| asked.finding(gpu));
    let questions = questions().into_iter().map(|question| question.ask(gpu));
    rounded.chain(questions).collect()
}

/// What the crate builds on.
pub fn blocks(gpu: &Gpu) -> Vec<Finding> {
    let judge = |question: Question| {
        let finding = question.ask(gpu);
        let passed = finding.answer == question.answers[0].0;
        finding.judged(passed)
    };
    foundations().into_iter().map(judge).collect()
}

fn questions() -> Vec<Question> {
    let nan_or_number = || with_first(&[&nans()[..], &[0.0, 1.0, -1.0, f32::INFINITY]].concat());
    let specials = || with_first(&[f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 1.0]);
    vec![
        Question {
            id: "fma",
            asked: "fma(a, b, c)",
            expression: "fma(a, b, c)",
            operands: products(),
            answers: &[
                ("fused", f32::mul_add),
                ("not fused: a*b is rounded", |a, b, c| a * b + c),
            ],
        },
        Question {
            id: "contraction",
            asked: "a*b + c",
            expression: "a * b + c",
            operands: products(),
            answers: &[
                ("two roundings", |a, b, c| a * b + c),
                ("contracted to fma", f32::mul_add),
            ],
        },
        Question {
            id: "sum_minus_operand",
            asked: "(a + b) - a",
            expression: "(a + b) - a",
            operands: sums(),
            answers: &[
                ("as written", |a, b, _| (a + b) - a),
                ("rewritten to b", |_, b, _| b),
            ],
        },
        Question {
            id: "constants",
            asked: "(a + c1) + c2, constants",
            expression: "(a + 1048576.0) + -1048575.0",
            operands: sums(),
            answers: &[
                ("as written", |a, _, _| (a + 1_048_576.0) + -1_048_575.0),
                ("rewritten to a + (c1 + c2)", |a, _, _| a + 1.0),
            ],
        },
        Question {
            id: "constant_summand",
            asked: "(a + b) + c, constant",
            expression: "(a + b) + 1.0",
            operands: sums(),
            answers: &[
                ("as written", |a, b, _| (a + b) + 1.0),
                ("rewritten to (a + c) + b", |a, b, _| (a + 1.0) + b),
                ("rewritten to a + (b + c)", |a, b, _| a + (b + 1.0)),
            ],
        },
        Question {
            id: "constant_factor",
            asked: "(a * b) * c, constant",
            expression: "(a * b) * 0x1.99999ap-4f",
            operands: products(),
            answers: &[
                ("as written", |a, b, _| (a * b) * 0.1),
                ("rewritten to (a * c) * b", |a, b, _| (a * 0.1) * b),
                ("rewritten to a * (b * c)", |a, b, _| a * (b * 0.1)),
            ],
        },
        Question {
            id: "constant_divisor",
            asked: "a / c, constant",
            expression: "a / 3.0",
            operands: sums(),
            answers: &[
                ("correctly rounded", |a, _, _| a / 3.0),
                ("rewritten to a * (1/c)", |a, _, _| a * (1.0 / 3.0)),
            ],
        },
        Question {
            id: "nan_by_comparison",
            asked: "a != a as a NaN test",
            expression: "select(0.0, 1.0, a != a)",
            operands: nan_or_number(),
            answers: &[
                ("works", |a, _, _| f32::from(a.is_nan())),
                ("folded to false", |_, _, _| 0.0),
            ],
        },
        Question {
            id: "infinity_by_comparison",
            asked: "a > largest f32",
            expression: "select(0.0, 1.0, a > 0x1.fffffep+127f)",
            operands: with_first(&[f32::INFINITY, f32::NEG_INFINITY, f32::MAX, 1.0]),
            answers: &[
                ("works", |a, _, _| f32::from(a == f32::INFINITY)),
                ("folded to false", |_, _, _| 0.0),
            ],
        },
        Question {
            id: "max_of_nan",
            asked: "max(NaN, 0)",
            expression: "max(a, 0.0)",
            operands: with_first(&nans()),
            answers: &[("0", |_, _, _| 0.0), ("NaN", |a, _, _| a)],
        },
        Question {
            id: "clamp_of_nan",
            asked: "clamp(NaN, -1, 1)",
            expression: "clamp(a, -1.0, 1.0)",
            operands: with_first(&nans()),
            answers: &[
                ("-1", |_, _, _| -1.0),
                ("NaN", |a, _, _| a),
                ("1", |_, _, _| 1.0),
            ],
        },
        Question {
            id: "difference_with_itself",
            asked: "a - a for ±inf, NaN",
            expression: "a - a",
            operands: specials(),
            answers: &[("NaN", |a, _, _| a * 0.0), ("folded to 0", |_, _, _| 0.0)],
        },
        Question {
            id: "product_with_zero",
            asked: "a * 0 for ±inf, NaN",
            expression: "a * 0.0",
            operands: specials(),
            answers: &[("NaN", |a, _, _| a * 0.0), ("folded to 0", |_, _, _| 0.0)],
        },
        Question {
            id: "overflow",
            asked: "a * b beyond the largest f32",
            expression: "a * b",
            operands: vec![[3e38, 2.0, 0.0], [-3e38, 2.0, 0.0], [1e30, 1e30, 0.0]],
            answers: &[
                ("±inf", |a, b, _| a * b),
                ("the largest number", |a, _, _| f32::MAX.copysign(a)),
            ],
        },
        Question {
            id: "division_by_zero",
            asked: "±1 / 0, 0 / 0",
            expression: "a / b",
            operands: vec![[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
            answers: &[
                ("±inf, NaN", |a, b, _| a / b),
                ("the largest number, 0", |a, _, _| {
                    if a == 0.0 { 0.0 } else { f32::MAX.copysign(a) }
                }),
            ],
        },
        Question {
            id: "round",
            asked: "round(a) of halves",
            expression: "round(a)",
            operands: with_first(&[0.5, -0.5, 1.5, 2.5, -2.5, -3.5, 8_388_606.5, 2.4, -2.6]),
            answers: &[
                ("to even", |a, _, _| a.round_ties_even()),
                ("away from 0", |a, _, _| a.round()),
                ("up", |a, _, _| (a + 0.5).floor()),
            ],
        },
        Question {
            id: "subnormal_copies",
            asked: "subnormals read and written",
            expression: "a",
            operands: with_first(&SUBNORMALS),
            answers: &KEPT_OR_FLUSHED,
        },
        Question {
            id: "subnormal_inputs",
            asked: "subnormal operand of a product",
            expression: "a * 16777216.0",
            operands: with_first(&SUBNORMALS),
            answers: &[
                ("kept", |a, _, _| a * 16_777_216.0),
                ("flushed to 0", |_, _, _| 0.0),
            ],
        },
        Question {
            id: "subnormal_results",
            asked: "subnormal product",
            expression: "a * b",
            operands: vec![
                [1.5e-38, 0.25, 0.0],
                [-4e-38, 0.1, 0.0],
                [1e-20, 1e-22, 0.0],
            ],
            answers: &[("kept", |a, b, _| a * b), ("flushed to 0", |_, _, _| 0.0)],
        },
        Question {
            id: "subnormal_differences",
            asked: "subnormal difference",
            expression: "a - b",
            operands: vec![[1.5e-38, 1.2e-38, 0.0], [-1.3e-38, -2e-38, 0.0]],
            answers: &[("kept", |a, b, _| a - b), ("flushed to 0", |_, _, _| 0.0)],
        },
    ]
}

fn foundations() -> Vec<Question> {
    vec![
        Question {
            id: "launder_two_sum",
            asked: "two-sum, laundered",
            expression: "b - (launder(a + b) - a)",
            operands: sums(),
            answers: &[
                ("exact", |a, b, _| b - ((a + b) - a)),
                ("folded to 0", |_, _, _| 0.0),
            ],
        },
        Question {
            id: "launder_constants",
            asked: "(a + c1) + c2, laundered",
            expression: "launder(a + 1048576.0) + -1048575.0",
            operands: sums(),
            answers: &[
                ("as written", |a, _, _| (a + 1_048_576.0) + -1_048_575.0),
                ("rewritten to a + (c1 + c2)", |a, _, _| a + 1.0),
            ],
        },
        Question {
            id: "nan_by_bits",
            asked: "NaN test by bits",
            expression: "select(0.0, 1.0, (bitcast<u32>(a) & 0x7fffffffu) > 0x7f800000u)",
            operands: with_first(
                &[&nans()[..], &[0.0, 1.0, f32::INFINITY, f32::NEG_INFINITY]].concat(),
            ),
            answers: &[
                ("works", |a, _, _| f32::from(a.is_nan())),
                ("folded to false", |_, _, _| 0.0),
            ],
        },
        Question {
            id: "infinity_by_bits",
            asked: "infinity made of bits",
            expression: "bitcast<f32>(0x7f800000u ^ params.zero)",
            operands: with_first(&[0.0]),
            answers: &[("works", |_, _, _| f32::INFINITY)],
        },
    ]
}

const SUBNORMALS: [f32; 4] = [1e-38, -1e-40, 1e-44, -1e-45];

const KEPT_OR_FLUSHED: [Answer; 2] = [("kept", |a, _, _| a), ("flushed to 0", |_, _, _| 0.0)];

impl Question {
    fn ask(&self, gpu: &Gpu) -> Finding {
        let answer = match evaluate(gpu, "", self.expression, &self.operands) {
            Ok(got) => self.answer(&got),
            Err(error) => format!("cannot be asked: {error}"),
        };
        Finding::new(self.id, self.asked, answer)
    }

    /// The answer that fits all results, or else what came out instead.
    fn answer(&self, got: &[f32]) -> String {
        let fits = |(_, value): &Answer, (&[a, b, c], &got): (&Operands, &f32)| {
            let want = value(a, b, c);
            got == want || (got.is_nan() && want.is_nan())
        };
        let results = || self.operands.iter().zip(got);
        for answer in self.answers {
            if results().all(|result| fits(answer, result)) {
                return answer.0.to_owned();
            }
        }
        if self.operands.len() > 4 {
            let wrong: Vec<_> = results()
                .filter(|result| !fits(&self.answers[0], *result))
                .collect();
            let first = wrong.first().map_or_else(String::new, |(operands, got)| {
                let operands = operands.map(shortest).join(", ");
                format!(", such as {} for ({operands})", shortest(**got))
            });
            let (text, count, all) = (self.answers[0].0, wrong.len(), got.len());
            return format!("not \"{text}\" in {count} of {all}{first}");
        }
        let each = results().map(|([a, ..], got)| format!("{} → {}", shortest(*a), shortest(*got)));
        each.collect::<Vec<_>>().join(", ")
    }
}

/// Operations that IEEE 754 rounds correctly, with the exact value: f64 has more than twice the digits, so that rounding it
/// again to f32 changes nothing.
struct Rounded {
    id: &'static str,
    expression: &'static str,
    operands: Vec<Operands>,
    exact: fn(f64, f64) -> f64,
}

fn rounded() -> Vec<Rounded> {
    let mut random = Random::new(2);
    let mut pairs: Vec<Operands> = Vec::new();
    // Far enough from the ends that no result is subnormal.
    pairs.extend((0..8192).map(|_| {
        let mut draw = || random.log_uniform(1e-18, 1e18);
        [draw(), draw(), 0.0]
    }));
    let positive = || pairs.iter().map(|[a, ..]| [a.abs(), 0.0, 0.0]).collect();
    vec![
        Rounded {
            id: "division",
            expression: "a / b",
            exact: |a, b| a / b,
            operands: pairs.clone(),
        },
        Rounded {
            id: "reciprocal",
            expression: "1.0 / a",
            exact: |a, _| 1.0 / a,
            operands: pairs.clone(),
        },
        Rounded {
            id: "sqrt",
            expression: "sqrt(a)",
            exact: |a, _| a.sqrt(),
            operands: positive(),
        },
    ]
}

impl Rounded {
    fn finding(&self, gpu: &Gpu) -> Finding {
        let results = match evaluate(gpu, "", self.expression, &self.operands) {
            Ok(results) => results,
            Err(error) => {
                let answer = format!("cannot be asked: {error}");
                return Finding::new(self.id, self.expression, answer);
            }
        };
        let errors = self.operands.iter().zip(&results).map(|(operands, &got)| {
            let [a, b, _] = operands.map(f64::from);
            (distance(got, (self.exact)(a, b) as f32), operands)
        });
        let worst = errors.max_by_key(|(ulp, _)| *ulp);
        let (ulp, &[a, b, _]) = worst.unwrap_or((0, &[0.0; 3]));
        let answer = if ulp == 0 {
            "correctly rounded".to_owned()
        } else {
            let ulp = ulps(f64::from(ulp));
            format!("{ulp} ULP at a = {}, b = {}", shortest(a), shortest(b))
        };
        Finding {
            max_ulp: Some(f64::from(ulp)),
            at: (ulp > 0).then_some(a),
            ..Finding::new(self.id, self.expression, answer)
        }
    }
}

/// How many numbers further on `got` is. A NaN is beyond every number.
fn distance(got: f32, want: f32) -> u32 {
    if got.is_nan() != want.is_nan() {
        return u32::MAX;
    }
    let place = |value: f32| {
        let magnitude = i64::from(value.to_bits() & 0x7fff_ffff);
        if value < 0.0 { -magnitude } else { magnitude }
    };
    u32::try_from((place(got) - place(want)).abs()).unwrap_or(u32::MAX)
}

fn with_first(a: &[f32]) -> Vec<Operands> {
    a.iter().map(|&a| [a, 0.0, 0.0]).collect()
}

/// Factors and a summand that takes the rounded product away: what is left of it tells one rounding from two.
fn products() -> Vec<Operands> {
    let mut random = Random::new(3);
    let operands = (0..256).map(|_| {
        let mut draw = || random.uniform(1.0, 2.0);
        let (a, b) = (draw(), draw());
        [a, b, -(a * b)]
    });
    operands.collect()
}

/// Summands of which the second loses digits.
fn sums() -> Vec<Operands> {
    let mut random = Random::new(4);
    let operands = (0..256).map(|_| [random.uniform(1.0, 2.0), random.uniform(0.0, 0.01), 0.0]);
    operands.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = Question> {
        questions().into_iter().chain(foundations())
    }

    #[test]
    fn each_answer_is_recognised() {
        for question in all() {
            for (text, value) in question.answers {
                let got = question.operands.iter().map(|&[a, b, c]| value(a, b, c));
                let got: Vec<f32> = got.collect();
                assert_eq!(question.answer(&got), *text, "{}", question.id);
            }
        }
    }

    #[test]
    fn an_answer_that_nobody_knows_is_shown() {
        for question in all() {
            let got = vec![42.5; question.operands.len()];
            let answer = question.answer(&got);
            assert!(answer.contains("42.5"), "{}: {answer}", question.id);
        }
    }

    #[test]
    fn distance_counts_the_numbers_between() {
        assert_eq!(distance(1.0, 1.0_f32.next_up()), 1);
        assert_eq!(distance(-0.0, 0.0), 0);
        assert_eq!(distance(f32::from_bits(1), -f32::from_bits(1)), 2);
        assert_eq!(distance(f32::NAN, 1.0), u32::MAX);
    }
}
