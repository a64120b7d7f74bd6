//! What the benches share: the engines of the machine, inputs, sizes, and the check of every result before it is timed.
//!
//! `NONLIN_BENCH_ELEMENTS` takes the place of a bench's own sizes: `2^12,1000000`, or `all` for 2^10 to 2^26. `NONLIN_ADAPTER` chooses the
//! adapter. In test mode every bench runs each of its functions once, over few elements.

// Each bench uses its own part of this.
#![allow(dead_code)]

pub mod check;
pub mod limit;
pub mod turns;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, Throughput};
use nonlin::cpu::Cpu;
use nonlin::{Engine, Error, Gpu, Result, Tensor};
use std::hint::black_box;
use std::time::Duration;

/// From what fits into the nearest cache to what fits into none.
pub const SIZES: [usize; 7] = [
    1 << 10,
    1 << 14,
    1 << 18,
    STANDARD,
    1 << 22,
    1 << 24,
    1 << 26,
];

/// The size that everything is measured at.
pub const STANDARD: usize = 1 << 20;

/// Elements in test mode: no whole number of vectors, groups or cache lines.
const FEW: usize = 4097;

/// From this size on a call takes milliseconds, and a sample is one call.
const LONG: usize = 1 << 22;

/// Whether everything is to run once only: `cargo bench -- --test`, and whatever else runs a bench without `--bench`, as criterion sees it.
pub fn testing() -> bool {
    let given = |wanted| std::env::args().any(|argument| argument == wanted);
    given("--test") || !given("--bench")
}

/// The numbers of elements to measure, `default` unless the environment says otherwise.
pub fn sizes(default: &[usize]) -> Vec<usize> {
    match wanted() {
        _ if testing() => vec![FEW],
        Some(wanted) => wanted,
        None => default.to_vec(),
    }
}

/// The same for slices that are streamed: in test mode long enough for many chunks.
pub fn long(default: usize) -> Vec<usize> {
    if testing() {
        vec![(1 << 18) + 1]
    } else {
        sizes(&[default])
    }
}

/// What the environment says.
pub fn wanted() -> Option<Vec<usize>> {
    const VARIABLE: &str = "NONLIN_BENCH_ELEMENTS";
    let text = std::env::var(VARIABLE).ok()?;
    if text == "all" {
        return Some(SIZES.to_vec());
    }
    let read = |word: &str| match word.trim().split_once('^') {
        Some(("2", power)) => 1usize.checked_shl(power.parse().ok()?),
        _ => word.trim().parse().ok(),
    };
    let sizes: Option<Vec<usize>> = text.split(',').map(read).collect();
    Some(sizes.unwrap_or_else(|| panic!("{VARIABLE}={text}: numbers such as 2^20,1000 or `all`")))
}

/// What is measured.
pub struct Engines {
    pub one: Cpu,
    pub all: Cpu,
    pub gpu: Option<Gpu>,
}

impl Engines {
    /// Opens and prints them. A missing adapter is said, and leaves the GPU's part out.
    pub fn open() -> Self {
        let all = Cpu::new();
        println!("CPU: {}", all.description());
        Self {
            one: Cpu::with_threads(1).expect("one thread needs no team"),
            all,
            gpu: open_gpu(),
        }
    }

    pub fn cpus(&self) -> [(&'static str, &Cpu); 2] {
        [("cpu 1 thread", &self.one), ("cpu all threads", &self.all)]
    }
}

/// The adapter that is measured, printed; where there is none, that is printed. One that was named and is not there is an error.
pub fn open_gpu() -> Option<Gpu> {
    match Gpu::new() {
        Ok(gpu) => {
            println!("GPU: {}", gpu.info());
            Some(gpu)
        }
        Err(error @ Error::NoSuchAdapter { .. }) => panic!("{error}"),
        Err(error) => {
            eprintln!("SKIP: no GPU is measured: {error}");
            None
        }
    }
}

/// Numbers with the mean and the variance of standard-normal ones, as `nonlin bench` and the benchmarks of other libraries take them, the same in every run.
pub fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state) / f64::from(u32::MAX) - 0.5
    };
    let mut numbers = nonlin::zeros(count);
    numbers.fill_with(|| (3f64.sqrt() * (next() + next() + next() + next())) as f32);
    numbers
}

/// Criterion with the time that one measurement takes.
pub fn criterion(measurement: Duration) -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(measurement / 4)
        .measurement_time(measurement)
        .nresamples(10_000)
}

/// Says how much a call of the next measurements works on; long ones are sampled call by call.
pub fn work(group: &mut BenchmarkGroup<'_, WallTime>, elements: usize, bytes_per_element: usize) {
    group.throughput(Throughput::ElementsAndBytes {
        elements: elements as u64,
        bytes: (elements * bytes_per_element) as u64,
    });
    let (samples, mode) = match elements {
        LONG.. => (10, SamplingMode::Flat),
        _ => (20, SamplingMode::Auto),
    };
    group.sample_size(samples).sampling_mode(mode);
}

/// What a run works on.
pub trait State {
    /// Takes out what would pass for a result, before the run that is verified.
    fn clear(&mut self);
}

impl State for () {
    fn clear(&mut self) {}
}

impl State for u32 {
    fn clear(&mut self) {
        *self = 0;
    }
}

impl State for Vec<f32> {
    fn clear(&mut self) {
        self.fill(f32::NAN);
    }
}

impl<const N: usize> State for [Vec<f32>; N] {
    fn clear(&mut self) {
        self.iter_mut().for_each(State::clear);
    }
}

/// A result on the device.
pub struct OnDevice<'a> {
    pub gpu: &'a Gpu,
    pub tensor: Tensor,
}

impl OnDevice<'_> {
    pub fn download(&self) -> Vec<f32> {
        self.tensor.download().expect("the result comes back")
    }
}

impl State for OnDevice<'_> {
    fn clear(&mut self) {
        let nothing = vec![f32::NAN; self.tensor.len()];
        self.gpu
            .upload_into(&nothing, &self.tensor)
            .expect("the tensor takes numbers");
    }
}

/// Times `run` over `state`, after one run whose results `verify` looks at; nothing of it where the filter leaves the measurement out.
pub fn measure<S: State>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    elements: usize,
    state: &mut S,
    run: impl Fn(&mut S) -> Result<()>,
    verify: impl Fn(&mut S),
) {
    let mut verified = false;
    group.bench_function(BenchmarkId::new(name, elements), |bencher| {
        if !verified {
            state.clear();
            run(state).unwrap_or_else(|error| panic!("{name}: {error}"));
            verify(state);
            verified = true;
        }
        bencher.iter(|| {
            run(black_box(&mut *state)).unwrap_or_else(|error| panic!("{name}: {error}"));
        });
    });
}
