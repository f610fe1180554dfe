/**
 * What was read of the last datasets, so that another mapping, another length or the way back from a look at a sample does
 * not read the files again.
 */
import { type ParsedDataset, type ReadOptions, readDataset } from '../data';
import type { DatasetSource } from './protocol';

/** The one in use, and the one before it. */
const KEPT = 2;

export class ReadDatasets {
  /** In the order of their last use. */
  private readonly kept = new Map<string, ParsedDataset>();

  /** @throws DataError where no row can be used */
  async read(source: DatasetSource, options: ReadOptions): Promise<ParsedDataset> {
    const { format, encoding, delimiter, header, unit } = options.choices;
    const choices = [format, encoding, delimiter, header, unit].map((choice) => choice ?? null);
    const key = JSON.stringify([source.key, source.name, choices, options.maxRows, options.seed]);
    const rows = this.kept.get(key) ?? (await readDataset(source, options));
    this.kept.delete(key);
    this.kept.set(key, rows);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= KEPT) break;
      this.kept.delete(oldest);
    }
    return rows;
  }
}
