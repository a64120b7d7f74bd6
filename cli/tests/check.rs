//! `nonlin check`: it finds what is wrong, and says so in every form.

mod common;

use common::{json_lines, nonlin, on_an_adapter, program};
use libtest_mimic::{Arguments, Trial};
use nonlin::Activation;
use nonlin::cpu::Isa;
use std::path::PathBuf;

/// A file of this test run, which is not there yet.
fn fresh(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_file(&path);
    path
}

/// An exhaustive check of 2^16 inputs from 0.5 on, on the CPU.
const SHORT: [&str; 9] = [
    "check",
    "--exhaustive",
    "--engine",
    "cpu",
    "--first",
    "1056964608",
    "--range-bits",
    "16",
    "--json",
];

fn a_sample_holds_the_bounds_on_every_adapter() {
    let adapters = json_lines(&nonlin(&["adapters", "--json"]).out).len();
    let run = nonlin(&[
        "check",
        "--ops",
        "sigmoid,leaky_relu(slope=0.1)",
        "--direction",
        "forward,derivative,from-output",
        "--adapter",
        "all",
        "--json",
        "-",
    ]);
    assert_eq!(run.status, 0, "{}", run.err);
    let objects = json_lines(&run.out);
    // Two functions, three directions, the CPU and the adapters; the textbook formula has two directions.
    assert_eq!(objects.len(), 2 * (3 * (1 + adapters) + 2));
    let of = |naive: bool| {
        let objects = objects.iter();
        objects.filter(move |object| (object["engine"] == "naive") == naive)
    };
    for object in of(false) {
        assert_eq!(object["broken"], false, "{object}");
        assert!(object["inputs"].as_u64() > Some(50_000), "{object}");
        assert_eq!(object["nan_mistakes"], 0, "{object}");
        let error = object["max_ulp"].as_f64().expect("a number");
        assert!(error <= object["bound_ulp"].as_f64().expect("a number"));
        assert_eq!(error > 0.0, object["max_ulp_at"].is_number(), "{object}");
    }
    for object in of(true) {
        assert_eq!(object["broken"], false, "{object}");
        assert!(object["bound_ulp"].is_null() && object["above_4_ulp"].is_null());
        assert!(object["inputs"].as_u64() > Some(50_000), "{object}");
    }
    assert!(objects.iter().any(|object| object["engine"] == "gpu"));
}

fn every_adapter_makes_its_own_inputs() {
    // From 2^-1 on, over a part of a power of two: the identity tells every input apart.
    for op in ["linear", "tanh"] {
        let run = nonlin(&[
            "check",
            "--exhaustive",
            "--first",
            "1056964608",
            "--range-bits",
            "16",
            "--ops",
            op,
            "--adapter",
            "all",
            "--json",
            "-",
        ]);
        assert_eq!(run.status, 0, "{}", run.err);
        let objects = json_lines(&run.out);
        for object in objects
            .iter()
            .filter(|object| object["parameter_sets"].is_null())
        {
            assert_eq!(object["inputs"], 1 << 16, "{object}");
        }
    }
}

fn other_parameters_are_checked_on_every_adapter() {
    let adapters = json_lines(&nonlin(&["adapters", "--json"]).out).len();
    let arguments = ["check", "--ops", "leaky_relu,swish", "--adapter", "all"];
    let run = nonlin(&[&arguments[..], &["--json", "-"]].concat());
    assert_eq!(run.status, 0, "{}", run.err);
    let objects = json_lines(&run.out);
    let sets: Vec<_> = objects
        .iter()
        .filter(|object| object["parameter_sets"].is_number())
        .collect();
    assert_eq!(sets.len(), 2 * 2 * (1 + adapters));
    for object in sets {
        let count = object["parameter_sets"].as_u64().expect("a number");
        assert!(count >= 8, "{object}");
        assert!(object["inputs"].as_u64() >= Some(count << 18), "{object}");
        let op = object["op"].as_str().expect("text");
        let id = object["id"].as_str().expect("text");
        assert!(op.starts_with(id) && !["swish(beta=1)", "leaky_relu(slope=0.01)"].contains(&op));
        assert_eq!(object["broken"], false, "{object}");
    }
}

/// The textbook's gelu loses everything below -5.6, its exp(x) - 1 near 0; relu needs no care.
fn textbook_formulas_are_measured_beside() {
    let run = nonlin(&["check", "--ops", "gelu,expm1,square", "--markdown"]);
    assert_eq!(run.status, 0, "{}", run.err);
    let cell = |start: &str| {
        let line = run.out.lines().find(|line| line.starts_with(start));
        let line = line.unwrap_or_else(|| panic!("no line {start} in {}", run.out));
        line.trim_end_matches(" |")
            .rsplit("| ")
            .next()
            .map(str::to_owned)
    };
    let gelu = cell("| `gelu` | forward |").expect("a cell");
    assert!(
        gelu.starts_with("lost at -") || gelu.starts_with("NaN at "),
        "{gelu}"
    );
    let expm1 = cell("| `expm1` | forward |").expect("a cell");
    assert!(
        expm1.starts_with("lost at ") || expm1.starts_with("NaN at "),
        "{expm1}"
    );
    assert!(run.out.contains(" naive formula |"), "{}", run.out);
}

fn a_broken_bound_is_found() {
    let run = nonlin(&[
        "check",
        "--ops",
        "relu,gelu",
        "--engine",
        "cpu",
        "--bound",
        "0",
    ]);
    assert_eq!(run.status, 1);
    let complaint = run.complaint(1);
    assert!(
        complaint.contains("gelu forward on CPU") && !complaint.contains("relu forward"),
        "{complaint}"
    );
    let broken = run.out.lines().filter(|line| line.contains("BROKEN"));
    assert_eq!(broken.count(), 2, "{}", run.out);
}

fn an_exhaustive_run_goes_on_where_it_was_stopped() {
    let state = fresh("check-state.json");
    let state = state.to_str().expect("UTF-8");
    let run = |more: &[&str]| {
        let arguments = [&SHORT[..], &["-", "--ops", "silu,exp"], more].concat();
        nonlin(&arguments)
    };
    let whole = run(&[]);
    let objects = json_lines(&whole.out);
    assert_eq!(objects.len(), 4);
    for object in &objects {
        assert_eq!(object["inputs"], 1 << 16, "{object}");
    }

    // Each function and direction has four steps; the second one is stopped within.
    let stopped = run(&["--state", state, "--stop-after", "6"]);
    assert!(stopped.complaint(1).contains("stopped"));
    assert_eq!(json_lines(&stopped.out), objects[..1]);
    let read = || {
        let text = std::fs::read_to_string(state).expect("the state");
        serde_json::from_str::<serde_json::Value>(&text).expect("JSON")
    };
    let next = |i: usize| read()["jobs"][i]["next"].clone();
    assert_eq!((next(0), next(1)), (4.into(), 2.into()));

    let rest = run(&["--state", state]);
    assert_eq!(json_lines(&rest.out), objects, "{}", rest.err);
    let again = run(&["--state", state]);
    assert_eq!(again.out, rest.out);

    // What has changed since begins again, and nothing else; a finished row begins again too.
    for (part, words) in [
        ("kernel", "the kernel"),
        ("results", "an engine's results"),
        ("reference", "the reference"),
    ] {
        let mut content = read();
        content["jobs"][2]["fingerprint"][part] = "0".into();
        content["jobs"][2]["tallies"][0]["max_ulp"] = 3000.into();
        std::fs::write(state, content.to_string()).expect("a file");
        let run = run(&["--state", state]);
        assert_eq!(json_lines(&run.out), objects, "{}", run.err);
        let said = format!("nonlin: exp forward begins again: {words} changed\n");
        assert!(run.err.contains(&said), "{}", run.err);
        assert_eq!(run.err.matches("begins again").count(), 1, "{}", run.err);
    }
    // What is taken over is not measured again: a lie in it is repeated.
    let mut content = read();
    content["jobs"][0]["tallies"][0]["nan"] = 7.into();
    std::fs::write(state, content.to_string()).expect("a file");
    let lie = run(&["--state", state]);
    assert_eq!(json_lines(&lie.out)[0]["nan_mistakes"], 7, "{}", lie.err);

    // What a check of other inputs has left is not taken.
    let other = [&SHORT[..5], &["0", "--range-bits", "16", "--state", state]].concat();
    assert!(nonlin(&other).complaint(1).contains("other inputs"));
    std::fs::write(state, "{").expect("a file");
    assert!(run(&["--state", state]).complaint(1).contains("no state"));
}

fn markdown_has_a_table_for_each_family() {
    let path = fresh("check.json");
    let path = path.to_str().expect("UTF-8");
    let arguments = [&SHORT[..], &[path, "--ops", "tanh,relu", "--markdown"]].concat();
    let run = nonlin(&arguments);
    let lines = run.lines();
    assert_eq!(lines[0], "# Accuracy");
    assert!(lines[2].starts_with("The largest error over 65,536 f32 inputs, of nonlin "));
    assert!(lines[4].starts_with("- **CPU, "), "{}", lines[4]);
    let again = lines.iter().find(|line| line.starts_with("cargo run"));
    assert!(again.is_some_and(|line| line.contains(" -- check --exhaustive ")));
    let bound = Activation::tanh().metadata().derivative_error.max_ulp;
    let row = format!("| `tanh` | derivative | {bound} | ");
    for start in ["## Saturating", "## Rectifier", &row] {
        assert!(lines.iter().any(|line| line.starts_with(start)), "{start}");
    }
    let tables: Vec<&&str> = lines.iter().filter(|line| line.starts_with('|')).collect();
    let columns = |line: &str| line.matches('|').count();
    assert!(
        tables
            .iter()
            .all(|line| columns(line) == columns(tables[0]))
    );
    let json = std::fs::read_to_string(path).expect("the file");
    assert_eq!(json_lines(&json).len(), 4);
}

fn arguments_that_make_no_sense_are_refused() {
    for arguments in [
        vec!["check", "--ops", "nosuch"],
        vec!["check", "--direction", "backward"],
        vec!["check", "--engine", "cpu", "--state", "file"],
        vec![
            "check",
            "--ops",
            "gelu",
            "--direction",
            "from-output",
            "--engine",
            "cpu",
        ],
        vec!["check", "--exhaustive", "--first", "3", "--engine", "cpu"],
    ] {
        nonlin(&arguments).complaint(2);
    }
    nonlin(&["check", "--engine", "gpu", "--adapter", "nosuch"]).complaint(1);
}

fn every_instruction_set_is_checked() {
    let run = nonlin(&[
        "check",
        "--ops",
        "gelu,tanh",
        "--engine",
        "cpu",
        "--isa",
        "all",
        "--json",
        "-",
    ]);
    assert_eq!(run.status, 0, "{}", run.err);
    let objects = json_lines(&run.out);
    let sets = Isa::available();
    assert_eq!(objects.len(), 2 * 2 * sets.len());
    for isa in sets {
        let name = isa.name();
        let of_it = objects.iter().filter(|object| {
            let description = object["description"].as_str();
            description.is_some_and(|text| text.contains(name))
        });
        assert_eq!(of_it.count(), 4, "{name}: {objects:?}");
    }
    nonlin(&["check", "--engine", "cpu", "--isa", "nosuch"]).complaint(2);
    let run = nonlin(&[
        "bench",
        "--engine",
        "cpu",
        "--isa",
        "portable",
        "--ops",
        "relu",
        "--elements",
        "64",
        "--json",
        "-",
    ]);
    let objects = json_lines(&run.out);
    assert!(
        !objects.is_empty()
            && objects
                .iter()
                .all(|object| object["isa"] == Isa::Portable.name()),
        "{objects:?}"
    );
}

fn options_of_an_engine_that_is_not_asked_for_are_refused() {
    for (command, engine, option, value) in [
        ("check", "gpu", "--isa", "portable"),
        ("check", "cpu", "--adapter", "llvmpipe"),
        ("bench", "gpu", "--isa", "portable"),
        ("bench", "gpu", "--threads", "2"),
        ("bench", "cpu", "--adapter", "llvmpipe"),
    ] {
        let run = nonlin(&[command, "--ops", "relu", "--engine", engine, option, value]);
        assert!(run.complaint(2).contains(option), "{run:?}");
    }
}

fn the_environment_can_choose_the_cpu() {
    let mut command = program(&["check", "--ops", "relu", "--json", "-"]);
    let output = command.env("NONLIN_ADAPTER", "cpu").output();
    let run = common::Run::from(output.expect("it starts"));
    let objects = json_lines(&run.out);
    assert!(
        objects.iter().all(|object| object["engine"] == "cpu"),
        "{objects:?}"
    );
}

/// A claim with its check.
type Named = (&'static str, fn());

macro_rules! named {
    ($($check:ident),* $(,)?) => {
        [$((stringify!($check), $check as fn())),*]
    };
}

fn main() -> std::process::ExitCode {
    let on_adapters: [Named; 4] = named![
        a_sample_holds_the_bounds_on_every_adapter,
        every_adapter_makes_its_own_inputs,
        other_parameters_are_checked_on_every_adapter,
        textbook_formulas_are_measured_beside,
    ];
    let here: [Named; 7] = named![
        a_broken_bound_is_found,
        an_exhaustive_run_goes_on_where_it_was_stopped,
        markdown_has_a_table_for_each_family,
        arguments_that_make_no_sense_are_refused,
        every_instruction_set_is_checked,
        options_of_an_engine_that_is_not_asked_for_are_refused,
        the_environment_can_choose_the_cpu,
    ];
    let trial = |(name, check): Named| {
        Trial::test(name, move || {
            check();
            Ok(())
        })
    };
    let adapters = on_adapters.map(|(name, check)| on_an_adapter(name, check));
    let trials = adapters.into_iter().chain(here.map(trial)).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

#[test]
fn a_chain_is_nothing_to_check() {
    for ops in ["scale(2) | gelu", "relu,residual"] {
        let run = nonlin(&["check", "--ops", ops]);
        assert!(
            run.complaint(2)
                .contains("is a chain, which has no bound of its own"),
            "{run:?}"
        );
    }
}
