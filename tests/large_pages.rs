//! Claims about the pages of memory that long vectors and tensors lie in. Only Linux tells of them.

#[macro_use]
mod support;

use libtest_mimic::{Completion, Failed, Trial};
use nonlin::cpu::Cpu;
use nonlin::{Activation, Engine, Gpu};
use std::fs;
use support::claims::{self, IntoCompletion};

/// Elements of 16 MiB.
const LONG: usize = 4 << 20;

/// Why nothing can be seen here, if that is so.
fn blind() -> Option<Completion> {
    match fs::exists("/sys/kernel/mm/transparent_hugepage") {
        Ok(true) => None,
        _ => Some(Completion::ignored_with("this system has no large pages")),
    }
}

/// Whether the system was asked for large pages at this address: the flag `hg` of the mapping that holds it.
fn is_asked_for(address: usize) -> bool {
    let (maps, mut inside) = (
        fs::read_to_string("/proc/self/smaps").expect("Linux"),
        false,
    );
    for line in maps.lines() {
        let range = line
            .split(' ')
            .next()
            .and_then(|range| range.split_once('-'));
        if let Some((start, end)) = range {
            let number = |text| usize::from_str_radix(text, 16).expect("an address");
            inside = (number(start)..number(end)).contains(&address);
        } else if let Some(flags) = line.strip_prefix("VmFlags:").filter(|_| inside) {
            return flags.split_whitespace().any(|flag| flag == "hg");
        }
    }
    panic!("no mapping holds {address:#x}");
}

fn middle(numbers: &[f32]) -> usize {
    numbers[numbers.len() / 2..].as_ptr().addr()
}

fn vectors_that_are_made() -> Result<Completion, Failed> {
    if let Some(blind) = blind() {
        return Ok(blind);
    }
    let x = nonlin::zeros(LONG);
    assert!(is_asked_for(middle(&x)));
    assert!(is_asked_for(middle(
        &Cpu::new().forward(&Activation::exp(), &x)?
    )));
    assert!(!is_asked_for(middle(&nonlin::zeros(1000))));
    // The flag is there because it was asked for.
    assert!(!is_asked_for(middle(&vec![0.0; 2 * LONG])));
    Ok(Completion::Completed)
}

fn vectors_that_are_downloaded(gpu: &Gpu) -> nonlin::Result<Completion> {
    if let Some(blind) = blind() {
        return Ok(blind);
    }
    let x = gpu.upload(&nonlin::zeros(LONG))?.download()?;
    assert!(x == nonlin::zeros(LONG) && is_asked_for(middle(&x)));
    Ok(Completion::Completed)
}

fn tensors_that_the_host_maps(gpu: &Gpu) -> nonlin::Result<Completion> {
    if let Some(blind) = blind() {
        return Ok(blind);
    }
    if !(gpu.info().software && gpu.info().mappable) {
        let why = "tensors are not mapped on this adapter";
        return Ok(Completion::ignored_with(why));
    }
    let x = gpu.upload(&nonlin::zeros(LONG))?;
    let y = gpu.forward(Activation::relu(), &x)?;
    for tensor in [x, y] {
        let (mut seen, mut address) = (0, None);
        tensor.download_with(|part| {
            seen += part.len();
            address.get_or_insert(middle(part));
        })?;
        assert_eq!(seen, LONG);
        assert!(is_asked_for(address.expect("the tensor is not empty")));
    }
    Ok(Completion::Completed)
}

fn main() {
    let mut trials = vec![Trial::ignorable_test(
        "vectors_that_are_made",
        vectors_that_are_made,
    )];
    trials.extend(claims::trials(claims![
        vectors_that_are_downloaded,
        tensors_that_the_host_maps,
    ]));
    claims::run(trials);
}
