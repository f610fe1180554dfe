/** Well-known column names of datasets, and what a column's name looks like in a template. */

/** Most telling first: a file with `label_text` and `label` trains on the words, not on the numbers. */
const targetNames = [
  'label_text',
  'label_name',
  'label',
  'labels',
  'sentiment',
  'verdict',
  'category',
  'class',
  'intent',
  'emotion',
  'topic',
  'gold',
  'target',
  'output',
  'response',
  'completion',
  'answer',
  'answers',
  'answers.text',
  'reply',
  'solution',
  'summary',
  'highlights',
  'translation',
  'chosen',
  'extraction',
  'entities',
  'table',
  'rating',
  'stars',
  'score',
];

const systemNames = ['system', 'system_prompt', 'system_message'];

const inputNames = [
  'instruction',
  'context',
  'premise',
  'hypothesis',
  'sentence1',
  'sentence2',
  'title',
  'text',
  'sentence',
  'review',
  'input',
  'inputs',
  'prompt',
  'question',
  'query',
  'content',
  'comment',
  'message',
  'document',
  'article',
  'passage',
  'dialogue',
  'utterance',
  'tweet',
  'description',
  'body',
];

const bookkeeping =
  /^(id|idx|index|uid|uuid|guid|row|row_idx|no|nr|number|split|fold|url|date|time|timestamp|source|language|lang|author|unnamed.*|.*_id)$/;

/** Rank among the well-known target names, 0 the most telling; Infinity for others. */
export function targetRank(name: string): number {
  const rank = targetNames.indexOf(plain(name));
  return rank < 0 ? Number.POSITIVE_INFINITY : rank;
}

export function isInputName(name: string): boolean {
  return inputNames.includes(plain(name));
}

/** Columns with the message that tells a chat model who it is. */
export function isSystemName(name: string): boolean {
  return systemNames.includes(plain(name));
}

/** Columns that count or file rows and say nothing. */
export function isBookkeeping(name: string): boolean {
  return bookkeeping.test(plain(name));
}

export function isWellKnown(name: string): boolean {
  return isInputName(name) || isSystemName(name) || targetRank(name) < Number.POSITIVE_INFINITY;
}

/** `reviewText`, `review_text` and `review.text` are `Review Text`. */
export function titleCase(name: string): string {
  const words = name.replace(/(?<=\p{Ll})(?=\p{Lu})/gu, ' ').split(/[\s_.\-/]+/u);
  return words
    .filter((word) => word !== '')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(' ');
}

function plain(name: string): string {
  return name
    .trim()
    .replace(/(?<=\p{Ll})(?=\p{Lu})/gu, '_')
    .toLowerCase()
    .replace(/[\s-]+/g, '_');
}
