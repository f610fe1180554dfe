/** What datasets call their splits, in a file's name, a folder's or a column `split`. */

export type Split = 'train' | 'validation';

const spoken: Readonly<Record<string, Split | 'test'>> = {
  train: 'train',
  training: 'train',
  valid: 'validation',
  validation: 'validation',
  val: 'validation',
  dev: 'validation',
  eval: 'validation',
  test: 'test',
  testing: 'test',
};

/** Test rows are held out like others. */
export function splitNamed(name: string): Split | null {
  const split = spoken[name.trim().toLowerCase()];
  return split === 'test' ? 'validation' : (split ?? null);
}

/** By the file's name, else by the nearest folder's: `train.csv`, `data/train-00000-of-00002.parquet`, `test/pos/7.txt`. */
export function splitOfPath(path: string): Split | 'test' | null {
  for (const part of path.split('/').reverse()) {
    for (const word of part.toLowerCase().split(/[^a-z]+/)) {
      const split = spoken[word];
      if (split !== undefined) return split;
    }
  }
  return null;
}
