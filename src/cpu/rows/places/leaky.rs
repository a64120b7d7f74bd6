//! prelu and rrelu on the CPU: leaky rectifiers with a slope for each element.

use super::lanes::{Numbers, Rule, loop_of};
use super::{PIECE, Piece, Room, Shared};
use crate::cpu::dispatch::{Isa, chain_rule, zero_where_lost};
use crate::cpu::{BLOCK, Cpu, Lanes, THREADS_PAY_FROM};
use crate::rows::{Prelu, Rrelu, threefry};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Most tiles that the sums of slopes are divided into.
const MOST_TILES: usize = 64;

/// Most sums of all tiles: 8 MiB.
const MOST_SUMS: usize = 1 << 20;

/// x, or slope · x where it is not positive.
struct Leaky;

impl Rule<2, 1> for Leaky {
    #[inline(always)]
    fn apply<L: Lanes>([x, slope]: [L; 2], _: Numbers) -> [L; 1] {
        // A slope of 0 maps -∞ to 0, its limit.
        let left = zero_where_lost(slope * x, slope, x);
        [L::select(x.gt(L::splat(0.0)), x, left).nan_of(x)]
    }
}

/// The gradient of x.
struct LeakyBack;

impl Rule<3, 1> for LeakyBack {
    #[inline(always)]
    fn apply<L: Lanes>([x, slope, grad]: [L; 3], _: Numbers) -> [L; 1] {
        [chain_rule(grad, derivative(x, slope))]
    }
}

/// The gradients of x and of the element's slope.
struct PreluBack;

impl Rule<3, 2> for PreluBack {
    #[inline(always)]
    fn apply<L: Lanes>([x, slope, grad]: [L; 3], _: Numbers) -> [L; 2] {
        let zero = L::splat(0.0);
        let left = L::select(x.lt(zero), x, zero).nan_of(x);
        [
            chain_rule(grad, derivative(x, slope)),
            chain_rule(grad, left),
        ]
    }
}

#[inline(always)]
fn derivative<L: Lanes>(x: L, slope: L) -> L {
    L::select(x.gt(L::splat(0.0)), L::splat(1.0), slope).nan_of(x)
}

/// Consecutive elements, run by run: of one channel where a channel has several side by side, else each of the channel behind that of the
/// one before. Calls `run` with the first channel and the elements.
fn runs(f: &Prelu, start: usize, len: usize, mut run: impl FnMut(usize, Range<usize>)) {
    let (channels, inner) = f.axes();
    let mut at = 0;
    while at < len {
        let line = (start + at) / inner;
        let channel = line % channels;
        let most = if channels == 1 {
            len
        } else if inner == 1 {
            channels - channel
        } else {
            (line + 1) * inner - (start + at)
        };
        let end = len.min(at + most);
        run(channel, at..end);
        at = end;
    }
}

/// Whether each element of a run has a channel of its own.
fn one_each(f: &Prelu) -> bool {
    let (channels, inner) = f.axes();
    inner == 1 && channels > 1
}

/// The slopes of consecutive elements.
fn spread(f: &Prelu, slopes: &[f32], start: usize, room: &mut [f32]) {
    runs(f, start, room.len(), |channel, run| {
        if one_each(f) {
            let len = run.len();
            room[run].copy_from_slice(&slopes[channel..channel + len]);
        } else {
            room[run].fill(slopes[channel]);
        }
    });
}

/// The sum, in an order that depends on the length alone.
fn sum(terms: &[f32]) -> f64 {
    let mut lanes = [0.0_f64; 8];
    for eight in terms.chunks(8) {
        let pairs = lanes.iter_mut().zip(eight);
        pairs.for_each(|(lane, &term)| *lane += f64::from(term));
    }
    lanes.iter().sum()
}

/// Slopes of consecutive elements.
#[inline(always)]
fn draw(f: &Rrelu, start: u64, room: &mut [f32]) {
    let (seed, ..) = f.parts();
    let key = [seed as u32, (seed >> 32) as u32];
    for (i, slope) in room.iter_mut().enumerate() {
        let element = start + i as u64;
        let [word, _] = threefry(key, [element as u32, (element >> 32) as u32]);
        *slope = f.slope_of(word);
    }
}

fn draw_portable(f: &Rrelu, start: u64, room: &mut [f32]) {
    draw(f, start, room);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn draw_avx2(f: &Rrelu, start: u64, room: &mut [f32]) {
    draw(f, start, room);
}

#[cfg(all(target_arch = "x86_64", nonlin_avx512))]
#[allow(
    clippy::incompatible_msrv,
    reason = "build.rs leaves it out where the compiler is older"
)]
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]
fn draw_avx512(f: &Rrelu, start: u64, room: &mut [f32]) {
    draw(f, start, room);
}

/// [`draw`] with an instruction set that the machine has.
fn drawn(isa: Isa, f: &Rrelu, start: u64, room: &mut [f32]) {
    match isa {
        // SAFETY: `with_isa` and `detect` have seen that the instructions exist.
        #[cfg(all(target_arch = "x86_64", nonlin_avx512))]
        Isa::Avx512 => unsafe { draw_avx512(f, start, room) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => unsafe { draw_avx2(f, start, room) },
        _ => draw_portable(f, start, room),
    }
}

impl Cpu {
    /// `x` and `y` are of one length.
    pub(super) fn leaky(
        &self,
        x: &[f32],
        y: &mut [f32],
        slopes: &(dyn Fn(usize, &mut [f32]) + Sync),
    ) {
        let rule = loop_of::<Leaky, 2, 1>(self.isa);
        let operands = Shared((x.as_ptr(), y.as_mut_ptr()));
        self.over_places::<1>(x.len(), 1, &|[room]: &mut [Room; 1], piece: Piece| {
            let (x, y) = operands.get();
            let Piece { start, len, .. } = piece;
            slopes(start, &mut room[..len]);
            // SAFETY: the piece lies within both slices, and `with_isa` and `detect` have seen to the instructions.
            unsafe { rule([x.add(start), room.as_ptr()], [y.add(start)], len, [0.0; 2]) };
        });
    }

    /// All slices are of one length.
    pub(super) fn leaky_gradient(
        &self,
        x: &[f32],
        grad: &[f32],
        dx: &mut [f32],
        slopes: &(dyn Fn(usize, &mut [f32]) + Sync),
    ) {
        let rule = loop_of::<LeakyBack, 3, 1>(self.isa);
        let operands = Shared((x.as_ptr(), grad.as_ptr(), dx.as_mut_ptr()));
        self.over_places::<1>(x.len(), 1, &|[room]: &mut [Room; 1], piece: Piece| {
            let (x, grad, dx) = operands.get();
            let Piece { start, len, .. } = piece;
            slopes(start, &mut room[..len]);
            let from = [
                x.wrapping_add(start),
                room.as_ptr(),
                grad.wrapping_add(start),
            ];
            // SAFETY: as above.
            unsafe { rule(from, [dx.add(start)], len, [0.0; 2]) };
        });
    }

    pub(super) fn prelu_forward(&self, f: &Prelu, x: &[f32], slopes: &[f32], y: &mut [f32]) {
        self.leaky(x, y, &|start, room| spread(f, slopes, start, room));
    }

    pub(super) fn rrelu_forward(&self, f: &Rrelu, x: &[f32], y: &mut [f32]) {
        self.leaky(x, y, &|start, room| drawn(self.isa, f, start as u64, room));
    }

    pub(super) fn rrelu_gradient(&self, f: &Rrelu, x: &[f32], grad: &[f32], dx: &mut [f32]) {
        self.leaky_gradient(x, grad, dx, &|start, room| {
            drawn(self.isa, f, start as u64, room)
        });
    }

    /// Lengths are checked. Tiles follow from the shape alone, each is summed in order by one thread, and their sums are added in order:
    /// the bits do not depend on the number of threads.
    pub(super) fn prelu_gradients(
        &self,
        f: &Prelu,
        x: &[f32],
        slopes: &[f32],
        grad: &[f32],
        dx: &mut [f32],
        dslopes: &mut [f32],
    ) {
        let (len, count) = (x.len(), slopes.len());
        let most = MOST_TILES.min(MOST_SUMS / count).max(1);
        let tile = len.div_ceil((len / BLOCK).clamp(1, most)).max(1);
        let tiles = len.div_ceil(tile);
        let mut sums = vec![0.0_f64; tiles * count];
        let rule = loop_of::<PreluBack, 3, 2>(self.isa);
        let operands = Shared((
            [x.as_ptr(), grad.as_ptr()],
            dx.as_mut_ptr(),
            sums.as_mut_ptr(),
        ));
        let next = AtomicUsize::new(0);
        let work = |_: usize| {
            let ([x, grad], dx, sums) = operands.get();
            let (mut room, mut terms) = ([0.0_f32; PIECE], [0.0_f32; PIECE]);
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= tiles {
                    return;
                }
                // SAFETY: each tile has sums of its own, and is taken by one thread only.
                let sums =
                    unsafe { std::slice::from_raw_parts_mut(sums.add(number * count), count) };
                let end = ((number + 1) * tile).min(len);
                for start in (number * tile..end).step_by(PIECE) {
                    let len = PIECE.min(end - start);
                    spread(f, slopes, start, &mut room[..len]);
                    // SAFETY: the piece lies within all slices.
                    unsafe {
                        let from = [x.add(start), room.as_ptr(), grad.add(start)];
                        rule(from, [dx.add(start), terms.as_mut_ptr()], len, [0.0; 2]);
                    }
                    runs(f, start, len, |channel, run| {
                        let terms = &terms[run];
                        if one_each(f) {
                            let pairs = sums[channel..].iter_mut().zip(terms);
                            pairs.for_each(|(sum, &term)| *sum += f64::from(term));
                        } else {
                            sums[channel] += sum(terms);
                        }
                    });
                }
            }
        };
        if len < THREADS_PAY_FROM || self.threads() == 1 {
            work(0);
        } else {
            self.team.run(&work);
        }
        for (channel, to) in dslopes.iter_mut().enumerate() {
            let of_tiles = sums.iter().skip(channel).step_by(count);
            *to = of_tiles.sum::<f64>() as f32;
        }
    }
}
