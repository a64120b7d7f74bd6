//! Checks a shader with naga: whether it is valid, and whether it can be written for every kind of driver.

use libtest_mimic::Failed;
use naga::back::{glsl, hlsl, msl, spv};
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};

type Generator = fn(&naga::Module, &ModuleInfo) -> Result<(), String>;

const GENERATORS: [(&str, Generator); 4] = [
    ("spirv", |module, info| {
        let words = spv::write_vec(module, info, &spv::Options::default(), None);
        words.map(drop).map_err(|error| error.to_string())
    }),
    ("msl", |module, info| {
        let (options, pipeline) = (msl::Options::default(), msl::PipelineOptions::default());
        let text = msl::write_string(module, info, &options, &pipeline);
        text.map(drop).map_err(|error| error.to_string())
    }),
    ("hlsl", |module, info| {
        let (options, pipeline) = (hlsl::Options::default(), hlsl::PipelineOptions::default());
        let mut text = String::new();
        hlsl::Writer::new(&mut text, &options, &pipeline)
            .write(module, info, None)
            .map(drop)
            .map_err(|error| error.to_string())
    }),
    ("glsl_es_310", |module, info| {
        let options = glsl::Options {
            version: glsl::Version::new_gles(310),
            ..Default::default()
        };
        let pipeline = glsl::PipelineOptions {
            shader_stage: naga::ShaderStage::Compute,
            entry_point: "main".to_owned(),
            multiview: None,
        };
        let mut text = String::new();
        let policies = naga::proc::BoundsCheckPolicies::default();
        glsl::Writer::new(&mut text, module, info, &options, &pipeline, policies)
            .and_then(|mut writer| writer.write())
            .map(drop)
            .map_err(|error| error.to_string())
    }),
];

/// Validates a shader, and writes it for every kind of driver.
pub fn check(source: &str) -> Result<(), Failed> {
    let module = naga::front::wgsl::parse_str(source)
        .map_err(|error| error.emit_to_string_with_path(source, "kernel.wgsl"))?;
    let info = Validator::new(ValidationFlags::all(), Capabilities::empty())
        .validate(&module)
        .map_err(|error| error.emit_to_string_with_path(source, "kernel.wgsl"))?;
    for (name, write) in GENERATORS {
        write(&module, &info).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}
