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

/// From so many elements on a few rows may be left over, for another dispatch, so that the bands lie well.
const PLACES_MATTER_FROM: u64 = 4 << 20;

/// How many of `len` elements subgroups compute that load together for a row of each [band](Rows::BANDS), where `shared` of them may be computed by
/// subgroups that load together: none where rows or workgroups would not be whole.
pub(super) fn in_bands(columns: u64, len: u64, shared: u64) -> u64 {
    let (group, bands) = (u64::from(Rows::GROUP), u64::from(Rows::BANDS));
    if !columns.is_multiple_of(Rows::SUBGROUP.into()) {
        return 0;
    }
    let whole = |rows: &u64| (bands * rows * columns).is_multiple_of(group);
    let most = shared / columns / bands;
    if len < PLACES_MATTER_FROM {
        let all = bands * most * columns;
        return if all == len && whole(&most) { len } else { 0 };
    }
    // What is a multiple of 128 KiB apart has the same place in a core's caches, and there are few of each: the bands are to lie evenly between.
    let lies_well = |rows: &u64| {
        let half_apart = bands / 2 * rows * columns * 4 % (128 << 10);
        (48 << 10..=72 << 10).contains(&half_apart)
    };
    let possible = || (1..=most).rev().take(64).filter(whole);
    let rows = possible().find(lies_well).or_else(|| possible().next());
    bands * columns * rows.unwrap_or(0)
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
    fn bands_are_whole_rows_and_whole_workgroups() {
        let (group, bands) = (u64::from(Rows::GROUP), u64::from(Rows::BANDS));
        for columns in [256, 512, 768, 1024, 1280, 4096, 1 << 20] {
            for rows in [0, 1, 2, 3, 4, 8, 64, 65, 4096, 5003, 16_384] {
                for len in [rows * columns, rows * columns + 128] {
                    let shared = in_shared_groups(len, 65_535);
                    let taken = in_bands(columns, len, shared);
                    assert!(taken <= shared && taken.is_multiple_of(group));
                    assert!(taken.is_multiple_of(bands * columns), "{columns} {len}");
                    // What is left over takes a dispatch of its own, which small calls must not have for that.
                    assert!(taken == len || taken == 0 || len >= PLACES_MATTER_FROM);
                    // Whole rows have no more left over than 64 in each band, but where a dispatch is full.
                    if len >= PLACES_MATTER_FROM && shared == len && columns <= 4096 {
                        assert!(
                            len - taken <= bands * 65 * columns,
                            "{columns} {len} {taken}"
                        );
                    }
                }
            }
        }
        assert_eq!(in_bands(1000, 1 << 20, 1 << 20), 0);
        assert_eq!(in_bands(1024, 1 << 20, 1 << 20), 1 << 20);
        let apart = in_bands(1024, 1 << 24, 1 << 24) / bands * 4;
        for (one, other) in [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)] {
            let between = (other - one) * apart % (128 << 10);
            assert!((24 << 10..=104 << 10).contains(&between), "{between}");
        }
    }

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
