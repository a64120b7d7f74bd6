fn put(run: Run, j: u32, v: F) {
    out[run.out / 4u + j] = v;
}
