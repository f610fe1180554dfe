/** Hashes: of a chunk at once (the browser's own), of a file while it streams by (hash-wasm), and names made of them. */
import { createSHA1, createSHA256, type IHasher } from 'hash-wasm';
import type { Digest } from './transfer/download';

export async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  // The browser's own hash exists on secure pages only.
  if (!globalThis.crypto?.subtle) return (await createSHA256()).update(bytes).digest();
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A name of 32 letters that is the same for the same text, whatever signs are in it. */
export async function nameFor(text: string): Promise<string> {
  return (await sha256Of(new TextEncoder().encode(text))).slice(0, 32);
}

/** For a file of `bytes`, which git's hash begins with. */
export async function streamingHash({ algorithm }: Digest, bytes: number): Promise<IHasher> {
  if (algorithm === 'sha256') return createSHA256();
  const hash = await createSHA1();
  return hash.update(`blob ${bytes}\0`);
}
