/** Names for literals, so that equal ones are recognised without holding their elements side by side. */

const SPELT_OUT = 64;

/** The elements themselves where they are few, else their number and FNV-1a over their bits. */
export function fingerprint(elements: ArrayLike<number>): string {
  if (elements.length <= SPELT_OUT) return `{${Array.from(elements).join()}}`;
  let hash = 0x811c9dc5;
  for (const word of new Uint32Array(Float64Array.from(elements).buffer)) hash = Math.imul(hash ^ word, 0x01000193);
  return `${elements.length}#${(hash >>> 0).toString(16)}`;
}

export function sameElements(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return a.length === b.length;
}
