//! Measurements: the median of repetitions after a warm-up.

use crate::failure::Failure;
use crate::ulp::Operands;
use nonlin::cpu::Cpu;
use nonlin::gpu::Clock;
use nonlin::{Engine, Gpu};
use std::time::{Duration, Instant};

/// Repetitions that are made however long they take.
const FEWEST: usize = 5;
/// Repetitions beyond which a median gains nothing.
const MOST: usize = 2000;
/// A sample should last this long, so that the clock's resolution does not matter and a dispatch's start-up is shared.
const SAMPLE: Duration = Duration::from_micros(500);
/// Calls in one sample at most.
const MOST_CALLS: u32 = 256;

/// What repetitions of one call took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Timed {
    /// Their median.
    pub median: Duration,
    /// Between these lies their middle half.
    pub quartiles: [Duration; 2],
}

impl Timed {
    /// Of no repetitions: zero.
    pub fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |i: usize| times.get(i).copied().unwrap_or_default();
        let (count, quarter) = (times.len(), times.len() / 4);
        Self {
            median: at(count / 2),
            quartiles: [at(quarter), at((count - quarter).saturating_sub(1))],
        }
    }
}

impl std::ops::Mul<u32> for Timed {
    type Output = Self;

    fn mul(self, times: u32) -> Self {
        Self {
            median: self.median * times,
            quartiles: self.quartiles.map(|time| time * times),
        }
    }
}

/// Times of the GPU, for one call each.
pub struct GpuTimes {
    /// All operands from host memory to the device.
    pub upload: Timed,
    /// The kernel alone, operands and result on the device.
    pub compute: Timed,
    /// How `compute` and `copy` were measured.
    pub clock: Clock,
    /// The result from the device to host memory.
    pub download: Timed,
    /// From slices in host memory to a slice in host memory, as one call.
    pub total: Timed,
    /// A kernel that copies as many elements, in turn with `compute`.
    pub copy: Timed,
}

impl GpuTimes {
    /// Upload of one operand.
    pub fn upload_of_one(&self, operands: u32) -> Duration {
        self.upload.median / operands
    }
}

/// What `sample` gives, again and again, after one that does not count.
pub fn repeated<T>(
    budget: Duration,
    mut sample: impl FnMut() -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    sample()?;
    let start = Instant::now();
    let mut samples = Vec::new();
    while samples.len() < FEWEST || (start.elapsed() < budget && samples.len() < MOST) {
        samples.push(sample()?);
    }
    Ok(samples)
}

/// Times `call` by the wall clock.
pub fn wall(
    budget: Duration,
    mut call: impl FnMut() -> Result<(), nonlin::Error>,
) -> Result<Timed, Failure> {
    let start = Instant::now();
    call()?;
    let calls = calls_in_a_sample(start.elapsed());
    let times = repeated(budget, || {
        let start = Instant::now();
        for _ in 0..calls {
            call()?;
        }
        Ok(start.elapsed() / calls)
    })?;
    Ok(Timed::of(times))
}

fn calls_in_a_sample(one: Duration) -> u32 {
    let fit = SAMPLE.as_nanos() / one.as_nanos().max(1);
    (fit as u32).clamp(1, MOST_CALLS)
}

/// Times the CPU engine.
pub fn cpu(
    cpu: &Cpu,
    operands: &Operands<'_>,
    out: &mut [f32],
    budget: Duration,
) -> Result<Timed, Failure> {
    let Operands {
        f,
        direction,
        x,
        grad,
    } = *operands;
    wall(budget, || cpu.compute(f, direction, x, grad, out))
}

/// Times the GPU. `out` holds the checked result, which the tensors have to give too.
pub fn gpu(
    gpu: &Gpu,
    operands: &Operands<'_>,
    out: &mut [f32],
    budget: Duration,
) -> Result<GpuTimes, Failure> {
    let Operands {
        f,
        direction,
        x,
        grad,
    } = *operands;
    let x_tensor = gpu.upload(x)?;
    let grad_tensor = grad.map(|grad| gpu.upload(grad)).transpose()?;
    let out_tensor = gpu.empty(x.len())?;

    let upload = wall(budget, || {
        gpu.upload_into(x, &x_tensor)?;
        if let (Some(grad), Some(tensor)) = (grad, &grad_tensor) {
            gpu.upload_into(grad, tensor)?;
        }
        gpu.wait()
    })?;

    // Compute and copy take turns, so that a machine that slows down slows both.
    let kernel = |dispatches| {
        gpu.time_compute(
            f,
            direction,
            &x_tensor,
            grad_tensor.as_ref(),
            &out_tensor,
            dispatches,
        )
    };
    let first = kernel(1)?;
    let dispatches = calls_in_a_sample(first.per_call) as usize;
    let copied = gpu.empty(x.len())?;
    gpu.time_copy(&x_tensor, &copied, dispatches)?;
    let mut copies = Vec::new();
    let compute = repeated(budget * 2, || {
        copies.push(gpu.time_copy(&x_tensor, &copied, dispatches)?.per_call);
        Ok(kernel(dispatches)?.per_call)
    })?;

    let mut downloaded = super::inputs::zeros(out.len())?;
    let download = wall(budget, || out_tensor.download_into(&mut downloaded))?;
    let same = |(a, b): (&f32, &f32)| a.to_bits() == b.to_bits();
    if !downloaded.iter().zip(out.iter()).all(same) {
        let text = format!("{f} {direction}: tensors and slices give different results");
        return Err(Failure::Failed(text));
    }

    let total = wall(budget, || gpu.compute(f, direction, x, grad, out))?;
    Ok(GpuTimes {
        upload,
        compute: Timed::of(compute),
        clock: first.clock,
        download,
        total,
        copy: Timed::of(copies),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_repetitions_lies_between_the_quartiles() {
        let ns = Duration::from_nanos;
        let timed = Timed::of([5, 1, 4, 2, 3, 100, 6, 7].map(ns).to_vec());
        assert_eq!((timed.median, timed.quartiles), (ns(5), [ns(3), ns(6)]));
        let one = Timed::of(vec![ns(9)]);
        assert_eq!((one.median, one.quartiles), (ns(9), [ns(9); 2]));
        assert_eq!(Timed::of(Vec::new()), Timed::default());
    }
}
