/** JSON Lines → rows: one object per line; blank lines are passed over. A broken line spoils no other. */
import { syntaxError } from './jsonText';
import { Lines } from './lines';
import { addObject, ShapeCount } from './objects';
import type { Described, RowSink, TextReader } from './sink';

export class JsonLinesReader implements TextReader {
  private readonly lines = new Lines((text, line) => this.read(text, line));
  private readonly shapes = new ShapeCount();

  constructor(
    private readonly sink: RowSink,
    private readonly why: string,
  ) {}

  write(text: string): void {
    this.lines.write(text);
  }

  end(): void {
    this.lines.end();
  }

  describe(): Described {
    const reason = `JSON Lines: ${this.why}.`;
    return { format: 'jsonl', delimiter: null, header: null, unit: null, shape: this.shapes.shape, reason };
  }

  private read(source: string, line: number): void {
    if (source.trim() === '') return;
    let value: unknown;
    try {
      value = JSON.parse(source);
    } catch {
      const reason = `not valid JSON: ${syntaxError(source)?.reason ?? 'unreadable'}`;
      this.sink.problem({ kind: 'unreadable', line, reason });
      return;
    }
    addObject(value, line, this.sink, this.shapes);
  }
}
