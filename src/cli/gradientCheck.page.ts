/** Runs in the page: the gradient check on WebGPU. Files come by address, since bytes do not survive the way into a page. */
import { createWebGpuBackend, type WebGpuBackend } from '../runtime';
import { describeError } from './describeError';
import { CASE_FILES } from './gradientCase';
import { checkGradients, type GradientErrors } from './gradientCheck';

let backend: Promise<WebGpuBackend> | undefined;

/** An error would lose its class and fields between page and Node, so it comes as its text. */
export type PageAnswer = { readonly errors: GradientErrors } | { readonly failure: string };

/** @param address folder that serves the files of a case */
export async function check(address: string): Promise<PageAnswer> {
  try {
    backend ??= createWebGpuBackend();
    const [model, description, golden] = await Promise.all([
      fetchBytes(`${address}/${CASE_FILES.model}`),
      fetchBytes(`${address}/${CASE_FILES.description}`),
      fetchBytes(`${address}/${CASE_FILES.golden}`),
    ]);
    const files = { model, description: new TextDecoder().decode(description), golden };
    return { errors: await checkGradients(await backend, files) };
  } catch (cause) {
    return { failure: describeError(cause) };
  }
}

async function fetchBytes(address: string): Promise<Uint8Array> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}
