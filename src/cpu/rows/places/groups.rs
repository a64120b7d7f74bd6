//! maxout and crelu on the CPU.

use super::lanes::{Numbers, Rule, loop_of};
use super::{Piece, Read, Room, Shared, Write};
use crate::cpu::{Cpu, Lanes};
use crate::rows::Maxout;
use crate::rows::places::Access;

/// The largest so far with the number of its piece, and the next piece, whose number is the first constant.
struct Larger;

impl Rule<3, 2> for Larger {
    #[inline(always)]
    fn apply<L: Lanes>([best, index, x]: [L; 3], [number, _]: Numbers) -> [L; 2] {
        let wins = (x.gt(best) | x.is_nan()) & !best.is_nan();
        [
            L::select(wins, x, best),
            L::select(wins, L::splat(number), index),
        ]
    }
}

/// The gradient of the piece whose number is the first constant.
struct OfWinner;

impl Rule<2, 1> for OfWinner {
    #[inline(always)]
    fn apply<L: Lanes>([index, grad]: [L; 2], [number, _]: Numbers) -> [L; 1] {
        [L::select(index.eq(L::splat(number)), grad, L::splat(0.0))]
    }
}

/// relu of x and of -x.
struct Crelu;

impl Rule<1, 2> for Crelu {
    #[inline(always)]
    fn apply<L: Lanes>([x]: [L; 1], _: Numbers) -> [L; 2] {
        let zero = L::splat(0.0);
        [x.max(zero).nan_of(x), (-x).max(zero).nan_of(x)]
    }
}

/// The gradient of x from x and the gradients of both results. No product: a zero slope wins over an infinity.
struct CreluBack;

impl Rule<3, 1> for CreluBack {
    #[inline(always)]
    fn apply<L: Lanes>([x, positive, negative]: [L; 3], _: Numbers) -> [L; 1] {
        let zero = L::splat(0.0);
        let left = L::select(x.lt(zero), -negative, zero);
        let dx = L::select(x.gt(zero), positive, left);
        [dx.nan_of(negative).nan_of(positive).nan_of(x)]
    }
}

/// What is made of the largest pieces.
#[derive(Clone, Copy)]
pub(super) enum Result {
    Values(*mut f32),
    Index(*mut u32),
    Gradient { grad: *const f32, dx: *mut f32 },
}

impl Cpu {
    /// # Safety
    /// `x` and the gradients have an element for each piece of `rows × columns` results, the other results one for each.
    pub(super) unsafe fn largest(
        &self,
        f: &Maxout,
        rows: usize,
        columns: usize,
        x: *const f32,
        to: Result,
    ) {
        let (first, step) = f.first(columns);
        let flat = Access::flat(columns);
        let (larger, of_winner) = (
            loop_of::<Larger, 3, 2>(self.isa),
            loop_of::<OfWinner, 2, 1>(self.isa),
        );
        let operands = Shared((x, to));
        let of_piece = |number: usize| Access {
            offset: number * step,
            ..first
        };
        self.over_places::<4>(rows, columns, &|rooms: &mut [Room; 4], piece: Piece| {
            let (x, to) = operands.get();
            let [room, best, index, grad_room] = rooms;
            let len = piece.len;
            // SAFETY: the caller's promise; rooms hold a piece, and `with_isa` and `detect` have seen to the instructions.
            unsafe {
                let from = piece.read(Read(x, first), room);
                std::ptr::copy_nonoverlapping(from, best.as_mut_ptr(), len);
                index[..len].fill(0.0);
                let (best, numbers) = (best.as_mut_ptr(), index.as_mut_ptr());
                for number in 1..f.pieces() {
                    let from = piece.read(Read(x, of_piece(number)), room);
                    larger(
                        [best, numbers, from],
                        [best, numbers],
                        len,
                        [number as f32, 0.0],
                    );
                }
                match to {
                    Result::Values(y) => {
                        std::ptr::copy_nonoverlapping(best, y.add(piece.start), len);
                    }
                    Result::Index(to) => {
                        let to = std::slice::from_raw_parts_mut(to.add(piece.start), len);
                        to.iter_mut()
                            .zip(&index[..len])
                            .for_each(|(to, &number)| *to = number as u32);
                    }
                    Result::Gradient { grad, dx } => {
                        let grad = piece.read(Read(grad, flat), grad_room);
                        for number in 0..f.pieces() {
                            let write = Write(dx, of_piece(number));
                            let to = piece.target(write, room);
                            of_winner([numbers, grad], [to], len, [number as f32, 0.0]);
                            piece.finish(write, to);
                        }
                    }
                }
            }
        });
    }

    /// # Safety
    /// `x` has an element for each place of `rows × columns`, `y` two.
    pub(super) unsafe fn crelu_forward(
        &self,
        rows: usize,
        columns: usize,
        x: *const f32,
        y: *mut f32,
    ) {
        let rule = loop_of::<Crelu, 1, 2>(self.isa);
        let operands = Shared((Read(x, Access::flat(columns)), y));
        let halves = [false, true].map(|second| Access::half(columns, second));
        self.over_places::<3>(rows, columns, &|rooms: &mut [Room; 3], piece: Piece| {
            let (x, y) = operands.get();
            let [room, first, second] = rooms;
            let writes = [Write(y, halves[0]), Write(y, halves[1])];
            // SAFETY: as above.
            unsafe {
                let to = [
                    piece.target(writes[0], first),
                    piece.target(writes[1], second),
                ];
                rule([piece.read(x, room)], to, piece.len, [0.0; 2]);
                piece.finish(writes[0], to[0]);
                piece.finish(writes[1], to[1]);
            }
        });
    }

    /// # Safety
    /// `x` and `dx` have an element for each place of `rows × columns`, `grad` two.
    pub(super) unsafe fn crelu_gradient(
        &self,
        rows: usize,
        columns: usize,
        x: *const f32,
        grad: *const f32,
        dx: *mut f32,
    ) {
        let rule = loop_of::<CreluBack, 3, 1>(self.isa);
        let flat = Access::flat(columns);
        let operands = Shared((Read(x, flat), grad, Write(dx, flat)));
        let halves = [false, true].map(|second| Access::half(columns, second));
        self.over_places::<4>(rows, columns, &|rooms: &mut [Room; 4], piece: Piece| {
            let (x, grad, dx) = operands.get();
            let [room, first, second, result] = rooms;
            // SAFETY: as above.
            unsafe {
                let from = [
                    piece.read(x, room),
                    piece.read(Read(grad, halves[0]), first),
                    piece.read(Read(grad, halves[1]), second),
                ];
                let to = piece.target(dx, result);
                rule(from, [to], piece.len, [0.0; 2]);
                piece.finish(dx, to);
            }
        });
    }
}
