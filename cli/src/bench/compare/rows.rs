//! What is compared: each time of each record, whatever the kind of measurement.

use crate::number::grouped;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The same program on the same machine is off by so much from one run to the next, by where its memory lies for one.
pub const DRIFT: f64 = 0.05;
/// The noise of a run that does not say it.
pub const UNKNOWN: f64 = 0.15;

/// Which time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    op: String,
    direction: String,
    elements: u64,
    engine: String,
    threads: u64,
    /// `compute`, `download` and so on.
    pub part: String,
}

impl Key {
    /// All but the part, as text.
    pub fn row(&self) -> String {
        let elements = grouped(usize::try_from(self.elements).unwrap_or(usize::MAX));
        let mut text = format!("{} {}, {elements} elements", self.op, self.direction);
        if !self.engine.is_empty() {
            text += &format!(", {}", self.engine);
        }
        match self.threads {
            0 => text,
            1 => text + ", 1 thread",
            n => text + &format!(", {n} threads"),
        }
    }
}

/// A time and its noise, in ms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Time {
    pub ms: f64,
    pub low: f64,
    pub high: f64,
    pub spread_is_known: bool,
    /// How often it was measured.
    count: u32,
}

impl Time {
    fn new(ms: f64, quartiles: Option<(f64, f64)>) -> Self {
        // Below a nanosecond there is nothing to compare.
        let ms = ms.max(1e-6);
        let least = if quartiles.is_some() { DRIFT } else { UNKNOWN };
        let (low, high) = quartiles.unwrap_or((ms, ms));
        Self {
            ms,
            low: low.min(ms / (1.0 + least)).max(1e-6),
            high: high.max(ms * (1.0 + least)),
            spread_is_known: quartiles.is_some(),
            count: 1,
        }
    }

    /// With another measurement of the same: what lies between the two is noise too.
    fn with(self, other: Self) -> Self {
        let (a, b) = (f64::from(self.count), f64::from(other.count));
        Self {
            ms: (self.ms * a + other.ms * b) / (a + b),
            low: self.low.min(other.low),
            high: self.high.max(other.high),
            spread_is_known: self.spread_is_known && other.spread_is_known,
            count: self.count + other.count,
        }
    }
}

/// What may differ between two runs, and how it is called.
const CIRCUMSTANCES: [(&str, &str); 8] = [
    ("processor", "processor"),
    ("isa", "instruction set"),
    ("cpu_threads", "number of threads"),
    ("adapter", "device"),
    ("backend", "interface of the adapter"),
    ("driver", "driver"),
    ("version", "version of nonlin"),
    ("seed", "seed"),
];

/// One run.
#[derive(Debug, Default)]
pub struct Run {
    /// A time that was measured several times is one, with the noise between them.
    pub times: BTreeMap<Key, Time>,
    circumstances: BTreeMap<&'static str, BTreeSet<String>>,
}

impl Run {
    /// Reads JSON, one object a line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut run = Self::default();
        for (i, line) in text
            .lines()
            .enumerate()
            .filter(|(_, l)| !l.trim().is_empty())
        {
            let record = serde_json::from_str(line).map_err(|error| error.to_string());
            let taken = record.and_then(|record| run.take(&record));
            taken.map_err(|why| {
                format!(
                    "line {} is no record of `nonlin bench --json`: {why}",
                    i + 1
                )
            })?;
        }
        if run.times.is_empty() {
            return Err("it holds no record of `nonlin bench --json`".to_owned());
        }
        Ok(run)
    }

    /// Takes records.
    pub fn of(records: &[Value]) -> Result<Self, String> {
        let mut run = Self::default();
        records.iter().try_for_each(|record| run.take(record))?;
        Ok(run)
    }

    fn take(&mut self, record: &Value) -> Result<(), String> {
        let fields = record.as_object().ok_or("it is no object")?;
        let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
        let number = |name: &str| fields.get(name).and_then(Value::as_u64);
        let need = |name: &str| format!("its \"{name}\" is missing or of another type");
        let key = Key {
            op: text("op").ok_or_else(|| need("op"))?,
            direction: text("direction").ok_or_else(|| need("direction"))?,
            elements: number("elements").ok_or_else(|| need("elements"))?,
            engine: text("engine").unwrap_or_default(),
            threads: number("threads").unwrap_or_default(),
            part: String::new(),
        };
        let quartiles = |name: &str| {
            let pair = fields.get("quartiles_ms")?.get(name)?.as_array()?;
            let at = |i: usize| pair.get(i)?.as_f64().filter(|ms| ms.is_finite());
            Some((at(0)?, at(1)?))
        };
        let mut found = 0;
        for (name, value) in fields {
            let (Some(part), Some(ms)) = (name.strip_suffix("_ms"), value.as_f64()) else {
                continue;
            };
            // A kernel is compiled once, and the CPU's total is its compute.
            if part == "compile" || (part == "total" && key.engine == "cpu") {
                continue;
            }
            let part = part.to_owned();
            let time = Time::new(ms, quartiles(&part));
            let part = part.replace('_', " ");
            let key = Key {
                part,
                ..key.clone()
            };
            let entry = self.times.entry(key);
            let entry = entry.and_modify(|before| *before = before.with(time));
            entry.or_insert(time);
            found += 1;
        }
        if found == 0 {
            return Err("it holds no time".to_owned());
        }
        for (name, _) in CIRCUMSTANCES {
            match fields.get(name) {
                None | Some(Value::Null) => {}
                Some(value) => {
                    let text = value
                        .as_str()
                        .map_or_else(|| value.to_string(), str::to_owned);
                    self.circumstances.entry(name).or_default().insert(text);
                }
            }
        }
        Ok(())
    }

    /// In what the circumstances differ from those of an earlier run.
    pub fn warnings(&self, earlier: &Self) -> Vec<String> {
        let mut warnings = Vec::new();
        for (name, words) in CIRCUMSTANCES {
            let of = |run: &Self| {
                let values = run.circumstances.get(name)?;
                let values: Vec<&str> = values.iter().map(|value| value.trim()).collect();
                Some(values.join(" and "))
            };
            match (of(earlier), of(self)) {
                (Some(then), Some(now)) if then != now => {
                    warnings.push(format!("another {words}: then {then}, now {now}"));
                }
                (None, Some(_)) if name == "adapter" => {
                    warnings.push("the earlier run does not say on which device".to_owned());
                }
                _ => {}
            }
        }
        warnings
    }
}
