/**
 * Bytes → text, piece by piece. UTF-8 unless a mark or zero bytes say UTF-16. Bytes that UTF-8 forbids mean Windows-1252
 * where only ASCII stood before (both read that alike, so that nothing need be read again), else damage: such text comes out with
 * U+FFFD in it, and `damaged` says that rows which hold one are not what somebody wrote.
 */
import { DataError } from '../../errors';
import type { TextEncodingName } from '../../worker/dataProtocol';

/** Western text has a tenth of its letters beyond ASCII; text in other scripts has nearly all. */
const mostlyForeign = 0.3;

/** Text has hardly any control characters; here and there one is a damaged row's. */
const mostControls = 0.02;

const names: Readonly<Record<TextEncodingName, string>> = {
  'utf-8': 'UTF-8',
  'utf-16le': 'UTF-16 (little endian)',
  'utf-16be': 'UTF-16 (big endian)',
  'windows-1252': 'Windows-1252',
};

/** A mark is passed over at the very beginning alone; elsewhere it is a character. */
const lenient = new TextDecoder('utf-8', { ignoreBOM: true });

export class Decoding {
  /** What it is by now; a byte further on may show that it is another. */
  encoding: TextEncodingName;
  /** A sentence where the encoding is not plain UTF-8; else ''. */
  reason: string;
  /** From here on, text may hold U+FFFD for bytes that are none of the encoding's, or NUL characters. */
  damaged = false;
  private decoder: TextDecoder;
  /** An unfinished character at the end of the piece before. */
  private carried: Uint8Array = new Uint8Array(0);
  private onlyAscii = true;
  private lines = 1;
  private begun = false;

  /** @param head the beginning of the file, which shows the encoding where none is `chosen` */
  constructor(
    private readonly file: string,
    head: Uint8Array,
    private readonly chosen: TextEncodingName | undefined,
  ) {
    const marked = markOf(head);
    const guessed = marked ?? zerosOf(head);
    this.encoding = chosen ?? guessed ?? 'utf-8';
    this.decoder = new TextDecoder(this.encoding, { fatal: this.encoding === 'utf-8', ignoreBOM: true });
    if (chosen !== undefined) this.reason = `${names[chosen]}, as chosen.`;
    else if (guessed === null || guessed === 'utf-8') this.reason = '';
    else
      this.reason = `${names[guessed]}, ${marked ? 'as its first two bytes say' : 'since every second byte is zero'}.`;
  }

  /** @throws DataError where the bytes are text in no encoding that is known here */
  write(bytes: Uint8Array): string {
    return this.checked(this.encoding === 'utf-8' ? this.utf8(this.withCarried(bytes)) : this.streamed(bytes));
  }

  end(): string {
    if (this.encoding !== 'utf-8') return this.checked(this.decoder.decode());
    const rest = this.carried;
    this.carried = new Uint8Array(0);
    return this.checked(this.utf8(rest));
  }

  private checked(text: string): string {
    if (!this.damaged && text.includes('\0')) this.damaged = true;
    if (this.begun || text === '') return text;
    this.begun = true;
    return text.startsWith('\uFEFF') ? text.slice(1) : text;
  }

  private streamed(bytes: Uint8Array): string {
    const text = this.decoder.decode(bytes, { stream: true });
    if (text.includes('\uFFFD')) this.damaged = true;
    return text;
  }

  private utf8(bytes: Uint8Array): string {
    if (this.damaged) return lenient.decode(bytes);
    try {
      const text = this.decoder.decode(bytes);
      if (this.onlyAscii) {
        this.onlyAscii = text.length === bytes.length;
        for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) this.lines++;
      }
      return text;
    } catch {
      return this.notUtf8(bytes);
    }
  }

  private notUtf8(bytes: Uint8Array): string {
    const { characters, broken, foreign, controls, at } = inspect(bytes);
    if (this.chosen === 'utf-8' || !this.onlyAscii || characters > broken) {
      this.damaged = true;
      this.reason ||= 'UTF-8, with some bytes that are not.';
      return lenient.decode(bytes);
    }
    if (controls > mostControls) throw notText(this.file);
    if (foreign > mostlyForeign) {
      throw new DataError(
        `${this.file} is neither UTF-8 nor in a Western encoding.`,
        { file: this.file, offset: at },
        'Save it as UTF-8 and drop it again (from a spreadsheet: Save as, CSV UTF-8).',
      );
    }
    let line = this.lines;
    for (let i = 0; i < at; i++) if (bytes[i] === 10) line++;
    this.encoding = 'windows-1252';
    this.decoder = new TextDecoder(this.encoding);
    const byte = bytes[at]?.toString(16).toUpperCase();
    this.reason = `${names[this.encoding]}, since byte 0x${byte} in line ${line} is not UTF-8.`;
    return this.decoder.decode(bytes, { stream: true });
  }

  private withCarried(bytes: Uint8Array): Uint8Array {
    const whole = new Uint8Array(this.carried.length + bytes.length);
    whole.set(this.carried);
    whole.set(bytes, this.carried.length);
    const end = whole.length - unfinished(whole);
    this.carried = whole.slice(end);
    return whole.subarray(0, end);
  }
}

function markOf([first, second, third]: Uint8Array): TextEncodingName | null {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  return first === 0xef && second === 0xbb && third === 0xbf ? 'utf-8' : null;
}

/** UTF-16 of a Western text has a zero in every second byte; no other text has. */
function zerosOf(head: Uint8Array): TextEncodingName | null {
  const pairs = Math.min(head.length, 65536) >> 1;
  const zeros = [0, 0];
  for (let i = 0; i < 2 * pairs; i++) if (head[i] === 0) zeros[i & 1]!++;
  const [even, odd] = zeros as [number, number];
  if (pairs < 2 || Math.max(even, odd) < pairs / 5 || Math.min(even, odd) > pairs / 50) return null;
  return odd > even ? 'utf-16le' : 'utf-16be';
}

/** Bytes that a lead byte promises, itself included; 0 for a byte that cannot lead. */
function promised(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/** How many bytes at the end begin a character that goes on. */
function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return promised(byte) > back ? back : 0;
  }
  return 0;
}

interface Inspection {
  /** Characters beyond ASCII that are UTF-8. */
  readonly characters: number;
  /** Bytes that are not, and where the first of them is. */
  readonly broken: number;
  readonly at: number;
  /** Shares of all bytes: those beyond ASCII, and control characters. */
  readonly foreign: number;
  readonly controls: number;
}

/** Of bytes that are not UTF-8 throughout. */
function inspect(bytes: Uint8Array): Inspection {
  let characters = 0;
  let broken = 0;
  let beyond = 0;
  let controls = 0;
  let at = -1;
  for (let i = 0; i < bytes.length; ) {
    const length = promised(bytes[i]!);
    if (length === 1) {
      if (isControl(bytes[i]!)) controls++;
      i++;
      continue;
    }
    let end = i + 1;
    while (end < i + length && (bytes[end]! & 0xc0) === 0x80) end++;
    beyond += end - i;
    if (length > 0 && end === i + length) characters++;
    else {
      broken++;
      if (at < 0) at = i;
    }
    i = end;
  }
  return { characters, broken, foreign: beyond / bytes.length, controls: controls / bytes.length, at: Math.max(at, 0) };
}

/** All of ASCII's but tab, line ends, form feed and escape. */
function isControl(code: number): boolean {
  return code < 0x20 && !(code >= 0x09 && code <= 0x0d) && code !== 0x1b;
}

export function isNoText(text: string): boolean {
  let controls = 0;
  for (let i = 0; i < text.length; i++) if (isControl(text.charCodeAt(i))) controls++;
  return controls > 1 && controls > mostControls * text.length;
}

export function notText(file: string): DataError {
  return new DataError(
    `${file} is not a text file.`,
    { file },
    'Save it as CSV or JSON Lines in UTF-8 (from a spreadsheet: Save as, CSV UTF-8).',
  );
}
