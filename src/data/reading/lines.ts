/** A text that comes in pieces → its lines. `\r\n` and `\n` end a line; `\r` does where the text has no `\n`, as on old Macintoshes. */

/** The line end of a text, from its beginning. */
export function lineEndOf(head: string): '\n' | '\r' {
  return head.includes('\r') && !head.includes('\n') ? '\r' : '\n';
}

export class Lines {
  private lineEnd: '\n' | '\r' | null = null;
  private pending = '';
  private line = 1;

  constructor(private readonly onLine: (text: string, line: number) => void) {}

  write(text: string): void {
    this.lineEnd ??= lineEndOf(text);
    let start = 0;
    // Only the new text is searched, so that a line of many pieces costs no more than its length.
    for (let end = text.indexOf(this.lineEnd); end >= 0; end = text.indexOf(this.lineEnd, start)) {
      this.hand(this.pending + text.slice(start, end));
      this.pending = '';
      start = end + 1;
    }
    this.pending += text.slice(start);
  }

  end(): void {
    if (this.pending !== '') this.hand(this.pending);
    this.pending = '';
  }

  private hand(text: string): void {
    this.onLine(text.endsWith('\r') ? text.slice(0, -1) : text, this.line++);
  }
}
