/**
 * A JSON document that is too large to be held → rows, as they come: the elements of a list, or of the first list of objects
 * in an object.
 */
import { JSONParser, TokenType } from '@streamparser/json';
import { DataError } from '../../errors';
import { addObject, ShapeCount } from './objects';
import type { Described, RowSink, TextReader } from './sink';
import { isObject } from './values';

export class JsonStreamReader implements TextReader {
  private parser: JSONParser | null = null;
  private readonly shapes = new ShapeCount();
  private line = 1;
  private depth = 0;
  /** Line on which the element being read begins. */
  private begin = 1;
  /** The property whose list holds the rows, once one is found; null in a document that is the list. */
  private key: unknown = null;
  private rows = 0;

  constructor(
    private readonly name: string,
    private readonly sink: RowSink,
  ) {}

  write(text: string): void {
    // Line by line, since the parser tells of a token where it is, not on which line.
    for (let start = 0; start < text.length; ) {
      const feed = text.indexOf('\n', start);
      const end = feed < 0 ? text.length : feed + 1;
      this.feed(text.slice(start, end));
      if (feed >= 0) this.line++;
      start = end;
    }
  }

  end(): void {
    if (this.parser && !this.parser.isEnded) this.guarded(() => this.parser?.end());
    if (this.rows > 0) return;
    throw new DataError(
      `${this.name} holds no list of rows.`,
      { file: this.name, line: 1 },
      'A JSON file as large as this must be a list of objects, or hold one. JSON Lines is the better format for it.',
    );
  }

  describe(): Described {
    const what = typeof this.key === 'string' ? `the list "${this.key}" of an object` : 'a list of objects';
    const reason = `JSON: ${what}.`;
    return { format: 'json', delimiter: null, header: null, unit: null, shape: this.shapes.shape, reason };
  }

  private feed(text: string): void {
    const first = text.trimStart()[0];
    if (this.parser === null && first === undefined) return;
    this.parser ??= this.open(first === '[');
    const { parser } = this;
    this.guarded(() => parser.write(text));
  }

  private open(isList: boolean): JSONParser {
    const parser = new JSONParser({ paths: [isList ? '$.*' : '$.*.*'], keepStack: false, stringBufferSize: 65536 });
    const elementDepth = isList ? 1 : 2;
    parser.onToken = ({ token }) => {
      if (token === TokenType.LEFT_BRACE || token === TokenType.LEFT_BRACKET) {
        if (this.depth++ === elementDepth) this.begin = this.line;
      } else if (token === TokenType.RIGHT_BRACE || token === TokenType.RIGHT_BRACKET) this.depth--;
    };
    parser.onValue = ({ value, key, stack }) => {
      if (typeof key !== 'number') return;
      const list = isList ? null : stack.at(-1)?.key;
      if (this.rows === 0 && isObject(value)) this.key = list;
      else if (this.rows === 0 || list !== this.key) return;
      this.rows++;
      addObject(value, isObject(value) ? this.begin : this.line, this.sink, this.shapes);
    };
    return parser;
  }

  private guarded(work: () => void): void {
    try {
      work();
    } catch (cause) {
      if (cause instanceof DataError) throw cause;
      throw new DataError(
        `${this.name} is not valid JSON: line ${this.line} cannot be read.`,
        { file: this.name, line: this.line },
        'Repair the file at that place, or save it as JSON Lines, where one bad row does not spoil the others.',
        { cause },
      );
    }
  }
}
