/**
 * Entities of an answer and how many of them are right: precision, recall and F1 at entity level as seqeval counts them
 * (micro: over all types together), 0..1.
 *
 *   precision = found ÷ written,  recall = found ÷ in the target,  F1 = 2 · found ÷ (written + in the target)
 *
 * and 0 where that would be 0 ÷ 0. An entity is found when type and value are the same to the letter, case included; spaces
 * around a value do not count, nor how many are within. Order does not count, repetition does: what the target has twice
 * is found twice at most.
 */
import { collapsed } from '../exactMatch';
import { additive, type Measure } from '../measure';

export interface Entity {
  readonly type: string;
  /** The text of it, or where it stands when only tags are written. */
  readonly value: string;
}

export function entity(type: string, value: string): Entity {
  return { type: collapsed(type), value: collapsed(value) };
}

export interface EntityCounts {
  readonly found: number;
  readonly written: number;
  readonly inTarget: number;
}

export function countEntities(answer: readonly Entity[], target: readonly Entity[]): EntityCounts {
  const left = new Map<string, number>();
  for (const one of target) left.set(keyOf(one), (left.get(keyOf(one)) ?? 0) + 1);
  let found = 0;
  for (const one of answer) {
    const open = left.get(keyOf(one)) ?? 0;
    if (open > 0) found++;
    left.set(keyOf(one), open - 1);
  }
  return { found, written: answer.length, inTarget: target.length };
}

export interface EntityMeasures {
  readonly precision: Measure;
  readonly recall: Measure;
  readonly f1: Measure;
}

export function entityMeasures(rows: readonly EntityCounts[]): EntityMeasures {
  const ratioOf = (ratio: (found: number, written: number, inTarget: number) => number) =>
    additive(
      rows.map(({ found, written, inTarget }) => [found, written, inTarget]),
      ([found, written, inTarget]) => (found === 0 ? 0 : ratio(found!, written!, inTarget!)),
    );
  return {
    precision: ratioOf((found, written) => found / written),
    recall: ratioOf((found, _, inTarget) => found / inTarget),
    f1: ratioOf((found, written, inTarget) => (2 * found) / (written + inTarget)),
  };
}

/** Counts of each type that occurs, for a table by type; in the order in which types first occur. */
export function countsByType(
  rows: readonly { readonly answer: readonly Entity[]; readonly target: readonly Entity[] }[],
): Map<string, EntityCounts> {
  const types = new Set(rows.flatMap(({ target, answer }) => [...target, ...answer].map(({ type }) => type)));
  const byType = new Map<string, EntityCounts>();
  for (const type of types) {
    const ofType = (entities: readonly Entity[]) => entities.filter((one) => one.type === type);
    const counts = rows.map(({ answer, target }) => countEntities(ofType(answer), ofType(target)));
    byType.set(type, {
      found: counts.reduce((sum, { found }) => sum + found, 0),
      written: counts.reduce((sum, { written }) => sum + written, 0),
      inTarget: counts.reduce((sum, { inTarget }) => sum + inTarget, 0),
    });
  }
  return byType;
}

const keyOf = ({ type, value }: Entity) => JSON.stringify([type, value]);
