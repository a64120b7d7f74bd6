//! `nonlin plot`.

mod curve;
pub mod file;
mod panels;
mod terminal;

use crate::failure::Failure;
use crate::picture::Theme;
use crate::{engines, ops};
use nonlin::{Activation, Chain};
use std::io::Write;
use std::path::PathBuf;

/// The command's options.
#[derive(clap::Args)]
pub struct Options {
    /// Functions with parameters, such as 'gelu,elu(alpha=0.5),elu(alpha=1)', and chains such as 'scale(2) | gelu'; or `all`. Without it: the course chapter's six.
    #[arg(long)]
    ops: Option<String>,
    /// The inputs, from the least to the largest.
    #[arg(long, default_value = "-4..4", allow_hyphen_values = true, value_parser = parse_range)]
    range: Range,
    /// What computes: without it, a hardware GPU or else the CPU.
    #[arg(long)]
    engine: Option<engines::Choice>,
    #[arg(long, value_name = "NAME", help = engines::ADAPTER_HELP)]
    adapter: Option<String>,
    /// The picture's file, which ends in .svg or .png. Without it, the terminal.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Draws in the terminal, beside a file.
    #[arg(long)]
    terminal: bool,
    /// How many characters wide the terminal's drawing is; without it, as wide as the terminal.
    #[arg(long, value_name = "CHARACTERS", value_parser = clap::value_parser!(u16).range(20..=1000))]
    width: Option<u16>,
    /// Colours for a light or a dark page; an SVG with `auto` follows the reader's setting.
    #[arg(long, default_value = "auto")]
    theme: Theme,
    /// A panel for each function: without it, one function with several parameters has one panel.
    #[arg(long)]
    separate: bool,
    /// What stands above the picture.
    #[arg(
        long,
        default_value = "Functions (solid) and their derivatives (dashed)"
    )]
    title: String,
}

/// The inputs of a figure; `low < high`, and both are finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    low: f32,
    high: f32,
}

/// Reads `-4..4`.
fn parse_range(text: &str) -> Result<Range, String> {
    let (low, high) = text
        .split_once("..")
        .ok_or_else(|| format!("\"{text}\" is no range (like -4..4)"))?;
    let number = |word: &str| -> Result<f32, String> {
        let number = word.trim().parse::<f32>().ok().filter(|x| x.is_finite());
        number.ok_or_else(|| format!("\"{word}\" is no finite number"))
    };
    let (low, high) = (number(low)?, number(high)?);
    if low >= high {
        return Err(format!("{low} is not less than {high}"));
    }
    let (width, least) = (high - low, 1e-4 * low.abs().max(high.abs()));
    if !width.is_finite() || width < least.max(1e-30) {
        return Err(format!(
            "from {low} to {high} there are too few f32, or too many, to draw"
        ));
    }
    Ok(Range { low, high })
}

/// Runs the command.
pub fn run(options: &Options, out: &mut dyn Write) -> Result<(), Failure> {
    let functions = match options.ops.as_deref().map(str::trim) {
        None | Some("chapter") => Activation::chapter().into_iter().map(Chain::from).collect(),
        list => ops::parse(list)?.functions,
    };
    // Before anything is computed.
    let target = options.out.as_deref().map(file::Target::new).transpose()?;
    let engine = engines::open(options.engine, options.adapter.as_deref())?;
    let mut figure = panels::figure(&functions, options.range, options.separate, &*engine)?;
    figure.title.clone_from(&options.title);
    if let Some(target) = &target {
        target.write(&figure, options.theme)?;
    }
    if options.terminal || target.is_none() {
        let width = options.width.map_or_else(terminal::width, usize::from);
        terminal::draw(&figure, width, out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::parse_range;

    #[test]
    fn ranges_are_read_or_refused_with_their_numbers() {
        let range = parse_range("-4..4").expect("a range");
        assert_eq!((range.low, range.high), (-4.0, 4.0));
        assert!(parse_range(" -0.5 .. 1e3 ").is_ok());
        for (text, part) in [
            ("4", "\"4\""),
            ("4..-4", "4 is not less than -4"),
            ("1..1", "1 is not less than 1"),
            ("a..4", "\"a\""),
            ("0..inf", "\"inf\""),
            ("nan..1", "\"nan\""),
            ("-3e38..3e38", "too many"),
            ("1..1.0000001", "too few"),
        ] {
            let error = parse_range(text).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
