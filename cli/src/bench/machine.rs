//! The name of this machine's processor.

use std::process::Command;

/// The processor's name as its maker writes it; its architecture where the system does not tell.
pub fn processor() -> String {
    let name = if cfg!(target_os = "macos") {
        let sysctl = Command::new("sysctl")
            .args(["-n", "machdep.cpu.brand_string"])
            .output();
        sysctl
            .ok()
            .and_then(|output| String::from_utf8(output.stdout).ok())
    } else if cfg!(windows) {
        std::env::var("PROCESSOR_IDENTIFIER").ok()
    } else {
        std::fs::read_to_string("/proc/cpuinfo")
            .ok()
            .and_then(|text| model_name(&text))
    };
    let name = name.unwrap_or_default();
    match name.trim() {
        "" => std::env::consts::ARCH.to_owned(),
        name => name.to_owned(),
    }
}

fn model_name(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo
        .lines()
        .find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
