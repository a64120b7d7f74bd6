//! The accuracy contract of the CPU forms, with and without fused multiply-add: what brackets the compilers of GPUs, which may do
//! either.

use super::{Cpu, Isa, THREADS_PAY_FROM};
use crate::{Activation, Direction, Engine};

/// Distance of `got` from `want` rounded to f32, in ULP of the larger of `want` and `magnitude`; a NaN on one side only is infinitely wrong. A subnormal result may
/// be flushed to zero.
fn ulp_error(got: f32, want: f64, magnitude: f64) -> f64 {
    let rounded = want as f32;
    if rounded.is_nan() || got.is_nan() {
        return if rounded.is_nan() && got.is_nan() {
            0.0
        } else {
            f64::INFINITY
        };
    }
    if got == rounded || (rounded.is_subnormal() && got == 0.0) {
        return 0.0;
    }
    if rounded.is_infinite() || got.is_infinite() {
        let (beyond, other) = if rounded.is_infinite() {
            (rounded, got)
        } else {
            (got, rounded)
        };
        let near = beyond.signum() == other.signum()
            && other.abs() >= f32::from_bits(f32::MAX.to_bits() - 4);
        return if near { 4.0 } else { f64::INFINITY };
    }
    let scale = (magnitude.abs() as f32).max(rounded.abs()).min(f32::MAX);
    let exponent = ((scale.to_bits() >> 23) as i32 - 127).max(-126);
    (f64::from(got) - f64::from(rounded)).abs() / f64::exp2(f64::from(exponent - 23))
}

/// A sweep over the bit patterns of f32.
fn inputs(step: usize) -> Vec<f32> {
    let edges = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        f32::MAX,
        f32::MIN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        f32::MIN_POSITIVE,
    ];
    edges
        .into_iter()
        .chain((0..=u32::MAX).step_by(step).map(f32::from_bits))
        .collect()
}

struct Worst {
    ulp: f64,
    x: f32,
    got: f32,
    want: f64,
}

fn worst(f: &Activation, direction: Direction, fused: bool, x: &[f32]) -> Worst {
    let mut out = vec![0.0; x.len()];
    let work = f.entry().scalar_loop(direction, fused);
    // SAFETY: both slices are of one length, and the caller checked for the instructions.
    unsafe {
        work(
            x.as_ptr(),
            std::ptr::null(),
            out.as_mut_ptr(),
            x.len(),
            &f.constants(),
            crate::cpu::Results::Cached,
        )
    };
    let referee = f.referee();
    let mut worst = Worst {
        ulp: 0.0,
        x: 0.0,
        got: 0.0,
        want: 0.0,
    };
    for (&x, &got) in x.iter().zip(&out) {
        let want = referee.value(direction, f64::from(x));
        let ulp = ulp_error(got, want, referee.magnitude(direction, f64::from(x)));
        if ulp > worst.ulp || ulp.is_nan() {
            worst = Worst { ulp, x, got, want };
        }
    }
    worst
}

#[test]
fn the_bound_holds_with_and_without_fma() {
    let step: usize = std::env::var("NONLIN_SWEEP_STEP")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(104_729);
    let only = std::env::var("NONLIN_SWEEP_OPS").ok();
    let x = inputs(step);
    let mut broken = Vec::new();
    for f in Activation::all() {
        if only
            .as_ref()
            .is_some_and(|only| !Activation::parse_list(only).unwrap().contains(&f))
        {
            continue;
        }
        for direction in [
            Direction::Forward,
            Direction::Derivative,
            Direction::DerivativeFromOutput,
        ] {
            if direction.from_output() && !f.has_derivative_from_output() {
                continue;
            }
            for fused in [true, false] {
                if fused
                    && cfg!(target_arch = "x86_64")
                    && !super::Isa::available().contains(&super::Isa::Avx2)
                {
                    continue;
                }
                let bound = f.metadata().bound(direction);
                let outputs: Vec<f32>;
                let operand = if direction.from_output() {
                    outputs = x
                        .iter()
                        .map(|&x| f.reference(Direction::Forward, f64::from(x)) as f32)
                        .collect();
                    &outputs
                } else {
                    &x
                };
                let worst = worst(&f, direction, fused, operand);
                let line = format!(
                    "{f} {direction}, {} fma: {:.3} ULP at {:e} ({:#010x}), got {:e}, want {:e}",
                    if fused { "with" } else { "without" },
                    worst.ulp,
                    worst.x,
                    worst.x.to_bits(),
                    worst.got,
                    worst.want
                );
                println!("{line}");
                if worst.ulp > f64::from(bound) {
                    broken.push(line);
                }
            }
        }
    }
    assert!(
        broken.is_empty(),
        "{} bounds are broken:\n{}",
        broken.len(),
        broken.join("\n")
    );
}

/// Some forms hold for moderate inputs only, and a block that has others is computed in two ways.
#[test]
fn a_result_depends_on_nothing_beside_its_input() {
    let ordinary: Vec<f32> = (-40..=40).map(|i| i as f32 * 0.117_3).collect();
    let others = [
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        1e30,
        -1e30,
        70.0,
        -70.0,
        -35.0,
        10.0,
        1e-40,
        0.752_461_4,
        -0.751_154_2,
        -1.278_464_6,
    ];
    for isa in Isa::available() {
        let cpu = Cpu::with_threads(1).unwrap().with_isa(*isa).unwrap();
        let results = |f: &Activation, direction: Direction, x: &[f32]| -> Vec<u32> {
            let grad = direction.takes_grad().then(|| vec![0.75; x.len()]);
            let mut out = vec![0.0; x.len()];
            cpu.compute(f, direction, x, grad.as_deref(), &mut out)
                .unwrap();
            out.iter().map(|y| y.to_bits()).collect()
        };
        for f in Activation::all() {
            for direction in [
                Direction::Forward,
                Direction::Derivative,
                Direction::Backward,
            ] {
                let alone: Vec<u32> = ordinary
                    .iter()
                    .map(|&x| results(&f, direction, &[x; 64])[17])
                    .collect();
                for other in others {
                    let mixed: Vec<f32> = ordinary.iter().flat_map(|&x| [x, other]).collect();
                    let mixed = results(&f, direction, &mixed);
                    for (i, &bits) in alone.iter().enumerate() {
                        let (got, want) = (f32::from_bits(mixed[2 * i]), f32::from_bits(bits));
                        assert!(
                            got.to_bits() == bits || got.is_nan() && want.is_nan(),
                            "{f} {direction} of {} beside {other}, {}: {got}, alone {want}",
                            ordinary[i],
                            isa.name()
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn the_gradient_may_be_overwritten() {
    for isa in Isa::available() {
        let cpu = Cpu::with_threads(2).unwrap().with_isa(*isa).unwrap();
        for f in Activation::all() {
            // The last one is shared out between threads.
            for len in [0, 1, 15, 33, 2 * THREADS_PAY_FROM + 3] {
                let x: Vec<f32> = (0..len).map(|i| (i % 97) as f32 * 0.1 - 4.85).collect();
                let mut grad: Vec<f32> = (0..len).map(|i| (i % 31) as f32 - 15.0).collect();
                let want = cpu.backward(&f, &x, &grad).unwrap();
                cpu.backward_in_place(&f, &x, &mut grad).unwrap();
                let bits = |v: &[f32]| v.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
                assert!(bits(&grad) == bits(&want), "{f}, {len}, {}", isa.name());
            }
        }
    }
    let mut grad = [1.0, 2.0, 3.0];
    let error = Cpu::new().backward_in_place(&Activation::relu(), &[0.0; 2], &mut grad);
    let error = error.unwrap_err().to_string();
    assert!(error.contains('3') && error.contains('2'), "{error}");
    assert_eq!(grad, [1.0, 2.0, 3.0]);
}
