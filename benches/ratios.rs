//! Times of the GPU engine set against what bounds them, taken in turn in one run: what criterion, which takes one time after another,
//! cannot tell on a machine that is not quiet.
//!
//! `cargo bench --bench ratios`, or with the names of some: `-- "round trip" streaming steady batch`. Medians of 15 turns; a
//! ratio is the median of the turns' ratios.

mod support;

use nonlin::{Activation, Direction, Engine, Gpu, Result};
use std::hint::black_box;
use std::time::Instant;
use support::turns::Turns;
use support::{check, limit, numbers};

/// A name and what is measured under it.
type Measurement = (&'static str, fn(&Gpu) -> Result<()>);

const MEASUREMENTS: [Measurement; 4] = [
    ("round trip", round_trip),
    ("streaming", streaming),
    ("steady", steady),
    ("batch", batch),
];

fn main() {
    if std::env::args().any(|argument| argument == "--list") {
        MEASUREMENTS
            .iter()
            .for_each(|(name, _)| println!("{name}: benchmark"));
        return;
    }
    let chosen: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    let Some(gpu) = support::open_gpu() else {
        return;
    };
    for (name, measure) in MEASUREMENTS {
        if chosen.is_empty() || chosen.iter().any(|chosen| chosen == name) {
            gpu.trim();
            measure(&gpu).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}

/// `full` elements, or few in test mode.
fn elements(full: usize) -> usize {
    support::sizes(&[full])[0]
}

/// One call over slices against memcpy there, the kernel, and memcpy back.
fn round_trip(gpu: &Gpu) -> Result<()> {
    let n = elements(1 << 24);
    println!("round trip: sigmoid over a slice of {n} elements");
    let (f, x) = (Activation::sigmoid(), numbers(n, 1));
    let (mut there, mut back, mut y) = (nonlin::zeros(n), nonlin::zeros(n), nonlin::zeros(n));
    let (tensor, out) = (gpu.upload(&x)?, gpu.empty(n)?);
    let mut downloaded = nonlin::zeros(n);
    let turns = Turns::take(&mut [
        ("memcpy there", &mut || {
            there.copy_from_slice(black_box(&x));
            Ok(())
        }),
        ("kernel", &mut || {
            gpu.forward_into(&f, &tensor, &out)?;
            gpu.wait()
        }),
        ("memcpy back", &mut || {
            back.copy_from_slice(black_box(&x));
            Ok(())
        }),
        ("upload", &mut || {
            gpu.upload_into(black_box(&x), &tensor)?;
            gpu.wait()
        }),
        ("download", &mut || out.download_into(&mut downloaded)),
        ("one call", &mut || {
            Engine::forward_into(gpu, &f, &x, &mut y)
        }),
    ])?;
    check::elements(&f, Direction::Forward, &x, &[], &y);
    check::same(&downloaded, &y);
    check::same(&there, &back);
    turns.ratio("upload", &["memcpy there"]);
    turns.ratio("download", &["memcpy back"]);
    turns.ratio("one call", &["memcpy there", "kernel", "memcpy back"]);
    Ok(())
}

/// A slice through a device that holds a quarter of it, against a device that holds all of it.
fn streaming(gpu: &Gpu) -> Result<()> {
    let n = support::long(1 << 28)[0];
    println!(
        "streaming: sigmoid over a slice of {n} elements through a device limited to a quarter of its bytes"
    );
    let (f, x) = (Activation::sigmoid(), numbers(n, 1));
    let mut y = nonlin::zeros(n);
    let mut downloaded = nonlin::zeros(n);
    let limited = limit::device(gpu, n as u64)?;
    let (tensor, out) = (gpu.upload(&x)?, gpu.empty(n)?);
    let turns = Turns::take(&mut [
        ("upload", &mut || {
            gpu.upload_into(&x, &tensor)?;
            gpu.wait()
        }),
        ("kernel", &mut || {
            gpu.forward_into(&f, &tensor, &out)?;
            gpu.wait()
        }),
        ("download", &mut || out.download_into(&mut downloaded)),
        ("one call, limited", &mut || {
            Engine::forward_into(&limited, &f, &x, &mut y)
        }),
    ])?;
    check::elements(&f, Direction::Forward, &x, &[], &y);
    check::same(&downloaded, &y);
    limit::check(&limited, n as u64);
    turns.ratio("one call, limited", &["upload", "kernel", "download"]);
    Ok(())
}

/// Many calls on one tensor: what they make on the device, and whether the memory of device and program stays as it is.
fn steady(gpu: &Gpu) -> Result<()> {
    let (n, calls) = (
        elements(1 << 16),
        if support::testing() { 100 } else { 10_000 },
    );
    println!("steady: {calls} forward calls on one tensor of {n} elements");
    let (f, x) = (Activation::sigmoid(), gpu.upload(&numbers(n, 1))?);
    let many = |calls| {
        (0..calls).try_for_each(|_| gpu.forward(&f, &x).map(drop))?;
        gpu.wait()
    };
    many(calls / 10)?;
    let (made, memory, resident) = (gpu.activity(), gpu.memory(), resident_kib());
    let start = Instant::now();
    many(calls)?;
    let time = start.elapsed();
    let now = gpu.activity();
    println!(
        "  {:.3} ms a call; buffers made: {}, bind groups: {}, pipelines: {}, submissions: {}",
        time.as_secs_f64() * 1e3 / f64::from(calls),
        now.buffers - made.buffers,
        now.bind_groups - made.bind_groups,
        now.pipelines - made.pipelines,
        now.submissions - made.submissions,
    );
    println!(
        "  device memory held: {} bytes before, {} after",
        memory.held,
        gpu.memory().held
    );
    if let (Some(before), Some(after)) = (resident, resident_kib()) {
        println!("  resident memory of the program: {before} KiB before, {after} after");
    }
    Ok(())
}

/// Resident memory, where the system says so (Linux).
fn resident_kib() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Ten calls in one submission against their kernels' own time.
fn batch(gpu: &Gpu) -> Result<()> {
    const CALLS: usize = 10;
    for n in [1 << 10, 1 << 16, 1 << 20].map(elements) {
        println!("batch: {CALLS} sigmoids of {n} elements");
        let (f, forward) = (Activation::sigmoid(), Direction::Forward);
        let x = numbers(n, 1);
        let tensors = [gpu.upload(&x)?, gpu.empty(n)?];
        let pairs = || (0..CALLS).map(|i| (&tensors[i % 2], &tensors[(i + 1) % 2]));
        let mut kernels = Vec::new();
        let mut clock = None;
        let mut turns = Turns::take(&mut [
            ("one submission", &mut || {
                gpu.batch(|batch| pairs().try_for_each(|(x, y)| batch.forward_into(&f, x, y)))?;
                gpu.wait()
            }),
            ("calls of their own", &mut || {
                pairs().try_for_each(|(x, y)| gpu.forward_into(&f, x, y))?;
                gpu.wait()
            }),
            ("the kernels, timed by the device", &mut || {
                let [x, y] = &tensors;
                let timing = gpu.time_compute(&f, forward, x, None, y, CALLS)?;
                kernels.push(timing.per_call * CALLS as u32);
                clock = Some(timing.clock);
                Ok(())
            }),
        ])?;
        let mut want = x;
        for _ in 0..2 * CALLS * kernels.len() {
            nonlin::cpu::Cpu::new().forward_in_place(&f, &mut want)?;
        }
        check::near(&tensors[0].download()?, &want);
        let by = clock.map_or_else(String::new, |clock| format!(", by {clock}"));
        let kernels_alone = format!("kernels alone{by}");
        turns.add(&kernels_alone, kernels);
        turns.ratio("one submission", &[&kernels_alone]);
        turns.ratio("calls of their own", &[&kernels_alone]);
    }
    Ok(())
}
