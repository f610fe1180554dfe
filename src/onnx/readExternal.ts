/**
 * The weights that stand in files of their own: each file is read once, from front to back, and each tensor delivered as
 * soon as its bytes are there. Gaps are skipped; tensors that share bytes (tied weights) each get them.
 */

import { ModelError } from '../errors';
import type { ByteChunks } from './byteSource';
import { ByteSource } from './byteSource';
import { GrowingBytes } from './growingBytes';
import type { ExternalTensor } from './readGraph';

/** Opens an external data file by the location that the model gives for it. */
export type OpenExternal = (location: string) => ByteChunks | Promise<ByteChunks>;

export async function readExternal(tensors: readonly ExternalTensor[], open: OpenExternal | undefined): Promise<void> {
  const byLocation = new Map<string, ExternalTensor[]>();
  for (const tensor of tensors) {
    const others = byLocation.get(tensor.range.location);
    if (others) others.push(tensor);
    else byLocation.set(tensor.range.location, [tensor]);
  }
  for (const [location, inFile] of byLocation) {
    if (!open) {
      throw new ModelError(
        `The weights of this model are in another file, "${location}".`,
        { file: location },
        `Give ${location} together with the model file.`,
      );
    }
    const source = new ByteSource(await open(location), location);
    await source.whileOpen(() => readFile(source, inFile));
  }
}

async function readFile(source: ByteSource, tensors: readonly ExternalTensor[]): Promise<void> {
  const inOrder = [...tensors].sort((a, b) => a.range.offset - b.range.offset || b.range.length - a.range.length);
  // The tensor that reaches furthest, for those that begin inside of it.
  let last: { offset: number; bytes: Uint8Array } | undefined;
  for (const [i, { info, range, arrived }] of inOrder.entries()) {
    source.describe = () => `tensor "${info.name}"`;
    const next = inOrder[i + 1];
    const isShared = next !== undefined && next.range.offset < range.offset + range.length;
    let bytes: Uint8Array;
    if (last && range.offset < source.position) {
      const shared = last.bytes.subarray(range.offset - last.offset, range.offset - last.offset + range.length);
      bytes = shared;
      if (shared.length < range.length) {
        const joined = new GrowingBytes(range.length);
        joined.append(shared);
        await source.takeInto(joined, range.length - shared.length);
        bytes = joined.finish();
        last = { offset: range.offset, bytes };
      }
    } else {
      last = undefined;
      await source.skip(range.offset - source.position);
      bytes = await source.take(range.length, !isShared);
      if (isShared) last = { offset: range.offset, bytes };
    }
    await arrived(bytes);
  }
}
