//! The comparison, on made-up records.

use super::*;
use serde_json::json;

fn record(op: &str, compute_ms: f64, spread: f64) -> Value {
    json!({
        "op": op, "direction": "forward", "elements": 1024, "engine": "cpu", "threads": 2, "adapter": "some processor",
        "version": "0.1.0", "seed": 42, "upload_ms": null, "compute_ms": compute_ms, "total_ms": compute_ms, "gb_per_s": 1.0,
        "quartiles_ms": {"compute": [compute_ms * (1.0 - spread), compute_ms * (1.0 + spread)]},
    })
}

fn text(records: &[Value]) -> String {
    let lines = records.iter().map(|record| format!("{record}\n"));
    lines.collect()
}

fn compared(
    then: &[Value],
    now: &[Value],
    fail_above: Option<f64>,
) -> (String, Result<(), String>) {
    let earlier = Earlier {
        name: "earlier.json".to_owned(),
        run: Run::parse(&text(then)).expect("records"),
    };
    let mut out = Vec::new();
    let result = earlier.compare(now, fail_above, &mut out);
    let out = String::from_utf8(out).expect("text");
    // Table rows as they are; the last words are wrapped.
    let out = out.replace("\nOf ", "\n\u{0}Of ");
    let (rows, words) = out.split_once('\0').unwrap_or((&out, ""));
    let out = rows.to_owned() + &words.replace('\n', " ");
    (out, result.map_err(|failure| failure.to_string()))
}

fn line<'a>(text: &'a str, name: &str) -> &'a str {
    let mut lines = text.lines().filter(|line| line.starts_with(name));
    lines.next().unwrap_or_else(|| panic!("{name} in {text}"))
}

#[test]
fn what_changes_by_more_than_the_noise_is_told_and_nothing_else() {
    let then = ["relu", "gelu", "tanh", "elu"].map(|op| record(op, 1.0, 0.02));
    let now = [
        record("relu", 2.0, 0.02),
        record("gelu", 0.4, 0.02),
        record("tanh", 1.08, 0.02),
        record("elu", 1.5, 0.4),
    ];
    let (text, result) = compared(&then, &now, None);
    assert_eq!(result, Ok(()));
    let relu = line(&text, "relu forward, 1,024 elements, cpu, 2 threads");
    assert!(relu.contains("2.00") && relu.ends_with("slower"), "{relu}");
    assert!(relu.contains("1.81 to 2.21"), "{relu}");
    for (op, verdict) in [
        ("gelu", "faster"),
        ("tanh", "unchanged"),
        ("elu", "unchanged"),
    ] {
        assert!(line(&text, op).trim_end().ends_with(verdict), "{text}");
    }
    assert!(text.contains(
        "Of 4 times, 1 became slower and 1 faster by more than the noise, and 2 are unchanged"
    ));
    assert!(!text.contains("Warning") && !text.contains("Only in"));
    let order: Vec<usize> = ["relu", "elu", "tanh", "gelu"]
        .iter()
        .map(|op| text.find(&format!("\n{op}")).expect("a row"))
        .collect();
    assert!(order.is_sorted(), "the slowest first: {text}");
    assert!(compared(&then, &then, None).0.contains("4 are unchanged"));
}

#[test]
fn what_lies_between_measurements_of_the_same_is_noise() {
    let of = |op, ms: [f64; 3]| ms.map(|ms| record(op, ms, 0.0)).to_vec();
    let then = [of("relu", [1.0, 2.0, 3.0]), of("gelu", [1.0; 3])].concat();
    let now = [of("relu", [2.5, 6.0, 5.0]), of("gelu", [2.0; 3])].concat();
    let (text, _) = compared(&then, &now, None);
    let relu = line(&text, "relu");
    assert!(
        relu.contains("2.25") && relu.trim_end().ends_with("unchanged"),
        "{relu}"
    );
    assert!(line(&text, "gelu").trim_end().ends_with("slower"), "{text}");
    assert!(text.contains("Of 2 times, "), "{text}");
}

#[test]
fn only_what_is_slower_than_allowed_fails() {
    let (then, now) = ([record("relu", 1.0, 0.0)], [record("relu", 1.3, 0.0)]);
    assert_eq!(compared(&then, &now, Some(40.0)).1, Ok(()));
    let complaint = compared(&then, &now, Some(20.0)).1.expect_err("30 %");
    assert!(complaint.contains("1 of 1 times are longer by more than 20 %"));
    assert!(complaint.contains("relu forward") && complaint.contains("1.30 times"));
    let noisy = [record("relu", 1.3, 0.5)];
    assert_eq!(compared(&then, &noisy, Some(20.0)).1, Ok(()));
    assert_eq!(compared(&now, &then, Some(0.0)).1, Ok(()), "faster");
}

#[test]
fn rows_of_one_run_only_are_listed() {
    let (then, now) = (
        [record("relu", 1.0, 0.0), record("gelu", 1.0, 0.0)],
        [record("relu", 1.0, 0.0), record("elu", 1.0, 0.0)],
    );
    let (text, _) = compared(&then, &now, None);
    assert!(
        text.contains("Only in the earlier run:\n  gelu forward, 1,024 elements, cpu, 2 threads\n")
    );
    assert!(text.contains("Only in this run:\n  elu forward"), "{text}");
    let complaint = compared(&then[1..], &now, None)
        .1
        .expect_err("nothing in both");
    assert!(complaint.contains("no time in it was measured in this run"));
}

#[test]
fn other_circumstances_are_warned_of() {
    let (then, mut now) = ([record("relu", 1.0, 0.0)], [record("relu", 1.0, 0.0)]);
    now[0]["adapter"] = json!("other processor");
    now[0]["version"] = json!("0.2.0");
    let (text, _) = compared(&then, &now, None);
    assert!(text.contains("Warning: another device: then some processor, now other processor."));
    assert!(text.contains("Warning: another version of nonlin: then 0.1.0, now 0.2.0."));
    let mut silent = then.clone();
    silent[0]["adapter"] = Value::Null;
    let (text, _) = compared(&silent, &then, None);
    assert!(
        text.contains("Warning: the earlier run does not say on which device."),
        "{text}"
    );
}

#[test]
fn files_without_quartiles_get_a_noise_that_is_told() {
    let mut then = [record("relu", 1.0, 0.0), record("gelu", 1.0, 0.0)];
    for record in &mut then {
        record
            .as_object_mut()
            .expect("an object")
            .remove("quartiles_ms");
    }
    let now = [record("relu", 1.18, 0.0), record("gelu", 1.5, 0.0)];
    let (text, _) = compared(&then, &now, None);
    assert!(
        line(&text, "relu").trim_end().ends_with("unchanged"),
        "{text}"
    );
    assert!(line(&text, "gelu").trim_end().ends_with("slower"), "{text}");
    assert!(text.contains("so ±15 % is taken"));
}

#[test]
fn what_moves_all_times_may_be_the_machine() {
    let of = |ms| ["relu", "gelu", "tanh", "elu", "selu"].map(|op| record(op, ms, 0.0));
    let (text, _) = compared(&of(1.0), &of(1.5), None);
    assert!(
        text.contains("Nearly all times moved the same way"),
        "{text}"
    );
    assert!(!compared(&of(1.0), &of(1.0), None).0.contains("Nearly all"));
}

#[test]
fn all_kinds_of_measurement_are_compared() {
    let crossover = |call| json!({"op": "relu", "direction": "forward", "elements": 8, "cpu_ms": 1.0, "gpu_call_ms": call});
    let (text, _) = compared(&[crossover(1.0)], &[crossover(3.0)], None);
    let rows: Vec<&str> = text
        .lines()
        .filter(|l| l.starts_with("relu forward, 8 elements"))
        .collect();
    assert_eq!(rows.len(), 2, "{text}");
    assert!(
        rows[0].contains("gpu call") && rows[0].contains("3.00"),
        "{text}"
    );
}

#[test]
fn foreign_files_are_refused_with_the_line() {
    for (text, part) in [
        ("", "holds no record"),
        ("\n \n", "holds no record"),
        ("hello", "line 1 is no record"),
        ("[1]", "no object"),
        ("{\"op\": 3}", "\"op\" is missing"),
        (
            "{\"op\": \"relu\", \"direction\": \"forward\", \"elements\": -1}",
            "\"elements\"",
        ),
        (
            "{\"op\": \"relu\", \"direction\": \"forward\", \"elements\": 1}",
            "no time",
        ),
    ] {
        let why = Run::parse(text).expect_err(text);
        assert!(why.contains(part), "{text}: {why}");
    }
    let second = text(&[record("relu", 1.0, 0.0)]) + "{";
    assert!(
        Run::parse(&second)
            .expect_err("half a line")
            .contains("line 2")
    );
}
