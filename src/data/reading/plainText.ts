/** Plain text → rows with the one column `text`: a line, a paragraph (lines between blank ones), or the whole file. */
import { Lines } from './lines';
import type { Described, RowSink, TextReader } from './sink';

export type TextUnit = 'line' | 'paragraph' | 'file';

export class PlainTextReader implements TextReader {
  private readonly lines = new Lines((text, line) => this.read(text, line));
  private gathered: string[] = [];
  private begin = 1;

  /** @param label what all of it is, where the file's folder says so */
  constructor(
    private readonly sink: RowSink,
    private readonly unit: TextUnit,
    private readonly why: string,
    private readonly label: string | null = null,
  ) {
    sink.columns(label === null ? ['text'] : ['text', 'label']);
  }

  write(text: string): void {
    this.lines.write(text);
  }

  end(): void {
    this.lines.end();
    this.hand();
  }

  describe(): Described {
    const { unit, label, why } = this;
    const reason = `Plain text: ${why}.`;
    const shape = label === null ? 'plain-text' : 'text-label';
    return { format: 'text', delimiter: null, header: null, unit: unit === 'file' ? null : unit, shape, reason };
  }

  private read(text: string, line: number): void {
    const blank = text.trim() === '';
    if (blank && this.unit !== 'file') this.hand();
    if (blank && this.gathered.length === 0) return;
    if (this.gathered.length === 0) this.begin = line;
    this.gathered.push(text);
    if (this.unit === 'line') this.hand();
  }

  private hand(): void {
    if (this.gathered.length === 0) return;
    const text = this.gathered.join('\n').trim();
    const { label } = this;
    this.gathered = [];
    this.sink.row(this.begin, null, () => ({
      cells: new Map(
        label === null
          ? [['text', text]]
          : [
              ['text', text],
              ['label', label],
            ],
      ),
    }));
  }
}
