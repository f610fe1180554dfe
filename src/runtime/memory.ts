/** How much memory a model may take on a device: what the device says of itself, and a careful guess where it says nothing. */
import type { Backend } from './backend';

export interface MemoryLimits {
  /** For everything: weights, trainables, graphs. */
  readonly budgetBytes: number;
  /** Of one tensor. */
  readonly tensorBytes: number;
  /** Of what a graph works on: on wasm its address space, elsewhere no less than the budget. */
  readonly heapBytes: number;
}

const GIB = 2 ** 30;
/** 32-bit addresses reach 4 GiB; what is freed in between leaves gaps. */
const WASM_HEAP_BYTES = 3.5 * GIB;
/** For a machine that does not say what it has. */
const CAREFUL_BUDGET_BYTES = 2 * GIB;
/** Of a machine's memory, for one page of it. */
const SHARE = 0.5;

/**
 * What a page may know of its machine: rounded to a power of two, and never above 8 for the sake of privacy. Not in every
 * browser, and not in TypeScript's.
 */
export function machineBytes(): number | null {
  const navigator: unknown = globalThis.navigator;
  if (typeof navigator !== 'object' || navigator === null || !('deviceMemory' in navigator)) return null;
  return typeof navigator.deviceMemory === 'number' ? navigator.deviceMemory * GIB : null;
}

/** @param budgetBytes 'auto': half of the machine, where that is known */
export function memoryLimits(backend: Backend, budgetBytes: number | 'auto'): MemoryLimits {
  const machine = machineBytes();
  const budget = budgetBytes === 'auto' ? (machine === null ? CAREFUL_BUDGET_BYTES : SHARE * machine) : budgetBytes;
  if (backend.kind === 'wasm') {
    return { budgetBytes: budget, tensorBytes: WASM_HEAP_BYTES / 2, heapBytes: WASM_HEAP_BYTES };
  }
  const { maxBufferSize, maxStorageBufferBindingSize } = backend.device.limits;
  return {
    budgetBytes: budget,
    tensorBytes: Math.min(maxBufferSize, maxStorageBufferBindingSize),
    heapBytes: Number.POSITIVE_INFINITY,
  };
}
