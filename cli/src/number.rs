//! Numbers as people read them.

use std::time::Duration;

/// The shortest decimal that reads back to the same f32, with an exponent where that is shorter.
pub fn shortest(value: f32) -> String {
    let text = format!("{value:?}");
    match text.strip_suffix(".0") {
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

/// `1048576` as `1,048,576`.
pub fn grouped(value: usize) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes in binary units: `4 MiB`.
pub fn bytes(count: u64) -> String {
    let mut value = count as f64;
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if value < 1024.0 {
            break;
        }
        (value, unit) = (value / 1024.0, larger);
    }
    let rounded = (value * 10.0).round() / 10.0;
    format!("{rounded} {unit}")
}

/// A time in milliseconds with about three digits.
pub fn milliseconds(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1e3;
    match ms {
        _ if ms < 0.01 => format!("{ms:.5}"),
        _ if ms < 10.0 => format!("{ms:.3}"),
        _ if ms < 100.0 => format!("{ms:.2}"),
        _ => format!("{ms:.1}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortest_decimals_read_back() {
        for (value, text) in [
            (1e-6, "1e-6"),
            (1.0, "1"),
            (-0.0, "-0"),
            (-7.619853e-23, "-7.619853e-23"),
            (0.1, "0.1"),
            (f32::NAN, "NaN"),
            (f32::NEG_INFINITY, "-inf"),
            (f32::MAX, "3.4028235e38"),
        ] {
            assert_eq!(shortest(value), text);
        }
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1000), "1,000");
        assert_eq!(grouped(1 << 20), "1,048,576");
    }

    #[test]
    fn bytes_take_the_unit_that_fits() {
        assert_eq!(bytes(12), "12 B");
        assert_eq!(bytes(4 << 20), "4 MiB");
        assert_eq!(bytes(1536), "1.5 KiB");
    }
}
