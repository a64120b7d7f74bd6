//! Times a fused chain against its steps one by one.
use nonlin::*;
fn main() -> Result<()> {
    let n: usize = std::env::args()
        .nth(1)
        .and_then(|t| t.parse().ok())
        .unwrap_or(1 << 24);
    let gpu = Gpu::builder()
        .backends(wgpu::Backends::VULKAN)
        .adapter("llvmpipe")
        .build()?;
    let columns = 1024;
    let host: Vec<f32> = (0..n)
        .map(|i| ((i * 7919) % 10007) as f32 / 2500.0 - 2.0)
        .collect();
    let x = gpu.upload(&host)?;
    let gate = gpu.upload(&host)?;
    let grad = gpu.upload(&host)?;
    let bias = gpu.upload(&host[..columns])?;
    let out = gpu.empty(n)?;
    let t1 = gpu.empty(n)?;
    let t2 = gpu.empty(n)?;
    let t3 = gpu.empty(n)?;
    let s = Chain::new().scale(0.5);
    let b = Chain::new().add_row(&bias);
    let g = Chain::from(Activation::gelu());
    let m = Chain::new().mul(&gate);
    let fused = Chain::new()
        .scale(0.5)
        .add_row(&bias)
        .then(Activation::gelu())
        .mul(&gate);
    let ms = |t: gpu::Timing| t.per_call.as_secs_f64() * 1e3;
    for _ in 0..3 {
        use Direction::*;
        let c = ms(gpu.time_copy(&x, &out, 3)?);
        let f = ms(gpu.time_compute(&fused, Forward, &x, None, &out, 3)?);
        let u: Vec<f64> = vec![
            ms(gpu.time_compute(&s, Forward, &x, None, &t1, 3)?),
            ms(gpu.time_compute(&b, Forward, &t1, None, &t2, 3)?),
            ms(gpu.time_compute(&g, Forward, &t2, None, &t3, 3)?),
            ms(gpu.time_compute(&m, Forward, &t3, None, &out, 3)?),
        ];
        println!(
            "copy {c:.2} fused {f:.2} unfused {:.2} {u:.2?} ratio {:.2}",
            u.iter().sum::<f64>(),
            u.iter().sum::<f64>() / f
        );
        let f = ms(gpu.time_compute(&fused, Backward, &x, Some(&grad), &out, 3)?);
        let u: Vec<f64> = vec![
            ms(gpu.time_compute(&m, Backward, &t3, Some(&grad), &t1, 3)?),
            ms(gpu.time_compute(&g, Backward, &t2, Some(&t1), &t1, 3)?),
            ms(gpu.time_compute(&b, Backward, &t1, Some(&t1), &t3, 3)?),
            ms(gpu.time_compute(&s, Backward, &x, Some(&t3), &out, 3)?),
        ];
        println!(
            "         back fused {f:.2} unfused {:.2} {u:.2?} ratio {:.2}",
            u.iter().sum::<f64>(),
            u.iter().sum::<f64>() / f
        );
        // with the gradients of the gate and the bias: wall clock
        let db = gpu.empty(columns)?;
        let dg = gpu.empty(n)?;
        let wall = |f: &dyn Fn() -> Result<()>| -> Result<f64> {
            f()?;
            gpu.wait()?;
            let t = std::time::Instant::now();
            for _ in 0..3 {
                f()?;
            }
            gpu.wait()?;
            Ok(t.elapsed().as_secs_f64() * 1e3 / 3.0)
        };
        let f = wall(&|| gpu.gradients_into(&fused, &x, &grad, &out, &[(0, &db), (1, &dg)]))?;
        let u = wall(&|| {
            gpu.gradients_into(&m, &t3, &grad, &t1, &[(0, &dg)])?;
            gpu.backward_into(&g, &t2, &t1, &t1)?;
            gpu.gradients_into(&b, &t1, &t1, &t3, &[(0, &db)])?;
            gpu.backward_into(&s, &x, &t3, &out)
        })?;
        println!(
            "         gradients fused {f:.2} unfused {u:.2} ratio {:.2}",
            u / f
        );
    }
    Ok(())
}
