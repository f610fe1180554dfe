// The global L2 norm, sqrt(sum of squares), by tree reduction in two passes of this one shader: first every workgroup
// writes the sum of its squares, then one workgroup (FINAL_PASS) adds these up and takes the root.
// WGSL lets a compiler assume that floats are finite, so NaN and infinity are looked for as integers, in memory: `peak` is
// the greatest bit pattern without sign, and patterns order as inf < NaN. It is the result where it is not finite, and a
// sum that overflowed in the first pass is found as such in the second.

override WORKGROUP_SIZE: u32 = 256;
override FINAL_PASS: bool = false;

const INFINITY_BITS: u32 = 0x7f800000u;
const MAGNITUDE_BITS: u32 = 0x7fffffffu;

struct Params {
  count: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> values: array<u32>;          // f32 bits: gradient [count], or sums [count]
@group(0) @binding(2) var<storage, read_write> result: array<u32>;    // f32 bits: sums [workgroups], or norm [1]

var<workgroup> sums: array<f32, WORKGROUP_SIZE>;
var<workgroup> peaks: array<u32, WORKGROUP_SIZE>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  var sum = 0.0;
  var peak = 0u;
  for (var i = workgroup.x * WORKGROUP_SIZE + lane; i < params.count; i += grid.x * WORKGROUP_SIZE) {
    let bits = values[i] & MAGNITUDE_BITS;
    peak = max(peak, bits);
    if (bits < INFINITY_BITS) {
      let value = bitcast<f32>(bits);
      sum += select(value * value, value, FINAL_PASS);
    }
  }
  sums[lane] = sum;
  peaks[lane] = peak;
  workgroupBarrier();
  for (var half = WORKGROUP_SIZE / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      sums[lane] += sums[lane + half];
      peaks[lane] = max(peaks[lane], peaks[lane + half]);
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    let total = bitcast<u32>(select(sums[0], sqrt(sums[0]), FINAL_PASS));
    result[workgroup.x] = select(total, peaks[0], peaks[0] >= INFINITY_BITS);
  }
}
