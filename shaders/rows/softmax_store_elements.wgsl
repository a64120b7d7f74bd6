fn put(run: Run, j: u32, v: F) {
    let i = run.out + 4u * j;
    let left = run.count - 4u * j;
    out[i] = v.x;
    if (left > 1u) {
        out[i + 1u] = v.y;
    }
    if (left > 2u) {
        out[i + 2u] = v.z;
    }
    if (left > 3u) {
        out[i + 3u] = v.w;
    }
}
