//! Lines of many points: what of them lies in a frame, and with how few points they look the same.

/// Lines that differ from the polygon through fewer points by less than this are drawn through the fewer.
const TOLERANCE: f64 = 0.12;

/// The pieces of a line that lie inside the frame.
pub fn clipped(points: &[Option<(f64, f64)>], frame: [f64; 4]) -> Vec<Vec<(f64, f64)>> {
    let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
    for pair in points.windows(2) {
        let (Some(a), Some(b)) = (pair[0], pair[1]) else {
            continue;
        };
        let Some((from, to)) = inside(a, b, frame) else {
            continue;
        };
        match pieces.last_mut() {
            Some(piece) if piece.last() == Some(&from) => piece.push(to),
            _ => pieces.push(vec![from, to]),
        }
    }
    pieces
}

/// The part of a segment that lies in the frame, after Liang and Barsky.
fn inside(
    a: (f64, f64),
    b: (f64, f64),
    [left, top, right, bottom]: [f64; 4],
) -> Option<((f64, f64), (f64, f64))> {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for (step, room) in [
        (-dx, a.0 - left),
        (dx, right - a.0),
        (-dy, a.1 - top),
        (dy, bottom - a.1),
    ] {
        // Half a rounding outside is inside.
        let room = if room.abs() < 1e-9 { 0.0 } else { room };
        if step == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if step < 0.0 {
            enter = enter.max(room / step);
        } else {
            leave = leave.min(room / step);
        }
    }
    // Not a number where the segment is none.
    if enter.is_nan() || leave.is_nan() || enter > leave {
        return None;
    }
    let at = |t: f64| match t {
        0.0 => a,
        1.0 => b,
        _ => (a.0 + t * dx, a.1 + t * dy),
    };
    Some((at(enter), at(leave)))
}

/// The line through fewer of its points, after Douglas and Peucker.
pub fn simplified(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut kept = vec![false; points.len()];
    let mut ranges = vec![(0, points.len() - 1)];
    kept[0] = true;
    kept[points.len() - 1] = true;
    while let Some((first, last)) = ranges.pop() {
        let (a, b) = (points[first], points[last]);
        let farthest = (first + 1..last)
            .map(|i| (i, distance(points[i], a, b)))
            .fold(None, |best, next| match best {
                Some((_, distance)) if distance >= next.1 => best,
                _ => Some(next),
            });
        if let Some((i, _)) = farthest.filter(|(_, distance)| *distance > TOLERANCE) {
            kept[i] = true;
            ranges.extend([(first, i), (i, last)]);
        }
    }
    points
        .iter()
        .zip(kept)
        .filter(|(_, kept)| *kept)
        .map(|(point, _)| *point)
        .collect()
}

/// How far `p` lies from the segment from `a` to `b`.
fn distance(p: (f64, f64), a: (f64, f64), b: (f64, f64)) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let square = dx * dx + dy * dy;
    let t = if square == 0.0 {
        0.0
    } else {
        (((p.0 - a.0) * dx + (p.1 - a.1) * dy) / square).clamp(0.0, 1.0)
    };
    (p.0 - a.0 - t * dx).hypot(p.1 - a.1 - t * dy)
}
