//! The words, on made-up numbers.

use super::super::crossover::{Curve, Point, point};
use super::super::phases::Record;
use super::*;

fn facts(elements: usize, host: f64, device: f64) -> Facts {
    Facts {
        elements,
        gb_per_s: Some(31.0),
        threads: Some(1.9),
        host: Some(host),
        device: Some(device),
        moved: Some(40.0),
    }
}

fn holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "\"{part}\" is missing in: {text}");
    }
    assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
}

#[test]
fn the_engine_to_take_follows_from_who_is_faster() {
    let rows = [facts(1000, 0.1, 20.0), facts(1000, 0.2, 30.0)];
    let text = of_bench(&rows, Adapter::Hardware);
    holds(
        &text,
        &[
            "For 1,000 elements in host memory take the CPU: it is faster in all 2 rows, typically 5.0 times.",
            "stays there take the GPU: it is faster in all 2 rows, typically 30 times.",
            "takes 40 times as long as the work on them there, so what is computed there in several steps should stay there",
            "typically 1.9 times as fast as one",
        ],
    );
    assert!(!text.contains("software"));
    let text = of_bench(
        &[
            facts(10, 0.5, 0.5),
            facts(20, 4.0, 0.5),
            facts(20, 0.5, 0.5),
        ],
        Adapter::Software,
    );
    holds(
        &text,
        &[
            "For 10 elements in host memory take the CPU: it is faster in the one row",
            "For 20 elements in host memory it depends on the function: the GPU is faster in 1 of 2 rows, up to 4.0 times, and the CPU in the others, up to 2.0 times.",
            "The adapter is software",
        ],
    );
}

#[test]
fn without_an_adapter_the_words_are_of_the_cpu() {
    let row = Facts {
        host: None,
        device: None,
        moved: None,
        ..facts(1000, 1.0, 1.0)
    };
    let text = of_bench(&[row], Adapter::None);
    holds(
        &text,
        &[
            "Only the CPU engine was timed.",
            "31 GB a second",
            "1.9 times",
        ],
    );
    assert!(!text.contains("GPU"), "{text}");
    holds(&of_bench(&[], Adapter::None), &["Only the CPU"]);
}

/// 1,000 and 1,000,000 elements; the CPU takes 0.001 and 1 ms.
fn curve(call: [f64; 2], resident: [f64; 2]) -> Curve {
    let of = |i: usize| point([1000, 1_000_000][i], [0.001, 1.0][i], call[i], resident[i]);
    ("relu forward".to_owned(), [0, 1].map(of).to_vec())
}

#[test]
fn the_length_to_begin_with_the_gpu_follows_from_the_crossings() {
    let loses = curve([0.1, 4.0], [0.2, 6.0]);
    let crosses = curve([0.1, 0.1], [0.06, 0.06]);
    let wins = curve([0.0005, 0.5], [0.0001, 0.1]);
    let words = |all: &[Curve]| of_crossover(all, Adapter::Hardware);
    holds(
        &words(std::slice::from_ref(&loses)),
        &[
            "With data in host memory take the CPU, up to 1,000,000 elements at least: even of so many the GPU takes typically 4.0 times as long.",
            "stays there take the CPU, up to",
            "For 1,000 elements a call on the GPU takes 0.100 ms from host memory and 0.200 ms with the data there",
        ],
    );
    holds(
        &words(std::slice::from_ref(&crosses)),
        &[
            "With data in host memory take the GPU from about 100,000 elements on, and the CPU below; of 1,000,000 elements the GPU is typically 10 times as fast.",
        ],
    );
    holds(
        &words(std::slice::from_ref(&wins)),
        &[
            "With data in host memory take the GPU at every length from 1,000 elements on; of 1,000,000 it is typically 2.0 times as fast.",
        ],
    );
    holds(
        &words(&[crosses.clone(), wins.clone()]),
        &["take the GPU from about 1,000 to 100,000 elements on, by the function"],
    );
    holds(
        &words(&[loses, crosses]),
        &[
            "With data in host memory the GPU wins 1 of 2 rows, from about 100,000 elements on, and typically 10 times at",
        ],
    );
    let early = curve([4.0, 4.0], [1.0, 9.0]);
    holds(
        &words(&[early.clone(), curve([0.1, 4.0], [0.2, 6.0])]),
        &[
            "Only below about 1",
            "is the GPU ahead there in 1 of 2 rows, as the CPU would",
        ],
    );
    holds(&words(&[early]), &["is the GPU ahead there, as the CPU"]);
    holds(&words(&[]), &["Nothing was measured"]);
    let nothing: Vec<Point> = Vec::new();
    holds(
        &words(&[(String::new(), nothing)]),
        &["Nothing was measured"],
    );
    holds(
        &of_crossover(&[wins], Adapter::Software),
        &["The adapter is software"],
    );
}

#[test]
fn slow_reads_of_mapped_memory_are_warned_of() {
    let record = |elements, copy_out_ms| Record {
        elements,
        write_ms: 1.0,
        submit_ms: 0.5,
        device_ms: 2.0,
        map_ms: 0.5,
        copy_out_ms,
        call_ms: 5.0,
        memcpy_in_ms: 1.0,
        memcpy_out_ms: 1.0,
        ..Record::default()
    };
    holds(&of_phases(&[], Adapter::Hardware), &[NOTHING]);
    let text = of_phases(&[record(1 << 20, 1.0)], Adapter::Hardware);
    holds(
        &text,
        &[
            "One call from slice to slice of 1,048,576 elements takes 1.25 times",
            "moving the numbers is 50 % of its parts, the device's work 40 %, recording and submitting 10 %. Most is spared by leaving",
        ],
    );
    assert!(!text.contains("Warning"), "{text}");
    let text = of_phases(&[record(1 << 20, 9.0)], Adapter::Hardware);
    holds(
        &text,
        &["Warning: reading mapped memory takes 9.0 times as long"],
    );
    let text = of_phases(&[record(1000, 9.0)], Adapter::Hardware);
    assert!(
        !text.contains("Warning"),
        "so short a read says nothing: {text}"
    );
}

#[test]
fn no_line_is_long_and_no_word_is_lost() {
    let text = format!("{BEGINNING} {SOFTWARE}\nWarning: {SOFTWARE}");
    let lines = wrapped(&text);
    assert!(lines.lines().all(|line| line.len() <= LINE), "{lines}");
    assert!(lines.lines().count() > 4 && lines.contains("\nWarning: "));
    let words = |text: &str| {
        text.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(words(&lines), words(&text));
}
