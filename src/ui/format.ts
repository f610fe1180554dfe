/** Numbers and places as words: every number with its unit, estimates with "about", no more digits than are known. */
import type { ErrorLocation } from '../errors';
import type { RunRecord, RunRow } from '../state';
import type { AdapterShape, MethodSettings } from '../worker';

export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en');
}

/** `1 token`, `2 tokens`. */
export function formatPlural(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatCount(count)} ${Math.round(count) === 1 ? noun : plural}`;
}

/** 7,084,288 → `7.1 million`. */
export function formatMillions(count: number): string {
  if (count < 1e6) return formatCount(count);
  return count < 1e9 ? `${twoDigits(count / 1e6)} million` : `${twoDigits(count / 1e9)} billion`;
}

/** Decimal units, as file managers show them: 16,480 → `16 kB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} bytes`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${twoDigits(value)} ${units[unit]}`;
}

/** At least two digits that mean something: 0.064 → `0.064`, 5.11 → `5.1`, 412.3 → `412`. */
function twoDigits(value: number): string {
  return value < 9.95 ? String(Number(value.toPrecision(2))) : value.toFixed(0);
}

/** A share of 1: 0.000578 → `0.058 %`. */
export function formatShare(share: number): string {
  return `${twoDigits(share * 100)} %`;
}

/** Accuracy: 0.7333 → `73.3 %`. */
export function formatAccuracy(share: number | null): string {
  return share === null ? '–' : `${(share * 100).toFixed(1)} %`;
}

export function formatLoss(loss: number | null | undefined): string {
  if (loss == null) return '–';
  return Number.isFinite(loss) ? loss.toFixed(3) : 'not a number';
}

export function formatRate(tokensPerSecond: number): string {
  return `${tokensPerSecond < 10 ? tokensPerSecond.toFixed(1) : formatCount(tokensPerSecond)} tokens/s`;
}

/** 100 → `1 min 40 s`. Long times lose their seconds: nobody knows them. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return 'unknown';
  if (seconds < 1) return 'under 1 s';
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 600) return whole % 60 === 0 ? `${whole / 60} min` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(whole / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** An estimate: rounded to what an estimate can know. */
export function formatAbout(seconds: number): string {
  if (!(seconds >= 1)) return formatDuration(seconds);
  const grain = seconds < 20 ? 1 : seconds < 60 ? 5 : seconds < 600 ? 10 : 60;
  return `about ${formatDuration(Math.round(seconds / grain) * grain)}`;
}

/** How long ago, in the coarsest unit that says something: `just now`, `5 minutes ago`, `yesterday`. Both in ms. */
export function formatWhen(then: number, now: number): string {
  const seconds = Math.max(0, (now - then) / 1000);
  if (seconds < 60) return 'just now';
  const words = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
  const units = [
    ['minute', 60],
    ['hour', 3600],
    ['day', 86_400],
    ['week', 604_800],
    ['month', 2_629_800],
    ['year', 31_557_600],
  ] as const;
  const [unit, length] = units.findLast(([, length]) => seconds >= length) ?? units[0];
  return words.format(-Math.floor(seconds / length), unit);
}

/** In what parts a batch is computed: `in micro-batches of 8`. */
export function sayParts(microBatchSize: number, recompute: boolean): string {
  const rows = microBatchSize === 1 ? 'one row at a time' : `in micro-batches of ${formatCount(microBatchSize)}`;
  return recompute ? `${rows}, layers computed twice` : rows;
}

/** How a run ended, after its name: `finished`, `ran out of memory`. */
export function sayEnding(ending: NonNullable<RunRecord['ending']>): string {
  return ending === 'out-of-memory' ? 'ran out of memory' : ending;
}

/** How a kept run stands: `finished`, `stopped early`, `interrupted`. */
export function sayRunStatus(status: RunRow['status']): string {
  if (status === 'out-of-memory') return sayEnding(status);
  return status === 'stopped-early' ? 'stopped early' : status;
}

/** `[16, 2048]` → `16 × 2,048`. */
export function formatDims(dims: readonly number[]): string {
  return dims.length === 0 ? 'scalar' : dims.map(formatCount).join(' × ');
}

/** What the hub asks for is no place: the form for it stands with the error. */
const HUB_DEMANDS: ReadonlySet<string> = new Set(['terms', 'token']);

/** `reviews.csv, line 12, column label`; null where nothing is known. */
export function sayWhere({ file, line, column, node, field, offset }: ErrorLocation): string | null {
  const parts = [
    file,
    line === undefined ? undefined : `line ${line}`,
    column === undefined ? undefined : `column ${column}`,
    node === undefined ? undefined : `node ${node}`,
    field === undefined || field === '' || HUB_DEMANDS.has(field) ? undefined : `field ${field}`,
    offset === undefined ? undefined : `byte ${formatCount(offset)}`,
  ].filter((part) => part !== undefined && part !== '');
  return parts.length === 0 ? null : parts.join(', ');
}

/** What a run learns: `prefix of 16, from text`, `LoRA of rank 8 on q, v`. */
export function sayMethod(method: MethodSettings): string {
  if (method.type === 'lora') return `LoRA of rank ${method.rank} on ${method.targets.join(', ')}`;
  return `${method.type} of ${formatCount(method.length)}, from ${method.init.type}`;
}

/** What an adapter is: `prefix of 16`, `LoRA of rank 8`. */
export function sayShape(shape: AdapterShape): string {
  return shape.method === 'lora' ? `LoRA of rank ${shape.rank}` : `${shape.method} of ${formatCount(shape.length)}`;
}
