//! `nonlin bench` on the CPU, with few elements.

mod common;

use common::{json_lines, nonlin};

const QUICK: [&str; 7] = [
    "bench",
    "--engine",
    "cpu",
    "--seconds",
    "0",
    "--elements",
    "1000",
];

fn quick(more: &[&str]) -> common::Run {
    nonlin(&[&QUICK, more].concat())
}

#[test]
fn there_is_a_table_for_each_direction() {
    let run = quick(&[
        "--ops",
        "relu,leaky_relu(slope=0.5)",
        "--direction",
        "forward,derivative,backward",
    ]);
    let text = run.lines().join("\n");
    for heading in [
        "forward, 1,000 elements",
        "derivative, 1,000 elements",
        "backward, 1,000 elements",
    ] {
        assert!(text.contains(heading), "{heading} is missing in\n{text}");
    }
    assert_eq!(text.matches("leaky_relu(slope=0.5)").count(), 3);
    assert!(text.contains("CPU") && text.contains("ULP"));
}

#[test]
fn json_holds_a_line_for_each_function_and_number_of_threads() {
    let run = quick(&[
        "--ops",
        "relu,gelu",
        "--direction",
        "forward,backward",
        "--threads",
        "3",
        "--json",
        "-",
    ]);
    assert!(
        run.err.contains("forward, 1,000 elements"),
        "the table goes to standard error"
    );
    let objects = json_lines(&run.out);
    assert_eq!(objects.len(), 2 * 2 * 2);
    for object in &objects {
        assert_eq!(object["engine"], "cpu");
        assert_eq!(object["elements"], 1000);
        assert!(object["compute_ms"].as_f64().is_some_and(|ms| ms > 0.0));
        assert!(object["gb_per_s"].as_f64().is_some_and(|rate| rate > 0.0));
        assert!(object["max_ulp"].as_f64().is_some_and(|ulp| ulp <= 8.5));
        assert!(object["upload_ms"].is_null());
    }
    let threads: Vec<_> = objects
        .iter()
        .map(|object| object["threads"].as_u64())
        .collect();
    assert_eq!(threads, [Some(1), Some(3)].repeat(4));
}

#[test]
fn json_goes_into_a_file() {
    let path = std::env::temp_dir().join(format!("nonlin-bench-{}.json", std::process::id()));
    let name = path.to_str().expect("UTF-8");
    let run = quick(&["--ops", "relu", "--threads", "1", "--json", name]);
    assert!(run.lines().join(" ").contains("relu"));
    let text = std::fs::read_to_string(&path).expect("the file is there");
    std::fs::remove_file(&path).expect("it can be removed");
    assert_eq!(json_lines(&text).len(), 2);
    quick(&["--json", "/no/such/folder/x.json"]).complaint(1);
}

#[test]
fn sizes_have_several_spellings() {
    let run = nonlin(&[
        "bench",
        "--engine",
        "cpu",
        "--seconds",
        "0",
        "--ops",
        "relu",
        "--threads",
        "1",
        "--direction",
        "forward",
        "--elements",
        "1k,2^11,3,1",
        "--json",
        "-",
    ]);
    let sizes: Vec<_> = json_lines(&run.out)
        .iter()
        .map(|object| object["elements"].as_u64())
        .collect();
    assert_eq!(sizes, [Some(1000), Some(2048), Some(3), Some(1)]);
}

#[test]
fn the_chapters_list_comes_with_its_gradients() {
    let run = quick(&["--ops", "chapter"]);
    let text = run.lines().join("\n");
    let (_, table) = text.split_once("gradient at x = 1").expect("the table");
    let gradient = |name: &str| {
        let line = table.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_whitespace().last().map(str::to_owned))
    };
    assert_eq!(gradient("relu").as_deref(), Some("1.0000"));
    assert_eq!(gradient("leaky_relu").as_deref(), Some("1.0000"));
    for (name, value) in [
        ("sigmoid", "0.1966"),
        ("tanh", "0.4200"),
        ("elu", "1.0000"),
        ("gelu_quick", "1.0678"),
    ] {
        assert!(
            gradient(name).is_none_or(|gradient| gradient == value),
            "{name}"
        );
    }
}

#[test]
fn functions_without_a_derivative_from_the_output_are_left_out() {
    let run = quick(&[
        "--ops",
        "gelu,relu",
        "--direction",
        "derivative-from-output",
    ]);
    let text = run.lines().join("\n");
    assert!(text.contains("\nrelu") && !text.contains("\ngelu"));
}

#[test]
fn bad_arguments_end_with_2() {
    for (arguments, word) in [
        (vec!["--ops", "nosuch"], "nosuch"),
        (vec!["--ops", "leaky_relu(slope=nan)"], "slope"),
        (vec!["--ops", "relu | nosuch"], "nosuch"),
        (vec!["--direction", "sideways"], "sideways"),
        (vec!["--engine", "abacus"], "abacus"),
        (vec!["--threads", "0"], "--threads"),
        (vec!["--threads", "1000000"], "--threads"),
        (vec!["--seed", "x"], "seed"),
    ] {
        let run = quick(&arguments);
        assert!(run.complaint(2).contains(word), "{run:?}");
    }
    nonlin(&["bench", "--seconds=-1"]).complaint(2);
    for size in ["0", "x", "-5", "2^99"] {
        nonlin(&["bench", "--elements", size]).complaint(2);
    }
}

#[test]
fn more_elements_than_memory_is_an_error_of_one_line() {
    let run = nonlin(&["bench", "--engine", "cpu", "--elements", "2^52"]);
    assert!(run.complaint(1).contains("4,503,599,627,370,496 elements"));
}

#[test]
fn chains_are_measured_and_checked() {
    let chain = "scale(2) | gelu | offset(-1) | residual";
    let run = quick(&[
        "--ops",
        &format!("relu,{chain},leaky_relu(slope=0.5) | max(-0.25)"),
        "--direction",
        "forward,derivative,backward",
        "--threads",
        "1",
        "--json",
        "-",
    ]);
    let objects = json_lines(&run.out);
    assert_eq!(objects.len(), 3 * 3);
    assert_eq!(objects[1]["op"], chain);
    assert!(run.err.contains("A chain has no bound of its own"));
    let plain = quick(&["--ops", "relu"]);
    assert!(!plain.out.contains("A chain"));
    let run = quick(&["--ops", chain, "--direction", "derivative-from-output"]);
    assert!(run.lines().join(" ").contains("None of the functions"));
}

/// A file of this process, which is removed in the end.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new(name: &str, content: &str) -> Self {
        let path = std::env::temp_dir().join(format!("nonlin-{}-{name}", std::process::id()));
        std::fs::write(&path, content).expect("it can be written");
        Self(path)
    }

    fn name(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_run_is_compared_with_an_earlier_one() {
    let options = [
        "--ops",
        "relu,gelu",
        "--direction",
        "forward",
        "--threads",
        "1",
    ];
    let run = quick(&[&options[..], &["--json", "-"]].concat());
    let mut records = json_lines(&run.out);
    assert_eq!(records.len(), 2, "{}", run.err);
    // Whatever the machine does, relu is slower now, and gelu's noise hides any change.
    for (record, ms, quartiles) in [(0, 1e-6, [1e-6, 1e-6]), (1, 1.0, [1e-6, 1e9])] {
        let before = &records[record]["quartiles_ms"]["compute"];
        assert!(before[0].as_f64() <= before[1].as_f64(), "{before}");
        records[record]["compute_ms"] = ms.into();
        records[record]["quartiles_ms"]["compute"] = quartiles.to_vec().into();
    }
    let mut text: String = records.iter().map(|record| format!("{record}\n")).collect();
    text += &text
        .lines()
        .next()
        .expect("a record")
        .replace("1000", "999");
    let earlier = Scratch::new("earlier.json", &text);
    let compare = [&options[..], &["--compare", earlier.name()]].concat();
    let run = quick(&compare);
    let lines = run.lines();
    for (row, verdict) in [
        ("relu forward, 1,000 elements, cpu, 1 thread ", "slower"),
        ("gelu forward, 1,000 elements, cpu, 1 thread ", "unchanged"),
    ] {
        let line = lines.iter().find(|line| line.starts_with(row));
        let line = line.unwrap_or_else(|| panic!("{row} in {}", run.out));
        assert!(line.trim_end().ends_with(verdict), "{line}");
    }
    let after = |words: &str| lines.iter().skip_while(|line| **line != words).nth(1);
    assert_eq!(
        after("Only in the earlier run:"),
        Some(&"  relu forward, 999 elements, cpu, 1 thread")
    );
    assert!(run.out.contains("Of 2 times, 1 became slower and 0 faster"));
    let run = quick(&[&compare[..], &["--fail-above", "50"]].concat());
    assert!(
        run.complaint(1)
            .contains("1 of 2 times are longer by more than 50 %")
    );
    let other = quick(&["--ops", "tanh", "--compare", earlier.name()]);
    assert!(
        other
            .complaint(1)
            .contains("no time in it was measured in this run")
    );
}

#[test]
fn what_cannot_be_compared_is_said_before_anything_is_measured() {
    let foreign = Scratch::new("foreign.json", "[package]\n");
    let run = quick(&["--compare", foreign.name()]);
    assert!(
        run.complaint(1)
            .contains("line 1 is no record of `nonlin bench --json`")
    );
    assert!(run.out.is_empty());
    quick(&["--compare", "/no/such/file.json"]).complaint(1);
    quick(&["--fail-above", "5"]).complaint(2);
    for percent in ["-1", "x", "inf"] {
        let fail_above = format!("--fail-above={percent}");
        quick(&["--compare", foreign.name(), &fail_above]).complaint(2);
    }
    quick(&["--svg", "x.svg"]).complaint(2);
}

#[test]
fn the_last_words_say_what_the_numbers_mean() {
    let run = quick(&["--ops", "relu"]);
    let text = run.lines().join("\n");
    assert!(
        text.contains("\n\nWhat this means for this machine. Only the CPU engine was timed."),
        "{text}"
    );
}
