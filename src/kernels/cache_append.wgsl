// Puts the new keys or values of a decode step into a cache of fixed capacity, for each batch row at its own length:
//   cache[b,h,lengths[b]+t,:] = rows[b,h,t,:]   for t < counts[b]
// Padding rows (t >= counts[b]) and slots outside of the cache are not written. Copies 32-bit words, not floats, so that
// every bit survives: of float16 too, two to a word. One invocation per word of rows.

override WORKGROUP_SIZE: u32 = 256;

struct Params {
  total: u32,      // batch * heads * T * headDim
  heads: u32,
  newLength: u32,  // T
  capacity: u32,   // C
  headDim: u32,    // in words: half as many as elements of float16
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> rows: array<u32>;          // [batch, heads, T, headDim]
@group(0) @binding(2) var<storage, read> lengths: array<i32>;       // [batch]
@group(0) @binding(3) var<storage, read> counts: array<i32>;        // [batch]
@group(0) @binding(4) var<storage, read_write> cache: array<u32>;   // [batch, heads, C, headDim]

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup.y * grid.x + workgroup.x) * WORKGROUP_SIZE + lane;
  if (i >= params.total) { return; }
  let d = i % params.headDim;
  let t = i32((i / params.headDim) % params.newLength);
  let row = i / (params.headDim * params.newLength);  // b * heads + h
  let b = row / params.heads;
  let slot = lengths[b] + t;
  if (t >= counts[b] || slot < 0 || slot >= i32(params.capacity)) { return; }
  cache[(row * params.capacity + u32(slot)) * params.headDim + d] = rows[i];
}
