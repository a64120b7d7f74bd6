//! `nonlin doctor` on every adapter of this machine. Without an adapter these fail; NONLIN_TEST_NO_GPU=1 has them ignored.

mod common;

use common::{Run, json_lines, nonlin, on_an_adapter, program};
use libtest_mimic::{Arguments, Trial};
use serde_json::Value;
use std::sync::LazyLock;

/// One examination of every adapter, for all tests: it compiles some hundred kernels.
static ALL: LazyLock<Run> = LazyLock::new(|| nonlin(&["doctor", "--adapter", "all", "--json"]));

/// The reports, one for each adapter; never none.
fn reports() -> Vec<Value> {
    let run = &*ALL;
    let hint = "NONLIN_TEST_NO_GPU=1 leaves this out";
    assert_eq!(run.status, 0, "{}; {hint}\n{}", run.err, run.out);
    let reports = json_lines(&run.out);
    assert!(!reports.is_empty());
    reports
}

/// The reports of the adapters whose name holds `name`.
fn reports_of(name: &str) -> Vec<Value> {
    let named = |report: &Value| {
        let adapter = report["adapter"].as_str().expect("text");
        adapter.to_lowercase().contains(name)
    };
    reports().into_iter().filter(named).collect()
}

#[track_caller]
fn answers(report: &Value, expected: &[(&str, &str)]) {
    for (id, answer) in expected {
        let given = &report["findings"][id]["answer"];
        let (adapter, backend) = (&report["adapter"], &report["backend"]);
        assert_eq!(given, answer, "{id} on {adapter} through {backend}");
    }
}

#[track_caller]
fn ulp(report: &Value, id: &str) -> f64 {
    let ulp = report["findings"][id]["max_ulp"].as_f64();
    ulp.unwrap_or_else(|| panic!("{id} has no error: {report}"))
}

fn the_building_blocks_hold_everywhere() {
    for report in reports() {
        assert_eq!(report["passed"], true, "{report}");
        for id in [
            "launder_two_sum",
            "launder_constants",
            "nan_by_bits",
            "infinity_by_bits",
            "cody_waite_laundered",
            "exp",
            "expm1",
            "log",
            "log1p",
            "tanh",
            "sigmoid",
            "erf",
            "gelu_tail",
            "nan_gives_nan",
        ] {
            assert_eq!(report["findings"][id]["passed"], true, "{id}: {report}");
        }
        for id in ["exp", "expm1", "log", "log1p", "tanh", "sigmoid", "erf"] {
            assert!(ulp(&report, id) <= 4.0, "{id}: {report}");
        }
    }
}

fn nothing_is_left_unanswered() {
    let reports = reports();
    let ids = |report: &Value| -> Vec<String> {
        let findings = report["findings"].as_object().expect("an object");
        findings.keys().cloned().collect()
    };
    for report in &reports {
        assert_eq!(ids(report), ids(&reports[0]));
        for (id, finding) in report["findings"].as_object().expect("an object") {
            let answer = finding["answer"].as_str().expect("text");
            let asked = !answer.is_empty() && !answer.contains("cannot be asked");
            assert!(asked, "{id}: {finding}");
        }
    }
}

fn llvmpipe_is_known_to_rewrite_sums() {
    for report in reports_of("llvmpipe") {
        // Drivers learn: these are the facts of the version that they were found out on.
        if !report.to_string().contains("Mesa 22.3") {
            continue;
        }
        answers(
            &report,
            &[
                ("fma", "not fused: a*b is rounded"),
                ("sum_minus_operand", "rewritten to b"),
                ("constants", "rewritten to a + (c1 + c2)"),
                ("max_of_nan", "0"),
                ("difference_with_itself", "folded to 0"),
                ("product_with_zero", "folded to 0"),
                ("round", "to even"),
                ("division", "correctly rounded"),
                ("sqrt", "correctly rounded"),
                ("subnormal_inputs", "kept"),
                ("subnormal_results", "kept"),
            ],
        );
        if report["backend"] == "vulkan" {
            answers(&report, &[("nan_by_comparison", "folded to false")]);
        }
        assert!(ulp(&report, "cody_waite_plain") > 30.0, "{report}");
        assert!(ulp(&report, "builtin_tanh") > 1e5, "{report}");
    }
}

fn swiftshader_is_known_to_flush_subnormals() {
    for report in reports_of("swiftshader") {
        answers(
            &report,
            &[
                ("fma", "not fused: a*b is rounded"),
                ("sum_minus_operand", "as written"),
                ("nan_by_comparison", "folded to false"),
                ("product_with_zero", "folded to 0"),
                ("subnormal_inputs", "flushed to 0"),
                ("subnormal_results", "flushed to 0"),
            ],
        );
        assert!(ulp(&report, "cody_waite_plain") <= 2.0, "{report}");
        let tanh = &report["findings"]["builtin_tanh"]["answer"];
        assert!(tanh.as_str().is_some_and(|text| text.contains("NaN at ")));
    }
}

fn the_table_answers_each_question_in_a_line() {
    let run = nonlin(&["doctor"]);
    let lines = run.lines();
    for asked in ["driver", "fma(a, b, c)", "timestamps", "NaN in, NaN out"] {
        let found = lines.iter().filter(|line| line.starts_with(asked));
        assert_eq!(found.count(), 1, "{asked}:\n{}", run.out);
    }
}

fn an_adapter_that_is_not_there_is_an_error() {
    let run = nonlin(&["doctor", "--adapter", "nosuch"]);
    assert!(run.complaint(1).contains("\"nosuch\""));
}

fn without_an_adapter_the_advice_is_given() {
    // A backend that this system has no driver for.
    let foreign = if cfg!(windows) { "metal" } else { "dx12" };
    for arguments in [&["doctor"][..], &["doctor", "--adapter", "all", "--json"]] {
        let output = program(arguments).env("WGPU_BACKEND", foreign).output();
        let run = Run::from(output.expect("the program starts"));
        assert!(run.complaint(1).contains("setup.sh"), "{}", run.err);
        assert_eq!(run.out, "");
    }
}

fn main() {
    macro_rules! on_an_adapter {
        ($($check:ident),* $(,)?) => { vec![$(on_an_adapter(stringify!($check), $check)),*] };
    }
    let mut trials = on_an_adapter![
        the_building_blocks_hold_everywhere,
        nothing_is_left_unanswered,
        llvmpipe_is_known_to_rewrite_sums,
        swiftshader_is_known_to_flush_subnormals,
        the_table_answers_each_question_in_a_line,
        an_adapter_that_is_not_there_is_an_error,
    ];
    trials.push(Trial::test(
        "without_an_adapter_the_advice_is_given",
        || {
            without_an_adapter_the_advice_is_given();
            Ok(())
        },
    ));
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}
