//! Gated and grouped functions on the CPU: places in pieces, whose operands are read side by side or gathered first.

mod engine;
mod glu;
mod groups;
mod lanes;
mod leaky;

use crate::cpu::{BLOCK, Cpu, Parts, THREADS_PAY_FROM};
use crate::rows::places::Access;

/// Places of a piece at most: its operands stay in the nearest cache.
const PIECE: usize = 1024;

/// Columns from which on a piece ends with its row, so that nothing has to be gathered.
const LONG_ROW: usize = 256;

/// Memory for one operand of a piece.
type Room = [f32; PIECE];

/// Operands in memory, to be shared with the threads of the team.
struct Shared<T>(T);

// SAFETY: the threads read what nobody writes, and write elements of different places, all borrowed for the whole call.
unsafe impl<T> Sync for Shared<T> {}

impl<T: Copy> Shared<T> {
    /// By a method, so that closures capture the whole, which is `Sync`.
    fn get(&self) -> T {
        self.0
    }
}

/// An operand that is read.
#[derive(Clone, Copy)]
struct Read(*const f32, Access);

/// An operand that is written.
#[derive(Clone, Copy)]
struct Write(*mut f32, Access);

/// Consecutive places of `rows × columns`.
#[derive(Clone, Copy)]
struct Piece {
    start: usize,
    len: usize,
    columns: usize,
}

impl Piece {
    /// The element of the first place where all of them lie side by side.
    fn direct(self, access: Access) -> Option<usize> {
        let (row, column) = (self.start / self.columns, self.start % self.columns);
        let together = access.stride == self.columns || column + self.len <= self.columns;
        (access.step == 1 && together).then_some(row * access.stride + access.offset + column)
    }

    /// Calls `run` with the runs within rows: the place within the piece, the first element, the length.
    fn runs(self, access: Access, mut run: impl FnMut(usize, usize, usize)) {
        let (mut row, mut column) = (self.start / self.columns, self.start % self.columns);
        let mut at = 0;
        while at < self.len {
            let len = (self.columns - column).min(self.len - at);
            run(
                at,
                row * access.stride + access.offset + column * access.step,
                len,
            );
            at += len;
            row += 1;
            column = 0;
        }
    }

    /// The operand's elements, one for each place; `room` is for those that do not lie side by side.
    ///
    /// # Safety
    /// The operand has an element for each place.
    unsafe fn read(self, operand: Read, room: &mut Room) -> *const f32 {
        let Read(data, access) = operand;
        if let Some(first) = self.direct(access) {
            // SAFETY: the caller's promise.
            return unsafe { data.add(first) };
        }
        self.runs(access, |at, first, len| {
            for i in 0..len {
                // SAFETY: the caller's promise.
                room[at + i] = unsafe { data.add(first + i * access.step).read() };
            }
        });
        room.as_ptr()
    }

    /// Where to put the operand's elements: in their places, or in `room`.
    ///
    /// # Safety
    /// As [`read`](Self::read).
    unsafe fn target(self, operand: Write, room: &mut Room) -> *mut f32 {
        match self.direct(operand.1) {
            // SAFETY: the caller's promise.
            Some(first) => unsafe { operand.0.add(first) },
            None => room.as_mut_ptr(),
        }
    }

    /// Puts the operand's elements in their places, where they are not yet.
    ///
    /// # Safety
    /// As [`read`](Self::read); `from` is what [`target`](Self::target) gave.
    unsafe fn finish(self, operand: Write, from: *const f32) {
        let Write(data, access) = operand;
        if self.direct(access).is_some() {
            return;
        }
        self.runs(access, |at, first, len| {
            for i in 0..len {
                // SAFETY: the caller's promise.
                unsafe {
                    data.add(first + i * access.step)
                        .write(from.add(at + i).read())
                };
            }
        });
    }
}

impl Cpu {
    /// Calls `each` with pieces of `rows × columns`, on several threads where that pays, with memory for `ROOMS` operands.
    fn over_places<const ROOMS: usize>(
        &self,
        rows: usize,
        columns: usize,
        each: &(dyn Fn(&mut [Room; ROOMS], Piece) + Sync),
    ) {
        let count = rows * columns;
        let threads = self.threads().min(count / BLOCK).max(1);
        let parts = Parts::new(count, threads);
        let work = |thread: usize| {
            let mut rooms = [[0.0; PIECE]; ROOMS];
            while let Some((block, len)) = parts.take(thread) {
                let (mut start, end) = (block, block + len);
                while start < end {
                    let mut len = PIECE.min(end - start);
                    if columns >= LONG_ROW {
                        len = len.min(columns - start % columns);
                    }
                    let piece = Piece {
                        start,
                        len,
                        columns,
                    };
                    each(&mut rooms, piece);
                    start += len;
                }
            }
        };
        if threads == 1 || count < THREADS_PAY_FROM {
            work(0);
        } else {
            self.team.run(&work);
        }
    }
}
