//! Gated linear units on the CPU: the loops of the gate's function, then a product.

use super::lanes::{Numbers, Rule, loop_of};
use super::{Read, Room, Shared, Write};
use crate::cpu::dispatch::{chain_rule, zero_where_lost};
use crate::cpu::{Cpu, Lanes, Results};
use crate::rows::Glu;
use crate::{Direction, Result};

/// `min(a, limit)`.
struct Limited;

impl Rule<1, 1> for Limited {
    #[inline(always)]
    fn apply<L: Lanes>([a]: [L; 1], [limit, _]: Numbers) -> [L; 1] {
        [a.at_most(L::splat(limit))]
    }
}

/// `g · b`.
struct Product;

impl Rule<2, 1> for Product {
    #[inline(always)]
    fn apply<L: Lanes>([g, b]: [L; 2], _: Numbers) -> [L; 1] {
        [g * b]
    }
}

/// `g · (min(max(b, -limit), limit) + offset)`.
struct ClampedProduct;

impl Rule<2, 1> for ClampedProduct {
    #[inline(always)]
    fn apply<L: Lanes>([g, b]: [L; 2], c: Numbers) -> [L; 1] {
        [g * clamped(b, c)]
    }
}

#[inline(always)]
fn clamped<L: Lanes>(b: L, [limit, offset]: Numbers) -> L {
    b.at_most(L::splat(limit)).at_least(L::splat(-limit)) + L::splat(offset)
}

/// The gradients of `a` and `b` from `grad`, `b`, `g(a)` and `g'(a)`.
struct Gradients;

impl Rule<4, 2> for Gradients {
    #[inline(always)]
    fn apply<L: Lanes>([grad, b, g, slope]: [L; 4], _: Numbers) -> [L; 2] {
        [product(grad, b, slope), chain_rule(grad, g)]
    }
}

/// As [`Gradients`], with a limit and an offset; `a` is given too.
struct ClampedGradients;

impl Rule<5, 2> for ClampedGradients {
    #[inline(always)]
    fn apply<L: Lanes>([grad, b, g, slope, a]: [L; 5], c: Numbers) -> [L; 2] {
        let (zero, limit) = (L::splat(0.0), L::splat(c[0]));
        let slope = L::select(a.ge(limit), zero, slope);
        // Written so that NaN passes.
        let g = L::select(b.abs().ge(limit), zero, g);
        // A NaN of b is told by the sum.
        [
            product(grad, clamped(b, c), slope),
            chain_rule(grad, g).nan_of(b),
        ]
    }
}

/// The product of three factors, where a zero wins over an infinity and NaN over everything.
#[inline(always)]
fn product<L: Lanes>(grad: L, b: L, slope: L) -> L {
    // A sum of magnitudes is NaN where one of them is, and only there.
    zero_where_lost(grad * b * slope, grad.abs() + b.abs(), slope)
}

/// Operands of a forward pass.
#[derive(Clone, Copy)]
pub(super) struct Forward {
    pub a: Read,
    pub b: Read,
    pub y: Write,
}

/// Operands of a backward pass.
#[derive(Clone, Copy)]
pub(super) struct Backward {
    pub a: Read,
    pub b: Read,
    pub grad: Read,
    pub da: Write,
    pub db: Write,
}

impl Cpu {
    /// # Safety
    /// The operands have an element for each place of `rows × columns`, and those that are written do not overlap others.
    pub(super) unsafe fn glu_forward(
        &self,
        f: &Glu,
        rows: usize,
        columns: usize,
        operands: Forward,
    ) -> Result<()> {
        let gate = f.gate();
        gate.require_cpu_form()?;
        let (constants, clamp) = (gate.constants(), f.clamp());
        let work = gate.entry().cpu_loop(Direction::Forward, self.isa);
        let limited = loop_of::<Limited, 1, 1>(self.isa);
        let product = match clamp {
            Some(_) => loop_of::<ClampedProduct, 2, 1>(self.isa),
            None => loop_of::<Product, 2, 1>(self.isa),
        };
        let numbers = clamp.unwrap_or_default();
        let operands = Shared(operands);
        self.over_places::<4>(rows, columns, &|rooms, piece| {
            let Forward { a, b, y } = operands.get();
            let [a_room, b_room, g, y_room] = rooms;
            let (g, len) = (g.as_mut_ptr(), piece.len);
            // SAFETY: the caller's promise; rooms hold a piece, and `with_isa` and `detect` have seen to the instructions.
            unsafe {
                let mut a = piece.read(a, a_room);
                if clamp.is_some() {
                    limited([a], [g], len, numbers);
                    a = g;
                }
                work(a, std::ptr::null(), g, len, &constants, Results::Cached);
                let to = piece.target(y, y_room);
                product([g, piece.read(b, b_room)], [to], len, numbers);
                piece.finish(y, to);
            }
        });
        Ok(())
    }

    /// # Safety
    /// As [`glu_forward`](Self::glu_forward).
    pub(super) unsafe fn glu_gradients(
        &self,
        f: &Glu,
        rows: usize,
        columns: usize,
        operands: Backward,
    ) -> Result<()> {
        let gate = f.gate();
        gate.require_cpu_form()?;
        let (constants, clamp) = (gate.constants(), f.clamp());
        let isa = self.isa;
        let (forward, derivative) = (
            gate.entry().cpu_loop(Direction::Forward, isa),
            gate.entry().cpu_loop(Direction::Derivative, isa),
        );
        let limited = loop_of::<Limited, 1, 1>(isa);
        let (plain, clamped) = (
            loop_of::<Gradients, 4, 2>(isa),
            loop_of::<ClampedGradients, 5, 2>(isa),
        );
        let numbers = clamp.unwrap_or_default();
        let operands = Shared(operands);
        self.over_places::<8>(rows, columns, &|rooms: &mut [Room; 8], piece| {
            let Backward { a, b, grad, da, db } = operands.get();
            let [
                a_room,
                b_room,
                grad_room,
                g,
                slope,
                limit_room,
                da_room,
                db_room,
            ] = rooms;
            let (g, slope, len) = (g.as_mut_ptr(), slope.as_mut_ptr(), piece.len);
            // SAFETY: as in the forward pass.
            unsafe {
                let given = piece.read(a, a_room);
                let mut a = given;
                if clamp.is_some() {
                    limited([given], [limit_room.as_mut_ptr()], len, numbers);
                    a = limit_room.as_ptr();
                }
                forward(a, std::ptr::null(), g, len, &constants, Results::Cached);
                derivative(a, std::ptr::null(), slope, len, &constants, Results::Cached);
                let (b, grad) = (piece.read(b, b_room), piece.read(grad, grad_room));
                let to = [piece.target(da, da_room), piece.target(db, db_room)];
                match clamp {
                    Some(_) => clamped([grad, b, g, slope, given], to, len, numbers),
                    None => plain([grad, b, g, slope], to, len, numbers),
                }
                piece.finish(da, to[0]);
                piece.finish(db, to[1]);
            }
        });
        Ok(())
    }
}
