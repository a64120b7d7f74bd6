//! This crate as one of the programs of a benchmark of activation libraries: it prints a line of JSON per measurement and writes
//! results as raw little-endian f32, so that any other program can be measured and checked beside it.
//!
//! ```text
//! peer bench [--engine cpu|gpu] --threads T --secs S --sizes N,N [--ops a,b]
//! peer eval  [--engine cpu|gpu] --dir DIR --out DIR/NAME [--ops a,b]
//! ```
//!
//! `bench` measures `fwd` (y = f(x)), `bwd` (dx = grad·f'(x); for relu, sigmoid and tanh from the output, as PyTorch does it, with
//! `bwd_from_x` beside it) and `deriv` (f'(x)). The CPU writes into memory that exists; on the GPU `device` is one call and one wait
//! with the data on the device, `roundtrip` goes from host memory to host memory, and there is `fwdbwd`: both y and the gradient of
//! the sum of y, as automatic differentiation gives them, with `fwdbwd_grad` for a gradient of y in memory instead of ones.
//! `eval` reads `DIR/x.f32` and writes f(x) and f'(x) to `OP.fwd.f32` and `OP.bwd.f32`. softmax is over rows of 1024: its
//! inputs are `DIR/softmax_x.f32`, and the gradient is that for the gradients `DIR/softmax_g.f32` of its outputs.

use nonlin::cpu::Cpu;
use nonlin::rows::{Softmax, SoftmaxEngine};
use nonlin::{Activation, Direction, Engine, Gpu, Tensor};
use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The other programs' name of an operation, and ours.
const OPS: &[(&str, &str)] = &[
    ("relu", "relu"),
    ("leaky_relu", "leaky_relu(slope=0.1)"),
    ("elu", "elu"),
    ("selu", "selu"),
    ("sigmoid", "sigmoid"),
    ("tanh", "tanh"),
    ("gelu_erf", "gelu"),
    ("gelu_tanh", "gelu_tanh"),
    ("gelu_quick", "gelu_quick"),
    ("silu", "silu"),
    ("softplus", "softplus"),
    ("mish", "mish"),
    ("hardswish", "hard_swish"),
];

/// Operations whose backward pass PyTorch computes from the output.
const FROM_OUTPUT: &[&str] = &["relu", "sigmoid", "tanh"];

/// The one operation over rows, and the length of a row.
const SOFTMAX: &str = "softmax";
const COLUMNS: usize = 1024;

struct Options {
    mode: String,
    gpu: bool,
    threads: usize,
    secs: f64,
    sizes: Vec<usize>,
    ops: Vec<String>,
    dir: String,
    out: String,
}

fn options() -> Result<Options> {
    let mut options = Options {
        mode: String::new(),
        gpu: false,
        threads: 2,
        secs: 0.15,
        sizes: vec![1 << 20],
        ops: Vec::new(),
        dir: "acc".into(),
        out: String::new(),
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        if let "bench" | "eval" = name.as_str() {
            options.mode = name;
            continue;
        }
        let value = arguments
            .next()
            .ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--engine" => {
                options.gpu = match value.as_str() {
                    "cpu" => false,
                    "gpu" => true,
                    _ => return Err(format!("--engine is {value}, allowed are cpu and gpu").into()),
                }
            }
            "--threads" => options.threads = value.parse()?,
            "--secs" => options.secs = value.parse()?,
            "--sizes" => {
                options.sizes = value
                    .split(',')
                    .map(str::parse)
                    .collect::<std::result::Result<_, _>>()?
            }
            "--ops" => options.ops = value.split(',').map(str::to_owned).collect(),
            "--dir" => options.dir = value,
            "--out" => options.out = value,
            _ => return Err(format!("unknown argument {name}").into()),
        }
    }
    Ok(options)
}

impl Options {
    fn wants(&self, op: &str) -> bool {
        self.ops.is_empty() || self.ops.iter().any(|wanted| wanted == op)
    }

    /// Sizes that are whole rows, where softmax is wanted.
    fn softmax_sizes(&self) -> impl Iterator<Item = usize> {
        let sizes = self.sizes.iter().copied();
        sizes.filter(|n| self.wants(SOFTMAX) && n % COLUMNS == 0)
    }
}

fn main() -> Result<()> {
    let options = options()?;
    let ops: Vec<(&str, Activation)> = OPS
        .iter()
        .filter(|(name, _)| options.wants(name))
        .map(|(name, ours)| Ok((*name, ours.parse()?)))
        .collect::<Result<_>>()?;
    match options.mode.as_str() {
        "bench" if options.gpu => {
            let gpu = Gpu::new()?;
            eprintln!("nonlin-gpu: {}", gpu.info());
            bench_gpu(&options, &ops, &gpu)?;
            bench_softmax_gpu(&options, &gpu)
        }
        "bench" => {
            let cpu = Cpu::with_threads(options.threads)?;
            bench_cpu(&options, &ops, &cpu)?;
            bench_softmax_cpu(&options, &cpu)
        }
        "eval" if options.gpu => eval(&options, &ops, &Gpu::new()?),
        "eval" => eval(&options, &ops, &Cpu::with_threads(options.threads)?),
        _ => Err("peer bench|eval …".into()),
    }
}

/// What is measured for an operation: its name in the output, and whether `x` is replaced by the function's output.
fn directions(op: &str) -> Vec<(&'static str, Direction)> {
    let mut all = vec![
        ("fwd", Direction::Forward),
        ("deriv", Direction::Derivative),
    ];
    if FROM_OUTPUT.contains(&op) {
        all.push(("bwd", Direction::BackwardFromOutput));
        all.push(("bwd_from_x", Direction::Backward));
    } else {
        all.push(("bwd", Direction::Backward));
    }
    all
}

fn bench_cpu(options: &Options, ops: &[(&str, Activation)], cpu: &Cpu) -> Result<()> {
    for &n in &options.sizes {
        let (x, grad) = (Lines::of(&randn(n, 1)), Lines::of(&randn(n, 2)));
        let mut out = Lines::of(&nonlin::zeros(n));
        for (op, f) in ops {
            let y = Lines::of(&cpu.forward(f, &x)?);
            for (name, direction) in directions(op) {
                let operand = if direction.from_output() { &y } else { &x };
                let grad = direction.takes_grad().then_some(&grad[..]);
                let times = time_ms(options.secs, || {
                    cpu.compute(f, direction, operand, grad, &mut out)?;
                    black_box(&mut out);
                    Ok(())
                })?;
                Line {
                    peer: "nonlin-cpu",
                    op,
                    name,
                    mode: "prealloc",
                    n,
                    threads: options.threads,
                }
                .print(direction.bytes_per_element(), times);
            }
        }
    }
    Ok(())
}

fn bench_gpu(options: &Options, ops: &[(&str, Activation)], gpu: &Gpu) -> Result<()> {
    for &n in &options.sizes {
        let (host_x, host_grad) = (randn(n, 1), randn(n, 2));
        let (x, grad) = (gpu.upload(&host_x)?, gpu.upload(&host_grad)?);
        let (out, dx) = (gpu.empty(n)?, gpu.empty(n)?);
        let mut host_out = nonlin::zeros(n);
        for (op, f) in ops {
            let y: Tensor = gpu.forward(f, &x)?;
            for (name, direction) in directions(op) {
                let operand = if direction.from_output() { &y } else { &x };
                let grad = direction.takes_grad().then_some(&grad);
                let line = Line {
                    peer: "nonlin-gpu",
                    op,
                    name,
                    mode: "device",
                    n,
                    threads: options.threads,
                };
                let times = time_ms(options.secs, || {
                    gpu.compute_tensor(f, direction, operand, grad, &out)?;
                    Ok(gpu.wait()?)
                })?;
                line.print(direction.bytes_per_element(), times);
                if direction == Direction::Forward {
                    let times = time_ms(options.secs, || {
                        gpu.compute(f, direction, &host_x, None, &mut host_out)?;
                        black_box(&mut host_out);
                        Ok(())
                    })?;
                    Line {
                        mode: "roundtrip",
                        ..line
                    }
                    .print(direction.bytes_per_element(), times);
                }
            }
            for (name, direction, grad) in [
                ("fwdbwd", Direction::Derivative, None),
                ("fwdbwd_grad", Direction::Backward, Some(&grad)),
            ] {
                let times = time_ms(options.secs, || {
                    match grad {
                        None => gpu.forward_and_derivative_into(f, &x, &out, &dx)?,
                        Some(grad) => gpu.forward_and_backward_into(f, &x, grad, &out, &dx)?,
                    }
                    Ok(gpu.wait()?)
                })?;
                Line {
                    peer: "nonlin-gpu",
                    op,
                    name,
                    mode: "device",
                    n,
                    threads: options.threads,
                }
                .print(8 + direction.bytes_per_element(), times);
            }
        }
    }
    Ok(())
}

fn bench_softmax_cpu(options: &Options, cpu: &Cpu) -> Result<()> {
    let f = Softmax::softmax();
    for n in options.softmax_sizes() {
        let (x, grad) = (Lines::of(&randn(n, 1)), Lines::of(&randn(n, 2)));
        let mut out = Lines::of(&nonlin::zeros(n));
        let y = Lines::of(&cpu.softmax(&f, &x, COLUMNS)?);
        let line = Line {
            peer: "nonlin-cpu",
            op: SOFTMAX,
            name: "fwd",
            mode: "prealloc",
            n,
            threads: options.threads,
        };
        let times = time_ms(options.secs, || {
            cpu.softmax_into(&f, &x, COLUMNS, &mut out)?;
            black_box(&mut out);
            Ok(())
        })?;
        line.print(Direction::Forward.bytes_per_element(), times);
        let times = time_ms(options.secs, || {
            cpu.softmax_backward_into(&f, &y, &grad, COLUMNS, &mut out)?;
            black_box(&mut out);
            Ok(())
        })?;
        Line {
            name: "bwd",
            ..line
        }
        .print(Direction::Backward.bytes_per_element(), times);
    }
    Ok(())
}

fn bench_softmax_gpu(options: &Options, gpu: &Gpu) -> Result<()> {
    let f = Softmax::softmax();
    for n in options.softmax_sizes() {
        let (host_x, mut host_out) = (randn(n, 1), nonlin::zeros(n));
        let (x, grad, out) = (
            gpu.upload(&host_x)?,
            gpu.upload(&randn(n, 2))?,
            gpu.empty(n)?,
        );
        let y = gpu.softmax(&f, &x, COLUMNS)?;
        let line = Line {
            peer: "nonlin-gpu",
            op: SOFTMAX,
            name: "fwd",
            mode: "device",
            n,
            threads: options.threads,
        };
        let times = time_ms(options.secs, || {
            gpu.softmax_into(&f, &x, COLUMNS, &out)?;
            Ok(gpu.wait()?)
        })?;
        line.print(Direction::Forward.bytes_per_element(), times);
        let times = time_ms(options.secs, || {
            SoftmaxEngine::softmax_into(gpu, &f, &host_x, COLUMNS, &mut host_out)?;
            black_box(&mut host_out);
            Ok(())
        })?;
        Line {
            mode: "roundtrip",
            ..line
        }
        .print(Direction::Forward.bytes_per_element(), times);
        let times = time_ms(options.secs, || {
            gpu.softmax_backward_into(&f, &y, &grad, COLUMNS, &out)?;
            Ok(gpu.wait()?)
        })?;
        Line {
            name: "bwd",
            ..line
        }
        .print(Direction::Backward.bytes_per_element(), times);
    }
    Ok(())
}

fn read(options: &Options, name: &str) -> Result<Vec<f32>> {
    let bytes = fs::read(Path::new(&options.dir).join(name))?;
    let numbers = bytes.chunks_exact(4);
    Ok(numbers
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect())
}

fn write(options: &Options, op: &str, fwd: &[f32], bwd: &[f32]) -> Result<()> {
    for (name, values) in [("fwd", fwd), ("bwd", bwd)] {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        fs::write(
            Path::new(&options.out).join(format!("{op}.{name}.f32")),
            bytes,
        )?;
    }
    Ok(())
}

fn eval<E: Engine + SoftmaxEngine>(
    options: &Options,
    ops: &[(&str, Activation)],
    engine: &E,
) -> Result<()> {
    let x = read(options, "x.f32")?;
    let out = Path::new(&options.out);
    fs::create_dir_all(out)?;
    for (op, f) in ops {
        let (fwd, bwd) = (
            Engine::forward(engine, f, &x)?,
            Engine::derivative(engine, f, &x)?,
        );
        write(options, op, &fwd, &bwd)?;
    }
    if options.wants(SOFTMAX) {
        let (x, grad) = (
            read(options, "softmax_x.f32")?,
            read(options, "softmax_g.f32")?,
        );
        let f = Softmax::softmax();
        let y = SoftmaxEngine::softmax(engine, &f, &x, COLUMNS)?;
        let dx = SoftmaxEngine::softmax_backward(engine, &f, &y, &grad, COLUMNS)?;
        write(options, SOFTMAX, &y, &dx)?;
    }
    fs::write(out.join("version"), env!("CARGO_PKG_VERSION"))?;
    Ok(())
}

/// Runs `work` for about `secs`, 5 to 400 times, after a warm-up; milliseconds of the fastest and the middle run, and how many there were.
fn time_ms(secs: f64, mut work: impl FnMut() -> Result<()>) -> Result<(f64, f64, usize)> {
    let (start, mut warm) = (Instant::now(), 0);
    loop {
        let elapsed = start.elapsed().as_secs_f64();
        if !(warm < 2 || (warm < 8 && elapsed < 1.0) || (elapsed < secs / 3.0 && warm < 50)) {
            break;
        }
        work()?;
        warm += 1;
    }
    let (start, mut ms) = (Instant::now(), Vec::new());
    while ms.len() < 5 || (start.elapsed().as_secs_f64() < secs && ms.len() < 400) {
        let one = Instant::now();
        work()?;
        ms.push(one.elapsed().as_secs_f64() * 1e3);
    }
    ms.sort_by(f64::total_cmp);
    Ok((ms[0], ms[ms.len() / 2], ms.len()))
}

#[derive(Clone, Copy)]
struct Line<'a> {
    peer: &'a str,
    op: &'a str,
    name: &'a str,
    mode: &'a str,
    n: usize,
    threads: usize,
}

impl Line<'_> {
    /// `bytes` is what an element reads and writes at least.
    fn print(self, bytes: usize, (min, median, runs): (f64, f64, usize)) {
        let Self {
            peer,
            op,
            name,
            mode,
            n,
            threads,
        } = self;
        let gb = (bytes * n) as f64 / 1e6;
        println!(
            "{{\"peer\":\"{peer}\",\"version\":\"{}\",\"op\":\"{op}\",\"direction\":\"{name}\",\"mode\":\"{mode}\",\"dtype\":\"f32\",\
             \"n\":{n},\"threads\":{threads},\"ms_min\":{min:.5},\"ms_median\":{median:.5},\"gbps_median\":{:.3},\"gbps_best\":{:.3},\
             \"runs\":{runs},\"batch\":1}}",
            env!("CARGO_PKG_VERSION"),
            gb / median,
            gb / min,
        );
    }
}

/// Numbers that begin with a cache line, as those of the other libraries do; a long `Vec` begins 16 bytes behind one.
struct Lines {
    room: Vec<f32>,
    start: usize,
    len: usize,
}

impl Lines {
    fn of(numbers: &[f32]) -> Self {
        let mut room = nonlin::zeros(numbers.len() + 16);
        let start = room.as_ptr().align_offset(64).min(16);
        room[start..start + numbers.len()].copy_from_slice(numbers);
        let len = numbers.len();
        Self { room, start, len }
    }
}

impl std::ops::Deref for Lines {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        &self.room[self.start..self.start + self.len]
    }
}

impl std::ops::DerefMut for Lines {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.room[self.start..self.start + self.len]
    }
}

/// Standard normal numbers, the same on every run and in every program of the benchmark.
fn randn(n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut uniform = || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        ((state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    };
    let mut numbers = Vec::with_capacity(n + 1);
    while numbers.len() < n {
        let (radius, angle) = (
            (-2.0 * uniform().ln()).sqrt(),
            std::f64::consts::TAU * uniform(),
        );
        numbers.extend([(radius * angle.cos()) as f32, (radius * angle.sin()) as f32]);
    }
    numbers.truncate(n);
    numbers
}
