// Moves a cache that is filled up to its last slot on by the new keys or values of a step, n = counts[b] for each batch row:
//   out[b,h,s,:] = s + n < C ? cache[b,h,s+n,:] : rows[b,h,s+n-C,:]
// So a new token always stands right behind what was read before, and graphs that measure distance by slot are right.
// Padding (rows from n on) is not read. Copies 32-bit words, not floats, so that every bit survives: of float16 too, two to
// a word. One invocation per word of out.

override WORKGROUP_SIZE: u32 = 256;

struct Params {
  total: u32,      // batch * heads * C * headDim
  heads: u32,
  newLength: u32,  // T
  capacity: u32,   // C
  headDim: u32,    // in words: half as many as elements of float16
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> rows: array<u32>;          // [batch, heads, T, headDim]
@group(0) @binding(2) var<storage, read> cache: array<u32>;         // [batch, heads, C, headDim]
@group(0) @binding(3) var<storage, read> counts: array<i32>;        // [batch]
@group(0) @binding(4) var<storage, read_write> out: array<u32>;     // [batch, heads, C, headDim]

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup.y * grid.x + workgroup.x) * WORKGROUP_SIZE + lane;
  if (i >= params.total) { return; }
  let d = i % params.headDim;
  let row = i / (params.headDim * params.capacity);  // b * heads + h
  let count = u32(clamp(counts[row / params.heads], 0, i32(params.newLength)));
  let slot = (i / params.headDim) % params.capacity + count;
  if (slot < params.capacity) {
    out[i] = cache[(row * params.capacity + slot) * params.headDim + d];
  } else {
    out[i] = rows[(row * params.newLength + slot - params.capacity) * params.headDim + d];
  }
}
