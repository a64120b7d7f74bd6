//! A number of elements as text: `1048576`, `1_000_000`, `1M`, `1.5Mi`, `1e6`, `2^20`.

/// Suffixes: the decimal ones as in "one million elements", the binary ones as in "one Mi".
const SUFFIXES: [(&str, f64); 6] = [
    ("ki", 1024.0),
    ("mi", 1_048_576.0),
    ("gi", 1_073_741_824.0),
    ("k", 1e3),
    ("m", 1e6),
    ("g", 1e9),
];

/// Every whole number up to here is an f64, and no machine holds more elements.
const LARGEST: u64 = 1 << 53;

/// Reads one number of elements, at least 1.
pub fn parse(text: &str) -> Result<usize, String> {
    let lower = text.trim().to_ascii_lowercase().replace('_', "");
    let count = match lower.split_once('^') {
        Some((base, exponent)) => {
            power(base, exponent).ok_or_else(|| format!("\"{text}\" is no power that fits"))?
        }
        None => scaled(&lower).ok_or_else(|| {
            format!("\"{text}\" is no whole number of elements (like 1000, 1M, 1Mi, 2^20)")
        })?,
    };
    match count {
        0 => Err("at least 1 element is needed".to_owned()),
        _ if count as u64 > LARGEST => Err(format!("at most {LARGEST} elements are allowed")),
        _ => Ok(count),
    }
}

fn power(base: &str, exponent: &str) -> Option<usize> {
    let (base, exponent): (usize, u32) = (base.parse().ok()?, exponent.parse().ok()?);
    base.checked_pow(exponent)
}

fn scaled(text: &str) -> Option<usize> {
    if let Ok(plain) = text.parse::<usize>() {
        return Some(plain);
    }
    let suffix = SUFFIXES.iter().find(|(suffix, _)| text.ends_with(suffix));
    let (digits, factor) = match suffix {
        Some((suffix, factor)) => (text.strip_suffix(suffix)?, *factor),
        None => (text, 1.0),
    };
    let count = digits.parse::<f64>().ok()? * factor;
    (count.fract() == 0.0 && (0.0..=LARGEST as f64).contains(&count)).then_some(count as usize)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn every_spelling_is_read() {
        for (text, count) in [
            ("1", 1),
            ("1048576", 1 << 20),
            ("1_000_000", 1_000_000),
            ("1M", 1_000_000),
            ("16M", 16_000_000),
            ("1.5k", 1500),
            ("4Ki", 4096),
            ("1Mi", 1 << 20),
            ("1e6", 1_000_000),
            ("2^20", 1 << 20),
            ("10^6", 1_000_000),
        ] {
            assert_eq!(parse(text), Ok(count), "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "0",
            "-1",
            "1.5",
            "M",
            "2^",
            "2^99",
            "2^63",
            "9223372036854775808",
            "nan",
            "inf",
            "1e40",
            "1T",
            "0.0001k",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
