// The invocations of a row put together what each of them has, in a tree that is the same in every run. All of a group come here.
var<workgroup> numbers: array<f32, 256>;
var<workgroup> words: array<u32, 256>;

fn group_max(local: u32, value: f32) -> f32 {
    workgroupBarrier();
    numbers[local] = value;
    for (var step = LANES / 2u; step > 0u; step /= 2u) {
        workgroupBarrier();
        if (local % LANES < step) {
            numbers[local] = max(numbers[local], numbers[local + step]);
        }
    }
    workgroupBarrier();
    return numbers[local - local % LANES];
}

fn group_sum(local: u32, value: f32) -> f32 {
    workgroupBarrier();
    numbers[local] = value;
    for (var step = LANES / 2u; step > 0u; step /= 2u) {
        workgroupBarrier();
        if (local % LANES < step) {
            numbers[local] = numbers[local] + numbers[local + step];
        }
    }
    workgroupBarrier();
    return numbers[local - local % LANES];
}

fn group_bits(local: u32, value: u32) -> u32 {
    workgroupBarrier();
    words[local] = value;
    for (var step = LANES / 2u; step > 0u; step /= 2u) {
        workgroupBarrier();
        if (local % LANES < step) {
            words[local] = max(words[local], words[local + step]);
        }
    }
    workgroupBarrier();
    return words[local - local % LANES];
}
