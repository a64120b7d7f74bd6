//! Custom functions: what may be written, what is refused and with which words, and what the engines make of it.

mod derivatives;
#[path = "../../examples/custom.rs"]
mod example;
mod refused;
mod results;
#[macro_use]
#[path = "../support/mod.rs"]
mod support;

use derivatives::*;
use libtest_mimic::{Completion, Failed, Trial};
use nonlin::{Activation, Direction, Gpu};
use refused::*;
use results::*;
use support::claims::{self, IntoCompletion};

/// x·σ(a·x) + b, of helpers, a structure, a constant, an alias and a loop; and the crate's own mathematics.
const SWOOSH: &str = "\
alias Parameters = vec4<f32>;
const ONE = 1.0; // fn in_a_comment(
struct Gate { open: f32, shut: f32 }
/* fn another( */
fn swoosh_derivative(x: f32, p: vec4<f32>) -> f32 {
    let g = gate(p.x * x);
    return g.open + p.x * x * g.open * g.shut;
}
fn gate(s: f32) -> Gate {
    let e = exp_value(exp_of(-min(abs(s), 100.0)));
    let quotient = select(e, ONE, s >= 0.0) / (ONE + e);
    return Gate(quotient, select(ONE, e, s >= 0.0) / (ONE + e));
}
fn swoosh(x: f32, p: Parameters) -> f32 {
    var sum = 0.0;
    for (var i = 0; i < 4; i++) { sum += 0.25; }
    return sum * x * gate(p.x * x).open + p.y;
}
";

fn swoosh(parameters: &[f32]) -> Activation {
    Activation::custom("swoosh", SWOOSH, parameters).expect("the text is right")
}

/// A function with this body, and a derivative.
fn with_body(body: &str) -> String {
    format!(
        "fn f(x: f32, p: vec4<f32>) -> f32 {{ {body} }}\nfn f_derivative(x: f32, p: vec4<f32>) -> f32 {{ return 1.0; }}"
    )
}

fn expect(condition: bool, what: impl std::fmt::Display) -> Result<(), Failed> {
    if condition {
        Ok(())
    } else {
        Err(what.to_string().into())
    }
}

fn it_is_an_activation_like_the_others() -> Result<(), Failed> {
    let f = swoosh(&[2.0, -0.5]);
    assert_eq!(f.to_string(), "swoosh(2, -0.5)");
    assert_eq!(swoosh(&[]).to_string(), "swoosh");
    assert_eq!((f.id(), f.metadata().family.name()), ("swoosh", "custom"));
    assert_eq!(f.parameters(), [2.0, -0.5]);
    assert_eq!(f.shader_constants(), [2.0, -0.5, 0.0, 0.0]);
    assert!(f.reference(Direction::Forward, 1.0).is_nan());
    assert!(f.kinks().is_empty() && !f.has_derivative_from_output());
    assert!("swoosh".parse::<Activation>().is_err());
    assert!(Activation::all().iter().all(|known| known.id() != "swoosh"));
    // One text, one definition; other values or another text make another function.
    assert_eq!(f, swoosh(&[2.0, -0.5]));
    assert_ne!(f, swoosh(&[2.0]));
    let (one, two) = (swoosh(&[1.0]), swoosh(&[2.0]));
    assert!(std::ptr::eq(one.wgsl(), two.wgsl()));
    let other = Activation::custom("swoosh", &format!("{SWOOSH}// other\n"), &[1.0])?;
    assert_ne!(one, other);
    assert!(one.wgsl() != other.wgsl());
    let Activation::Custom(custom) = one else {
        return Err("no custom function".into());
    };
    assert_eq!(Activation::from(custom.with_parameters(&[2.0])?), two);
    assert_eq!(
        (custom.name(), custom.source(), custom.parameters()),
        ("swoosh", SWOOSH, &[1.0][..])
    );
    Ok(())
}

/// The functions of the crate's mathematics in the documents, with an argument for each.
const DOCUMENTED: &[(&str, &str)] = &[
    ("exp_any", "exp_any(x)"),
    ("expm1_any", "expm1_any(x)"),
    ("expm1_nonpositive", "expm1_nonpositive(x)"),
    ("log_any", "log_any(x)"),
    ("log1p_any", "log1p_any(x)"),
    ("log1p_unit", "log1p_unit(x)"),
    ("tanh_nonnegative", "tanh_nonnegative(x)"),
    ("erf_nonnegative", "erf_nonnegative(x)"),
    ("exp_of", "exp_of(x).p"),
    ("exp_value", "exp_value(exp_of(x))"),
    ("exp_times", "exp_times(exp_of(x), p.x)"),
    ("pow2", "pow2(i32(x))"),
    ("times_pow2", "times_pow2(x, 3.0)"),
    ("copy_sign", "copy_sign(x, p.x)"),
    ("high_bits", "high_bits(x)"),
    ("launder", "launder(x)"),
    ("is_nan", "select(x, p.x, is_nan(x))"),
    ("nan_of", "nan_of(p.x, x)"),
    ("infinity", "infinity()"),
    ("nan", "nan()"),
];

fn the_documented_mathematics_can_be_called() -> Result<(), Failed> {
    let documents = include_str!("../../src/custom/mod.rs");
    let rows = documents.lines().filter(|line| line.starts_with("/// | `"));
    let documented: Vec<&str> = rows
        .flat_map(|row| row.split('|').nth(1).unwrap_or_default().split("`, `"))
        .map(|cell| {
            cell.trim()
                .trim_matches('`')
                .split('(')
                .next()
                .unwrap_or_default()
        })
        .collect();
    let listed: Vec<&str> = DOCUMENTED.iter().map(|(name, _)| *name).collect();
    expect(documented == listed, format!("documented: {documented:?}"))?;
    for (name, call) in DOCUMENTED {
        Activation::custom("f", &with_body(&format!("return {call};")), &[])
            .map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}

fn the_example_holds(_: &Gpu) -> Result<(), Failed> {
    Ok(example::main()?)
}

impl IntoCompletion for Result<(), Failed> {
    fn into_completion(self) -> Result<Completion, Failed> {
        self.map(|()| Completion::Completed)
    }
}

type Claim = fn() -> Result<(), Failed>;

fn main() {
    let alone: [(&str, Claim); 6] = [
        ("what_is_wrong_is_said", what_is_wrong_is_said),
        (
            "what_naga_refuses_has_its_place",
            what_naga_refuses_has_its_place,
        ),
        ("parameters_are_checked", parameters_are_checked),
        (
            "it_is_an_activation_like_the_others",
            it_is_an_activation_like_the_others,
        ),
        (
            "the_cpu_engine_says_that_it_cannot",
            the_cpu_engine_says_that_it_cannot,
        ),
        (
            "the_documented_mathematics_can_be_called",
            the_documented_mathematics_can_be_called,
        ),
    ];
    let mut trials: Vec<Trial> = alone
        .into_iter()
        .map(|(name, claim)| Trial::test(name, claim))
        .collect();
    trials.extend(claims::trials(claims![
        results_are_right,
        chains_hold_custom_functions,
        names_do_not_meet_in_a_kernel,
        nan_in_gives_nan_out,
        parameters_are_data,
        two_texts_of_one_name_are_two_functions,
        the_documented_errors_hold,
        derivatives_are_judged,
        one_percent_is_found_in_every_function,
        the_example_holds,
    ]));
    claims::run(trials);
}
