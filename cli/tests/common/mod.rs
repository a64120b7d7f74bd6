//! Runs the program.

// Each test file uses a part of these.
#![allow(dead_code)]

use libtest_mimic::{Completion, Trial};
use std::io::Write;
use std::process::{Command, Output, Stdio};

/// What a run printed, and its exit status.
#[derive(Debug)]
pub struct Run {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Run {
    /// The lines of standard output; fails unless the run was good.
    pub fn lines(&self) -> Vec<&str> {
        assert_eq!(self.status, 0, "{}", self.err);
        self.out.lines().collect()
    }

    /// The one line of standard error; fails unless the run ended with `status` and said nothing else.
    pub fn complaint(&self, status: i32) -> &str {
        assert_eq!(self.status, status, "{self:?}");
        let line = self.err.strip_suffix('\n').expect("a line");
        assert!(
            line.starts_with("nonlin: ") && !line.contains('\n'),
            "{line}"
        );
        line
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self {
            status: output.status.code().expect("an exit status"),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }
}

/// The program with arguments, and with no adapter chosen in the environment.
pub fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nonlin"));
    command
        .args(arguments)
        .env_remove("NONLIN_ADAPTER")
        .env_remove("WGPU_BACKEND");
    command
}

/// Runs the program to its end, with nothing on standard input.
pub fn nonlin(arguments: &[&str]) -> Run {
    let output = program(arguments).stdin(Stdio::null()).output();
    output.expect("the program starts").into()
}

/// Runs the program with a text on standard input.
pub fn nonlin_reading(arguments: &[&str], text: &str) -> Run {
    let mut command = program(arguments);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("piped");
    // A program that refuses its arguments does not read.
    let _ = stdin.write_all(text.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("the program ends").into()
}

/// The JSON objects, one a line.
pub fn json_lines(text: &str) -> Vec<serde_json::Value> {
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().expect("each line is JSON")
}

/// A trial that needs an adapter. Only this variable leaves it out, visibly: a machine without an adapter fails it.
pub fn on_an_adapter(name: &str, check: impl FnOnce() + Send + 'static) -> Trial {
    Trial::ignorable_test(name, move || {
        if std::env::var_os("NONLIN_TEST_NO_GPU").is_some_and(|value| value == "1") {
            return Ok(Completion::ignored_with("NONLIN_TEST_NO_GPU is 1"));
        }
        check();
        Ok(Completion::Completed)
    })
}
