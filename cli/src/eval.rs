//! `nonlin eval`.

use crate::failure::Failure;
use crate::number::shortest;
use crate::reference::Reference;
use crate::{engines, ops};
use clap::ValueEnum;
use nonlin::{Chain, Direction, Engine};
use std::io::{self, BufRead, BufReader, Write};

/// The command's options.
#[derive(clap::Args)]
pub struct Options {
    /// The function with its parameters, such as gelu or 'leaky_relu(slope=0.1)', or a chain such as 'scale(0.5) | gelu | offset(1)'.
    function: String,
    /// Inputs; negative ones after `--`. Without any, numbers are read from standard input.
    #[arg(allow_negative_numbers = true)]
    numbers: Vec<f32>,
    /// The derivative instead of the function.
    #[arg(long, conflicts_with = "from_output")]
    derivative: bool,
    /// The derivative, with the numbers taken as the function's outputs.
    #[arg(long)]
    from_output: bool,
    /// What computes: without it, a hardware GPU or else the CPU.
    #[arg(long)]
    engine: Option<Choice>,
    #[arg(long, value_name = "NAME", help = engines::ADAPTER_HELP)]
    adapter: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Choice {
    /// The best adapter, which may be a software adapter.
    Gpu,
    /// The CPU engine.
    Cpu,
    /// The exact values, rounded to f32.
    Reference,
}

/// What turns inputs into results.
enum Evaluator {
    Engine(Box<dyn Engine>),
    Reference,
}

impl Evaluator {
    fn open(options: &Options) -> Result<Self, Failure> {
        let adapter = options.adapter.as_deref();
        let choice = match options.engine {
            Some(Choice::Reference) => {
                engines::no_adapter_without_gpu(adapter)?;
                return Ok(Self::Reference);
            }
            Some(Choice::Cpu) => Some(engines::Choice::Cpu),
            Some(Choice::Gpu) => Some(engines::Choice::Gpu),
            None => None,
        };
        Ok(Self::Engine(engines::open(choice, adapter)?))
    }

    fn evaluate(
        &self,
        f: &Chain<'_>,
        direction: Direction,
        x: &[f32],
    ) -> Result<Vec<f32>, Failure> {
        match self {
            Self::Engine(engine) => {
                let mut out = vec![0.0; x.len()];
                engine.compute(f, direction, x, None, &mut out)?;
                Ok(out)
            }
            Self::Reference => {
                let reference = Reference::new(f)?;
                let exact = x.iter().map(|&x| reference.value(direction, f64::from(x)));
                Ok(exact.map(|value| value as f32).collect())
            }
        }
    }
}

/// Runs the command.
pub fn run(options: &Options, out: &mut dyn Write) -> Result<(), Failure> {
    let f: Chain<'_> = options.function.parse()?;
    let direction = ops::direction(&f, options.derivative, options.from_output)?;
    let evaluator = Evaluator::open(options)?;
    let mut answer = |numbers: &[f32]| -> Result<(), Failure> {
        for value in evaluator.evaluate(&f, direction, numbers)? {
            writeln!(out, "{}", shortest(value))?;
        }
        Ok(out.flush()?)
    };
    if !options.numbers.is_empty() {
        return answer(&options.numbers);
    }
    let mut input = BufReader::with_capacity(1 << 16, io::stdin().lock());
    let mut numbers = Vec::new();
    while read_numbers(&mut input, &mut numbers)? {
        answer(&numbers)?;
    }
    Ok(())
}

/// Reads the next line of numbers, and those that stand ready after it: somebody who types, or a program that waits for each
/// answer, gets it after a line. `false` at the end.
fn read_numbers(
    input: &mut BufReader<impl io::Read>,
    numbers: &mut Vec<f32>,
) -> Result<bool, Failure> {
    numbers.clear();
    let mut line = String::new();
    loop {
        line.clear();
        let fail = |error: io::Error| Failure::with_path("standard input", &error);
        if input.read_line(&mut line).map_err(fail)? == 0 {
            return Ok(!numbers.is_empty());
        }
        for word in line.split_whitespace() {
            let number = word.parse();
            numbers.push(number.map_err(|_| {
                Failure::Failed(format!("standard input: \"{word}\" is no number"))
            })?);
        }
        let whole_line_waits = input.buffer().contains(&b'\n');
        if !whole_line_waits {
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_whatever_separates_them() {
        let mut input = BufReader::new("1 -2\t3e-3\n\n nan\r\n-inf".as_bytes());
        let (mut batch, mut all) = (Vec::new(), Vec::new());
        while read_numbers(&mut input, &mut batch).expect("these are numbers") {
            all.extend(batch.iter().map(|number| shortest(*number)));
        }
        assert_eq!(all, ["1", "-2", "0.003", "NaN", "-inf"]);
    }

    #[test]
    fn a_word_is_named() {
        let mut input = BufReader::new("1 two".as_bytes());
        let error = read_numbers(&mut input, &mut Vec::new()).expect_err("no number");
        assert!(error.to_string().contains("\"two\""));
    }
}
