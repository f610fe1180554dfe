/**
 * Words as mteval-v13a cuts them, sacreBLEU's default: punctuation stands apart from words, save a period or comma within a
 * number. Made for Western languages. A text without spaces (Chinese, Thai …) stays one word between its ASCII
 * punctuation, so that BLEU on it says little; chrF is the metric to read there.
 */

/** Spaces as Python's `str.split` knows them: JavaScript's, without the byte order mark and with NEL. */
const spaces = /(?:[^\S\uFEFF]|\u0085)+/;

/** The words between spaces. */
export function splitAtSpaces(text: string): string[] {
  return text.split(spaces).filter((word) => word !== '');
}

export function words13a(text: string): string[] {
  const line = trimEnd(text)
    .replaceAll('<skipped>', '')
    // A word that was hyphenated at a line's end.
    .replaceAll('-\n', '')
    .replaceAll('\n', ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>');
  const spaced = ` ${line} `
    .replace(/[{-~[-` -&(-+:-@/]/g, ' $& ')
    .replace(/([^0-9])([.,])/g, '$1 $2 ')
    .replace(/([.,])([^0-9])/g, ' $1 $2')
    .replace(/([0-9])(-)/g, '$1 $2 ');
  return splitAtSpaces(spaced);
}

function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && spaces.test(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}
