// Clipping by the global norm and one AdamW update of all trainables, fused. One invocation per element.
//   g = gradient * min(1, maxNorm / (norm + 1e-6))
//   m = m + (1 - beta1) * (g - m);   v = beta2 * v + (1 - beta2) * g * g
//   parameter = parameter * (1 - lr * weightDecay) - stepSize * m / (sqrt(v) / correction + epsilon)
// with stepSize = lr / (1 - beta1^step) and correction = sqrt(1 - beta2^step), which the host computes in f64.
// The norm is tested as integer bits, as WGSL lets a compiler assume that floats are finite.

override WORKGROUP_SIZE: u32 = 256;

const INFINITY_BITS: u32 = 0x7f800000u;

struct Params {
  count: u32,
  clipping: u32,  // 0: off
  maxNorm: f32,
  decay: f32,     // 1 - lr * weightDecay
  stepSize: f32,
  correction: f32,
  oneMinusBeta1: f32,
  beta2: f32,
  oneMinusBeta2: f32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradient: array<f32>;           // [count]
@group(0) @binding(2) var<storage, read> norm: array<u32>;               // [1], f32 bits
@group(0) @binding(3) var<storage, read_write> parameters: array<f32>;   // [count]
@group(0) @binding(4) var<storage, read_write> m: array<f32>;            // [count]
@group(0) @binding(5) var<storage, read_write> v: array<f32>;            // [count]

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup.y * grid.x + workgroup.x) * WORKGROUP_SIZE + lane;
  if (i >= params.count || (norm[0] & INFINITY_BITS) == INFINITY_BITS) { return; }
  var g = gradient[i];
  if (params.clipping != 0u) {
    g *= min(1.0, params.maxNorm / (bitcast<f32>(norm[0]) + 1e-6));
  }
  let first = m[i] + params.oneMinusBeta1 * (g - m[i]);
  let second = params.beta2 * v[i] + params.oneMinusBeta2 * g * g;
  m[i] = first;
  v[i] = second;
  parameters[i] = params.decay * parameters[i]
    - params.stepSize * first / (sqrt(second) / params.correction + params.epsilon);
}
