// Sums gradients over micro-batches: into[i] = keep * into[i] + scale * from[i]. One invocation per element.
// `fresh` says that keep is 0: into is then not read, so that a NaN in it cannot live on. It is an integer of its own
// because a compiler that assumes finite numbers may turn a test for keep == 0 back into a product.

override WORKGROUP_SIZE: u32 = 256;

struct Params {
  count: u32,
  intoOffset: u32,  // in elements
  fromOffset: u32,  // in elements
  fresh: u32,
  keep: f32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<f32>;       // flat; [count] at fromOffset
@group(0) @binding(2) var<storage, read_write> into: array<f32>;   // flat; [count] at intoOffset

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup.y * grid.x + workgroup.x) * WORKGROUP_SIZE + lane;
  if (i >= params.count) { return; }
  let added = params.scale * source[params.fromOffset + i];
  if (params.fresh != 0u) {
    into[params.intoOffset + i] = added;
  } else {
    into[params.intoOffset + i] = params.keep * into[params.intoOffset + i] + added;
  }
}
