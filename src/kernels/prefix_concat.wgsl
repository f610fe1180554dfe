// Puts a prefix in front of cached keys or values, at the end of out:
//   out[b,h,C-P-T+t,:] = t < P ? prefix[h,t,:] : cache[b,h,t-P,:]   for t < P + T; the slots before are not touched.
// Copies 32-bit words, not floats, so that every bit survives. One invocation per word of [batch, heads, P + T, headDim].
// HALF: cache and out hold float16, two to a word, and the float32 prefix is rounded to it. No shader-f16 is needed.

override WORKGROUP_SIZE: u32 = 256;
override HALF: bool = false;

struct Params {
  total: u32,         // batch * heads * (P + T) * headDim, in words like headDim
  heads: u32,
  prefixLength: u32,  // P
  cacheLength: u32,   // T, 0 without a cache
  capacity: u32,      // C >= P + T
  headDim: u32,       // in words: half as many as elements where HALF
  prefixOffset: u32,  // in elements
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> prefix: array<u32>;      // flat; [heads, P, headDim] at prefixOffset
@group(0) @binding(2) var<storage, read> cache: array<u32>;       // [batch, heads, T, headDim]
@group(0) @binding(3) var<storage, read_write> out: array<u32>;   // [batch, heads, C, headDim]

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup.y * grid.x + workgroup.x) * WORKGROUP_SIZE + lane;
  if (i >= params.total) { return; }
  let used = params.prefixLength + params.cacheLength;
  let d = i % params.headDim;
  let t = (i / params.headDim) % used;
  let row = i / (params.headDim * used);  // b * heads + h
  let slot = ((row + 1) * params.capacity - used + t) * params.headDim + d;
  if (t < params.prefixLength) {
    let h = row % params.heads;
    let word = (h * params.prefixLength + t) * params.headDim + d;
    if (HALF) {
      let at = params.prefixOffset + 2 * word;
      out[slot] = pack2x16float(vec2f(bitcast<f32>(prefix[at]), bitcast<f32>(prefix[at + 1])));
    } else {
      out[slot] = prefix[params.prefixOffset + word];
    }
  } else {
    out[slot] = cache[(row * params.cacheLength + t - params.prefixLength) * params.headDim + d];
  }
}
