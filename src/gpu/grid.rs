//! The shape of a dispatch, and how rows lie in it.

use super::adapter::MemoryOrder;
use super::shader::Rows;

/// What `quotient` in `shaders/kernels/broadcast.wgsl` divides by `d` with.
pub(super) fn divisor(d: u32) -> (u32, u32) {
    let shift = d.next_power_of_two().trailing_zeros();
    let magic = (1_u64 << (31 + shift)).div_ceil(u64::from(d));
    (magic as u32, shift)
}

/// How rows of this length lie among vectors of four, where `before` elements come before them, and how many of the elements that is
/// true of. `shared` of them may be computed by subgroups that load together.
pub(super) fn rows_among_vectors(
    columns: u64,
    before: u64,
    len: u64,
    order: MemoryOrder,
    shared: u64,
) -> (Rows, u64) {
    let are_multiples = |of: u64| columns.is_multiple_of(of) && before.is_multiple_of(of);
    let several = u64::from(Rows::SEVERAL);
    let (run, block) = (4 * several, columns * several);
    match order {
        _ if !are_multiples(4) => (Rows::Split, len),
        MemoryOrder::Runs if are_multiples(Rows::SUBGROUP.into()) && shared > 0 => {
            (Rows::SharedRow, shared)
        }
        MemoryOrder::Runs if are_multiples(Rows::SHARED.into()) && shared > 0 => {
            (Rows::Shared, shared)
        }
        MemoryOrder::Runs if are_multiples(run) && len >= run => (Rows::Runs, len / run * run),
        MemoryOrder::Neighbours if before.is_multiple_of(columns) && len >= block => {
            (Rows::Blocks, len / block * block)
        }
        _ => (Rows::Whole, len),
    }
}

/// Subgroups that load together and that a kernel can number (`agreed` in `shaders/kernels/shared.wgsl`).
pub(super) const NUMBERED: u64 = 1 << 20;

/// Workgroups with no more subgroups, if each loads once.
const NUMBERED_GROUPS: u64 = NUMBERED / (Rows::GROUP / Rows::SHARED) as u64;

/// How many of `len` elements make whole workgroups that load together, in a grid without others.
pub(super) fn in_shared_groups(len: u64, max: u32) -> u64 {
    let (group, max) = (u64::from(Rows::GROUP), u64::from(max));
    let groups = (len / group).min(max * max).min(NUMBERED_GROUPS);
    let whole = if groups > max {
        groups / max * max
    } else {
        groups
    };
    whole * group
}

/// Workgroups in two dimensions: as few rows as the limit allows, all full but the last one.
pub(super) fn grid(groups: u64, max: u32) -> (u32, u32) {
    let rows = groups.div_ceil(max.into()).max(1);
    let columns = groups.div_ceil(rows).max(1);
    // A chunk is never longer than `max` rows of `max` groups, so both fit.
    (columns as u32, rows as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_covers_all_groups_within_the_limit() {
        for (groups, max) in [
            (1, 1),
            (5, 3),
            (9, 3),
            (65_535, 65_535),
            (65_536, 65_535),
            (7, 100),
        ] {
            let (columns, rows) = grid(groups, max);
            assert!(u64::from(columns) * u64::from(rows) >= groups);
            assert!(columns <= max && rows <= max);
        }
        assert_eq!(grid(65_536, 65_535), (32_768, 2));
    }

    #[test]
    fn groups_that_load_together_fill_their_grid() {
        let group = u64::from(Rows::GROUP);
        for max in [1, 2, 7, 100, 65_535] {
            for groups in [0, 1, 2, 7, 13, 99, 100, 101, 10_007, 65_536, 131_072] {
                let len = groups * group + 3;
                let taken = in_shared_groups(len, max);
                assert!(taken <= len && taken.is_multiple_of(group));
                let (columns, rows) = grid(taken / group, max);
                if taken > 0 {
                    assert_eq!(u64::from(columns) * u64::from(rows), taken / group);
                    assert!(columns <= max && rows <= max);
                }
                let all = (u64::from(max) * u64::from(max)).min(NUMBERED_GROUPS);
                assert!(taken + group * u64::from(max) > len.min(all * group));
            }
        }
    }

    #[test]
    fn a_division_by_multiplication_is_exact() {
        let quotient = |n: u32, d: u32| {
            let (magic, shift) = divisor(d);
            ((u64::from(n << 1) * u64::from(magic)) >> 32 >> shift) as u32
        };
        let mut d = 1_u32;
        while d < 1 << 30 {
            for d in [d, d + 1, d + 2, d.next_power_of_two()] {
                for k in [0, 1, 2, (1 << 30) / d, ((1_u32 << 31) - 1) / d] {
                    for n in [
                        k * d,
                        (k * d).saturating_sub(1),
                        (k * d).saturating_add(d - 1),
                    ] {
                        let n = n.min((1 << 31) - 1);
                        assert_eq!(quotient(n, d), n / d, "{n} / {d}");
                    }
                }
            }
            d = d * 3 / 2 + 1;
        }
    }
}
