//! What all commands share, and `nonlin catalog`.

mod common;

use common::{json_lines, nonlin, program};
use nonlin::Activation;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

#[test]
fn help_and_version_are_no_errors() {
    assert!(nonlin(&["--help"]).lines().join(" ").contains("bench"));
    assert!(nonlin(&["--version"]).lines()[0].starts_with("nonlin "));
    for command in ["adapters", "apply", "catalog", "eval", "bench", "doctor"] {
        assert!(!nonlin(&[command, "--help"]).lines().is_empty());
    }
}

#[test]
fn bad_arguments_end_with_2() {
    for arguments in [
        vec![],
        vec!["nosuch"],
        vec!["--nosuch"],
        vec!["catalog", "--nosuch"],
    ] {
        nonlin(&arguments).complaint(2);
    }
}

/// Closes the program's standard output after one line.
fn status_of_a_closed_pipe(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = program(arguments);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut line = String::new();
    let mut reader = BufReader::with_capacity(1, child.stdout.take().expect("piped"));
    reader.read_line(&mut line).expect("a line");
    drop(reader);
    let output = child.wait_with_output().expect("the program ends");
    let err = String::from_utf8(output.stderr).expect("UTF-8");
    (output.status.code(), err)
}

#[test]
fn a_closed_pipe_is_no_error() {
    for arguments in [
        vec!["catalog", "--json"],
        vec!["catalog", "gelu"],
        vec!["--help"],
        vec![
            "bench",
            "--engine",
            "cpu",
            "--elements",
            "64",
            "--seconds",
            "0",
            "--json",
            "-",
        ],
        vec![
            "bench",
            "--engine",
            "cpu",
            "--elements",
            "64",
            "--seconds",
            "0",
        ],
    ] {
        let (status, err) = status_of_a_closed_pipe(&arguments);
        assert_eq!(status, Some(0), "{arguments:?}: {err}");
        assert!(!err.contains("panicked"), "{err}");
    }
}

#[test]
fn an_endless_input_ends_with_its_reader() {
    let mut command = program(&["eval", "relu", "--engine", "cpu"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("piped");
    let writer = std::thread::spawn(move || {
        use std::io::Write;
        while stdin.write_all("1\n".repeat(1000).as_bytes()).is_ok() {}
    });
    let mut line = String::new();
    let mut reader = BufReader::new(child.stdout.take().expect("piped"));
    reader.read_line(&mut line).expect("a line");
    drop(reader);
    assert_eq!(line, "1\n");
    assert!(child.wait().expect("the program ends").success());
    writer.join().expect("the pipe closes");
}

#[test]
fn the_catalog_lists_every_function() {
    let table = nonlin(&["catalog"]);
    let lines = table.lines();
    for f in Activation::all() {
        assert!(
            lines
                .iter()
                .any(|line| line.split_whitespace().next() == Some(f.id())),
            "{} is missing",
            f.id()
        );
    }
}

#[test]
fn the_catalog_tells_everything_about_one_function() {
    for f in Activation::all() {
        let run = nonlin(&["catalog", f.id()]);
        let text = run.lines().join("\n");
        let known = f.metadata();
        for part in [
            known.formula,
            known.derivative_formula,
            known.risk,
            f.wgsl().trim(),
        ] {
            assert!(text.contains(part), "{}: {part} is missing", f.id());
        }
        for parameter in known.parameters {
            assert!(text.contains(parameter.name));
        }
    }
    nonlin(&["catalog", "nosuch"]).complaint(2);
}

#[test]
fn the_catalog_as_json_holds_every_function() {
    let run = nonlin(&["catalog", "--json"]);
    let objects = json_lines(&run.out);
    let ids: Vec<&str> = objects
        .iter()
        .filter_map(|object| object["id"].as_str())
        .collect();
    let all = Activation::all();
    let known: Vec<&str> = all.iter().map(Activation::id).collect();
    assert_eq!(ids, known);
    for object in &objects {
        let function = object["function"].as_str().expect("text");
        function.parse::<Activation>().expect("it reads back");
        assert!(
            object["wgsl"]
                .as_str()
                .is_some_and(|wgsl| wgsl.contains("fn "))
        );
    }
    let one = json_lines(&nonlin(&["catalog", "leaky_relu(slope=0.5)", "--json"]).out);
    assert_eq!(one.len(), 1);
    assert_eq!(one[0]["kinks"][0]["derivative"], 0.5);
}

#[test]
fn the_readme_holds_the_catalog() {
    let readme = include_str!("../../README.md").replace("\r\n", "\n");
    let (_, after) = readme
        .split_once("<!-- catalog:begin -->\n")
        .expect("the begin marker");
    let (table, _) = after
        .split_once("<!-- catalog:end -->")
        .expect("the end marker");
    let made = nonlin(&["catalog", "--markdown"]).out;
    assert_eq!(
        table.trim(),
        made.trim(),
        "README.md is out of date: run scripts/readme.sh"
    );
}
