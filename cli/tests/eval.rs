//! `nonlin eval` on the engines that every machine has.

mod common;

use common::{nonlin, nonlin_reading};

const ENGINES: [&str; 2] = ["cpu", "reference"];

#[test]
fn values_are_shortest_decimals() {
    for engine in ENGINES {
        let run = nonlin(&[
            "eval", "relu", "--engine", engine, "--", "-3", "0.1", "1e-6", "nan", "inf", "1e20",
        ]);
        assert_eq!(
            run.lines(),
            ["0", "0.1", "1e-6", "NaN", "inf", "1e20"],
            "{engine}"
        );
    }
}

#[test]
fn gelu_of_minus_ten_keeps_its_digits() {
    for engine in ENGINES {
        let run = nonlin(&["eval", "gelu", "--engine", engine, "--", "-10"]);
        let value: f32 = run.lines()[0].parse().expect("a number");
        let ulps = value.to_bits().abs_diff((-7.619853e-23_f32).to_bits());
        assert!(ulps <= 4, "{engine}: {value:e}");
    }
}

#[test]
fn parameters_are_understood() {
    for engine in ENGINES {
        for f in [
            "leaky_relu(slope=0.25)",
            "leaky_relu(0.25)",
            "LeakyReLU(0.25)",
        ] {
            let run = nonlin(&["eval", f, "--engine", engine, "--", "-4", "4"]);
            assert_eq!(run.lines(), ["-1", "4"], "{f} on {engine}");
        }
    }
}

#[test]
fn derivatives_are_of_the_input_or_of_the_output() {
    for engine in ENGINES {
        let run = nonlin(&[
            "eval",
            "leaky_relu",
            "--derivative",
            "--engine",
            engine,
            "--",
            "-1",
            "0",
            "1",
        ]);
        assert_eq!(run.lines(), ["0.01", "0.01", "1"], "{engine}");
        let run = nonlin(&[
            "eval",
            "relu",
            "--from-output",
            "--engine",
            engine,
            "0",
            "2",
        ]);
        assert_eq!(run.lines(), ["0", "1"], "{engine}");
    }
}

#[test]
fn numbers_come_from_standard_input_where_none_are_given() {
    let run = nonlin_reading(&["eval", "relu", "--engine", "cpu"], "-1 2\n\t3\n\nnan 4");
    assert_eq!(run.lines(), ["0", "2", "3", "NaN", "4"]);
    let nothing = nonlin_reading(&["eval", "relu", "--engine", "cpu"], "");
    assert!(nothing.lines().is_empty());
}

#[test]
fn a_negative_number_needs_no_dashes_before_it() {
    let run = nonlin(&["eval", "leaky_relu(0.5)", "-2", "--engine", "cpu"]);
    assert_eq!(run.lines(), ["-1"]);
}

#[test]
fn bad_arguments_end_with_2() {
    for (arguments, word) in [
        (vec!["eval", "gelo", "1"], "gelu"),
        (vec!["eval", "leaky_relu(slope=-1)", "1"], "slope"),
        (vec!["eval", "leaky_relu(tilt=1)", "1"], "tilt"),
        (vec!["eval", "gelu", "--from-output", "1"], "output"),
        (vec!["eval", "relu", "one"], "one"),
        (vec!["eval", "relu", "--engine", "abacus", "1"], "abacus"),
        (
            vec!["eval", "relu", "--engine", "cpu", "--adapter", "x", "1"],
            "--adapter",
        ),
        (
            vec!["eval", "relu", "--derivative", "--from-output", "1"],
            "--from-output",
        ),
        (vec!["eval"], "FUNCTION"),
    ] {
        let run = nonlin(&arguments);
        assert!(run.complaint(2).contains(word), "{run:?}");
        assert!(run.out.is_empty());
    }
}

#[test]
fn a_word_on_standard_input_ends_with_1() {
    let run = nonlin_reading(&["eval", "relu", "--engine", "cpu"], "1 two");
    assert!(run.complaint(1).contains("two"));
}

#[test]
fn chains_are_understood() {
    for engine in ENGINES {
        let run = nonlin(&[
            "eval",
            "scale(0.5) | relu | offset(1)",
            "--engine",
            engine,
            "--",
            "1",
            "2",
            "-3",
            "nan",
        ]);
        assert_eq!(run.lines(), ["1.5", "2", "1", "NaN"], "{engine}");
        let run = nonlin(&[
            "eval",
            "leaky_relu(0.25) | scale(4) | residual | max(-1)",
            "--derivative",
            "--engine",
            engine,
            "--",
            "1",
            "-0.25",
            "-0.5",
            "-2",
        ]);
        // The third one is a tie with -1, and gets half of the gradient.
        assert_eq!(run.lines(), ["5", "2", "1", "0"], "{engine}");
    }
}

#[test]
fn a_chain_of_hard_functions_keeps_its_digits() {
    let values = ENGINES.map(|engine| {
        let chain = "scale(0.7) | gelu | offset(1) | tanh";
        let run = nonlin(&["eval", chain, "--engine", engine, "--", "0.3", "-4"]);
        let numbers = run.lines().into_iter().map(|line| line.parse::<f32>());
        numbers.collect::<Result<Vec<_>, _>>().expect("numbers")
    });
    for (cpu, exact) in values[0].iter().zip(&values[1]) {
        assert!((cpu - exact).abs() <= 8.0 * f32::EPSILON, "{cpu} {exact}");
    }
}

#[test]
fn bad_chains_end_with_2() {
    for (chain, words) in [
        ("scale(0.5) | gelo", "gelu"),
        ("relu | ", "cannot read"),
        ("scale", "scale(2)"),
        ("add(row[4])", "memory"),
        (&["relu"; 17].join("|"), "17 steps"),
    ] {
        let run = nonlin(&["eval", chain, "1"]);
        assert!(run.complaint(2).contains(words), "{run:?}");
    }
    let run = nonlin(&["eval", "relu | scale(2)", "--from-output", "1"]);
    assert!(
        run.complaint(2)
            .contains("a chain has no derivative from its output")
    );
}
