/** Line numbers of positions in a text, for positions that are asked in ascending order. */

/** Returns a function position → line, from 1; each call goes on from the one before. `\r\n`, `\n` and `\r` end a line. */
export function lineCounter(text: string): (position: number) => number {
  let at = 0;
  let line = 1;
  return (position) => {
    for (; at < position; at++) {
      const code = text.charCodeAt(at);
      if (code === 10 || (code === 13 && text.charCodeAt(at + 1) !== 10)) line++;
    }
    return line;
  };
}
