/**
 * Whether targets are annotations rather than prose: JSON, tagged text (`<person>Ann</person>`), BIO tags, or fields
 * (`person: Ann; place: Oslo`). Only enough to recognise the task; what the entities are is read in evaluation.
 */

/** Targets that must be of one notation; the rest may be slips. */
const share = 0.9;
/** Fields have names that come again; a colon in prose is followed by whatever comes. */
const maxFieldNames = 20;

/** @param targets trimmed, none empty */
export function looksLikeEntities(targets: readonly string[]): boolean {
  if (targets.length === 0) return false;
  const enough = (is: (target: string) => boolean) => targets.filter(is).length >= share * targets.length;
  if (enough(isJson) || enough(isTagged) || areFields(targets)) return true;
  return targets.some(hasEntityTag) && enough(isTagSequence);
}

function isJson(target: string): boolean {
  if (!/^[[{]/.test(target)) return false;
  try {
    JSON.parse(target);
    return true;
  } catch {
    return false;
  }
}

function isTagged(target: string): boolean {
  return /<([\p{L}_][\p{L}\p{N}_-]*)>[^<>]*<\/\1>/u.test(target);
}

/** `O B-PER I-PER O`, with spaces or commas between, or `Ann/B-PER` as words with their tags. */
function isTagSequence(target: string): boolean {
  return target.split(/[\s,]+/).every((word) => /(^|\/)(O|[BIESLU]-[\p{L}_][\p{L}\p{N}_-]*)$/u.test(word));
}

function hasEntityTag(target: string): boolean {
  return /(^|[\s,/])[BIESLU]-[\p{L}_]/u.test(target);
}

function areFields(targets: readonly string[]): boolean {
  const names = new Set<string>();
  let fields = 0;
  let rows = 0;
  for (const target of targets) {
    const parts = target.split(/[;\n]/).filter((part) => part.trim() !== '');
    const found = parts.map((part) => /^\s*([\p{L}_][\p{L}\p{N}_ -]{0,29}):\s*\S/u.exec(part)?.[1]);
    if (found.includes(undefined)) continue;
    rows++;
    fields += found.length;
    for (const name of found) names.add(name?.toLowerCase() ?? '');
  }
  return rows >= share * targets.length && names.size <= maxFieldNames && names.size * 2 <= fields;
}
