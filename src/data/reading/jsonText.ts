/** Where in a JSON text things stand, by jsonc-parser: `JSON.parse` does not say it, or not alike in every browser. */
import { type ParseError, parse, printParseErrorCode, visit } from 'jsonc-parser';

const strict = { disallowComments: true, allowTrailingComma: false };

/** The first syntax error of a JSON text, or null where there is none. */
export function syntaxError(text: string): { line: number; reason: string } | null {
  let found: { line: number; reason: string } | null = null;
  visit(
    text,
    {
      onError: (code, _offset, _length, line, character) => {
        found ??= { line: line + 1, reason: `${words(printParseErrorCode(code))} at character ${character + 1}` };
      },
    },
    strict,
  );
  return found;
}

/** The value of a JSON text with comments or commas after the last element; null where more is wrong with it. */
export function parseForgiving(text: string): { readonly value: unknown } | null {
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { disallowComments: false, allowTrailingComma: true });
  return errors.length === 0 ? { value } : null;
}

/** The line of every element of the array (of the array under `key`, when it is not null). */
export function elementLines(text: string, key: string | null): number[] {
  const lines: number[] = [];
  const depth = key === null ? 1 : 2;
  let open = 0;
  let property: string | null = null;
  const element = (line: number) => {
    if (open === depth && (key === null || property === key)) lines.push(line + 1);
  };
  const begin = (_offset: number, _length: number, line: number) => {
    element(line);
    open++;
  };
  const end = () => {
    open--;
  };
  visit(
    text,
    {
      onObjectBegin: begin,
      onArrayBegin: begin,
      onObjectEnd: end,
      onArrayEnd: end,
      onLiteralValue: (_value, _offset, _length, line) => element(line),
      onObjectProperty: (name) => {
        if (open !== 1) return;
        // As in JSON.parse, the last of several equal keys counts.
        property = name;
        if (name === key) lines.length = 0;
      },
    },
    { disallowComments: false, allowTrailingComma: true },
  );
  return lines;
}

/** `CommaExpected` → `comma expected`. */
function words(code: string): string {
  return code.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
}
