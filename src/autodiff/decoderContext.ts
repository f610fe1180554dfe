/**
 * What lowerings must know of the decoder around them: where each query and key stands. From it the attention mask of
 * every window follows, so causality, padding, sliding windows and a ragged cache are one mechanism.
 */
import type { Ops } from './ops';
import type { Value } from './types';

/** Added to masked scores: finite, so that no arithmetic on it makes NaN, and far below any score. */
const MASKED = -1e9;

export interface DecoderContext {
  /** Positions of the new tokens, int64 [batch, time]. */
  readonly positions: Value;
  /** [batch or 1, 1, time, cache + time], 0 where query i may see key j (0 ≤ i − j < window), else a large negative. */
  attentionBias(window: number | null): Value;
}

export interface AttentionLayout {
  /** int64 [batch, time]. */
  readonly positions: Value;
  /** float32 [batch or 1, time]. */
  readonly queryPositions: Value;
  /** float32 [batch or 1, cache + time]; slots nobody may see hold a position beyond every query. */
  readonly keyPositions: Value;
}

export function decoderContext(ops: Ops, layout: AttentionLayout): DecoderContext {
  return {
    positions: layout.positions,
    attentionBias(window) {
      const [rows, time] = layout.queryPositions.dims as [number, number];
      const queries = ops.reshape(layout.queryPositions, [rows, 1, time, 1]);
      const keys = ops.reshape(layout.keyPositions, [rows, 1, 1, layout.keyPositions.dims[1] as number]);
      const distance = ops.sub(queries, keys);
      const behind = ops.emit('GreaterOrEqual', [distance, ops.scalar(0)]);
      // And, since ONNX Runtime has no Or on WebGPU
      const visible =
        window === null ? behind : ops.emit('And', [behind, ops.emit('Less', [distance, ops.scalar(window)])]);
      return ops.where(visible, ops.scalar(0), ops.scalar(MASKED));
    },
  };
}

/** Every cache slot is full and the new tokens follow it: training, evaluation, encoding a text. */
export function denseLayout(ops: Ops, batch: number, cache: number, time: number): AttentionLayout {
  const range = (start: number, length: number) => Array.from({ length }, (_, i) => start + i);
  const positions = range(cache, time);
  return {
    positions: ops.builder.literal('int64', [batch, time], Array.from({ length: batch }, () => positions).flat()),
    queryPositions: ops.builder.literal('float32', [1, time], positions),
    keyPositions: ops.builder.literal('float32', [1, cache + time], range(0, cache + time)),
  };
}

/**
 * Each row has its own length: `attentionMask` (int64 [batch, cache + time]) says which slots count, the cache is filled up
 * to its last slot, and the new tokens stand at `positions` (int64 [batch, time], one after the other, all below cache +
 * time). So the slots that count are neighbours, as they are for graphs that build a mask or a distance from slots.
 */
export function raggedLayout(ops: Ops, attentionMask: Value, positions: Value): AttentionLayout {
  const time = positions.dims[1] as number;
  const cache = (attentionMask.dims[1] as number) - time;
  const queryPositions = ops.fromInt64(positions, cache + time);
  const beforeFirst = (): Value => {
    const distances = Array.from({ length: cache }, (_, slot) => slot - cache);
    return ops.add(ops.slice(queryPositions, 1, 0, 1), ops.builder.literal('float32', [1, cache], distances));
  };
  const all = cache === 0 ? queryPositions : ops.concat([beforeFirst(), queryPositions], 1);
  const beyond = ops.scalar(1e9);
  const visible = ops.fromInt64(attentionMask, 2);
  // position where the mask is 1, 1e9 where it is 0
  const keyPositions = ops.add(ops.mul(all, visible), ops.mul(ops.sub(ops.scalar(1), visible), beyond));
  return { positions, queryPositions, keyPositions };
}
