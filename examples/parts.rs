//! Times broadcasts.
use nonlin::*;
fn main() -> Result<()> {
    let n: usize = 1 << 22;
    let gpu = Gpu::builder()
        .backends(wgpu::Backends::VULKAN)
        .adapter("llvmpipe")
        .build()?;
    let host: Vec<f32> = (0..n)
        .map(|i| ((i * 7919) % 10007) as f32 / 2500.0 - 2.0)
        .collect();
    let x = gpu.upload(&host)?;
    let full = gpu.upload(&host)?;
    let out = gpu.empty(n)?;
    let row = gpu.upload(&host[..1024])?;
    let odd = gpu.upload(&host[..2])?;
    let one = gpu.upload(&host[..1])?;
    let col = gpu.upload(&host[..n / 1024])?;
    let mut best = vec![f64::MAX; 8];
    let cases: Vec<(&str, Chain)> = vec![
        ("copy", Chain::new()),
        ("scale", Chain::new().scale(0.5)),
        ("full", Chain::new().add(&full)),
        ("scalar", Chain::new().add(Operand::scalar(&one))),
        ("row", Chain::new().add_row(&row)),
        ("column", Chain::new().add_column(&col)),
        ("row of 2", Chain::new().add_row(&odd)),
        ("gelu", Activation::gelu().into()),
    ];
    for _ in 0..8 {
        for (b, (_, c)) in best.iter_mut().zip(&cases) {
            let t = gpu
                .time_compute(c, Direction::Forward, &x, None, &out, 3)?
                .per_call
                .as_secs_f64()
                * 1e3;
            *b = b.min(t);
        }
    }
    for (b, (n, _)) in best.iter().zip(&cases) {
        println!("{n:10} {b:.3}");
    }
    Ok(())
}
