//! `nonlin apply`: a function of all numbers in a file, of any size.

mod format;

use crate::failure::Failure;
use crate::whole_file::WholeFile;
use crate::{engines, ops};
use format::{Array, Format, broken_number, write_failure};
use indicatif::{ProgressBar, ProgressStyle};
use nonlin::Chain;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Elements that are read, computed and written at once.
const PART: usize = 4 << 20;
/// Parts that are on their way at once: one is read, one computed, one written.
const PARTS: usize = 3;

/// The command's options.
#[derive(clap::Args)]
pub struct Options {
    /// The function with its parameters, such as gelu or 'leaky_relu(slope=0.1)', or a chain such as 'scale(0.5) | gelu | offset(1)'.
    function: String,
    /// The file to read; `-` is standard input.
    input: PathBuf,
    /// The file to write, which may be the same; `-` is standard output. It appears when all of it is there.
    output: PathBuf,
    /// The derivative instead of the function.
    #[arg(long, conflicts_with = "from_output")]
    derivative: bool,
    /// The derivative, with the numbers taken as the function's outputs.
    #[arg(long)]
    from_output: bool,
    /// The format of standard input and output; that of files follows from their names: .npy, else bare little-endian f32.
    #[arg(long, default_value = "f32")]
    format: Format,
    /// What computes: without it, a hardware GPU or else the CPU.
    #[arg(long)]
    engine: Option<engines::Choice>,
    #[arg(long, value_name = "NAME", help = engines::ADAPTER_HELP)]
    adapter: Option<String>,
}

/// Runs the command.
pub fn run(options: &Options, out: &mut dyn Write) -> Result<(), Failure> {
    let f: Chain<'_> = options.function.parse()?;
    let direction = ops::direction(&f, options.derivative, options.from_output)?;
    let engine = engines::open(options.engine, options.adapter.as_deref())?;
    let (mut source, array) = open_input(options)?;
    let mut sink = Sink::open(options, &array, out)?;
    let bar = progress_bar(array.len);
    let input = name(&options.input, "standard input");
    let done = copy_through(&mut *source, &input, &mut sink, array.len, |part| {
        engine.compute_in_place(&f, direction, part)?;
        bar.inc(part.len() as u64);
        Ok(())
    })?;
    if let Some(len) = array.len.filter(|len| *len != done) {
        return Err(Failure::Failed(format!(
            "{input}: it ends after {done} of {len} elements"
        )));
    }
    sink.finish()
}

fn is_stream(path: &Path) -> bool {
    path == Path::new("-")
}

fn name(path: &Path, stream: &str) -> String {
    if is_stream(path) {
        stream.to_owned()
    } else {
        path.display().to_string()
    }
}

fn open_input(options: &Options) -> Result<(Box<dyn Read + Send>, Array), Failure> {
    let path = &options.input;
    let name = name(path, "standard input");
    let (mut source, format, bytes): (Box<dyn Read + Send>, _, _) = if is_stream(path) {
        (Box::new(io::stdin()), options.format, None)
    } else {
        let fail = |error: io::Error| Failure::with_path(&name, &error);
        let file = File::open(path).map_err(fail)?;
        let about = file.metadata().map_err(fail)?;
        if about.is_dir() {
            return Err(Failure::Failed(format!("{name}: it is a directory")));
        }
        let bytes = about.is_file().then_some(about.len());
        (Box::new(file), Format::of(path), bytes)
    };
    let array = match format {
        Format::Npy => Array::read_header(&name, &mut source)?,
        Format::F32 => Array::bare(&name, bytes)?,
    };
    Ok((source, array))
}

/// Where the results go.
enum Sink<'a> {
    Stream(&'a mut dyn Write),
    File(WholeFile),
}

impl<'a> Sink<'a> {
    fn open(options: &Options, array: &Array, out: &'a mut dyn Write) -> Result<Self, Failure> {
        let path = options.output.as_path();
        let (mut sink, format) = if is_stream(path) {
            (Self::Stream(out), options.format)
        } else {
            (Self::File(WholeFile::create(path)?), Format::of(path))
        };
        if format == Format::Npy {
            let name = sink.name();
            array.write_header(&name, sink.writer())?;
        }
        Ok(sink)
    }

    fn name(&self) -> String {
        match self {
            Self::Stream(_) => "standard output".to_owned(),
            Self::File(file) => file.name(),
        }
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Stream(out) => out,
            Self::File(file) => file.writer(),
        }
    }

    fn write(&mut self, part: &[f32]) -> Result<(), Failure> {
        let name = self.name();
        let writer = self.writer();
        let written = if cfg!(target_endian = "little") {
            writer.write_all(bytemuck::cast_slice(part))
        } else {
            part.iter()
                .try_for_each(|x| writer.write_all(&x.to_le_bytes()))
        };
        written.map_err(|error| write_failure(&name, &error))
    }

    fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Stream(out) => out
                .flush()
                .map_err(|error| write_failure("standard output", &error)),
            Self::File(file) => file.finish(),
        }
    }
}

/// Reads on a thread of its own, computes here, and writes; gives the number of elements. Parts that were written go back to the reader, so
/// that nothing is allocated after the first ones.
fn copy_through(
    source: &mut (dyn Read + Send),
    name: &str,
    sink: &mut Sink<'_>,
    len: Option<u64>,
    mut compute: impl FnMut(&mut [f32]) -> Result<(), Failure>,
) -> Result<u64, Failure> {
    let (full, filled) = sync_channel(PARTS);
    let (empty, emptied) = sync_channel(PARTS);
    for _ in 0..PARTS {
        // The channel has room for all of them.
        let _ = empty.send(Vec::new());
    }
    // The channels' ends move in, so that they are dropped after a failure, which is what ends the reader.
    std::thread::scope(move |scope| {
        scope.spawn(move || read_parts(source, name, len, emptied, full));
        let mut done = 0;
        while let Ok(part) = filled.recv() {
            let mut part: Vec<f32> = part?;
            compute(&mut part)?;
            sink.write(&part)?;
            done += part.len() as u64;
            let _ = empty.send(part);
        }
        Ok(done)
    })
}

/// Reads parts until the end, or until nobody takes them.
fn read_parts(
    source: &mut dyn Read,
    name: &str,
    len: Option<u64>,
    emptied: Receiver<Vec<f32>>,
    full: SyncSender<Result<Vec<f32>, Failure>>,
) {
    let (mut done, mut left) = (0, len.unwrap_or(u64::MAX));
    while left > 0 {
        let Ok(mut part) = emptied.recv() else {
            return;
        };
        part.resize(PART.min(usize::try_from(left).unwrap_or(PART)), 0.0);
        let count = match read_part(source, name, done, &mut part) {
            Ok(0) => return,
            Ok(count) => count,
            Err(failure) => {
                // Nobody may be there any more to be told.
                let _ = full.send(Err(failure));
                return;
            }
        };
        part.truncate(count);
        (done, left) = (done + count as u64, left - count as u64);
        if full.send(Ok(part)).is_err() {
            return;
        }
    }
}

/// Fills a part as far as there is something to read, and gives the number of elements; `done` were read before.
fn read_part(
    source: &mut dyn Read,
    name: &str,
    done: u64,
    part: &mut [f32],
) -> Result<usize, Failure> {
    let bytes: &mut [u8] = bytemuck::cast_slice_mut(part);
    let mut filled = 0;
    while filled < bytes.len() {
        match source.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Failure::with_path(name, &error)),
        }
    }
    if filled % 4 != 0 {
        return Err(broken_number(name, done * 4 + filled as u64));
    }
    let count = filled / 4;
    if cfg!(target_endian = "big") {
        for x in &mut part[..count] {
            *x = f32::from_bits(x.to_bits().swap_bytes());
        }
    }
    Ok(count)
}

/// Hidden where standard error is no terminal.
fn progress_bar(len: Option<u64>) -> ProgressBar {
    let (bar, template) = match len {
        Some(len) => (
            ProgressBar::new(len),
            "{bar:24} {human_pos}/{human_len} elements, {eta} left",
        ),
        None => (
            ProgressBar::no_length(),
            "{spinner} {human_pos} elements, {elapsed}",
        ),
    };
    let style = ProgressStyle::with_template(template);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
