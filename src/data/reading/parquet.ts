/** Parquet → rows, one row group at a time, on hyparquet. The file is read where its footer points, never as a whole. */
import { DataError } from '../../errors';
import { addObject, ShapeCount } from './objects';
import type { Described, RowSink } from './sink';

/** Rows that are turned into objects at once. */
const rowsAtOnce = 25_000;

/** @param afterEach called when some more of its rows were read, with what is known of all */
export async function readParquet(
  name: string,
  blob: Blob,
  sink: RowSink,
  afterEach: (share: number, described: Described) => Promise<void>,
): Promise<Described> {
  // Most people never open a Parquet file, and the decompressors are large.
  const [{ parquetMetadataAsync, parquetReadObjects }, { compressors }] = await Promise.all([
    import('hyparquet'),
    import('hyparquet-compressors'),
  ]);
  const file = {
    byteLength: blob.size,
    slice: (start: number, end?: number) => blob.slice(start, end).arrayBuffer(),
  };
  const shapes = new ShapeCount();
  let row = 0;
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      throw new DataError(
        `${name} is a damaged Parquet file: ${row === 0 ? 'its beginning' : `what follows row ${row}`} cannot be read.`,
        { file: name, line: row + 1 },
        'It was perhaps cut off while it was copied: fetch it again.',
        { cause },
      );
    }
  };
  const metadata = await guarded(() => parquetMetadataAsync(file));
  const total = Number(metadata.num_rows);
  const groups = metadata.row_groups.length;
  const reason = `Parquet: ${total} rows in ${groups} row ${groups === 1 ? 'group' : 'groups'}.`;
  const describe = (): Described => ({
    format: 'parquet',
    delimiter: null,
    header: null,
    unit: null,
    shape: shapes.shape,
    reason,
  });
  let groupEnd = 0;
  for (const group of metadata.row_groups) {
    groupEnd += Number(group.num_rows);
    while (row < groupEnd) {
      const rowEnd = Math.min(row + rowsAtOnce, groupEnd);
      const rowStart = row;
      const objects = await guarded(() =>
        parquetReadObjects({ file, metadata, rowStart, rowEnd, compressors, utf8: false }),
      );
      for (const object of objects) addObject(object, ++row, sink, shapes);
      row = rowEnd;
      await afterEach(row / total, describe());
    }
  }
  return describe();
}
