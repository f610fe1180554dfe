/** What a WebGPU adapter says of itself. */

/** A GPU computed in software is right but far slower than wasm. */
export const isSoftware = (info: GPUAdapterInfo): boolean =>
  info.isFallbackAdapter ||
  /swiftshader|llvmpipe|lavapipe/i.test(`${info.architecture} ${info.vendor} ${info.description}`);
