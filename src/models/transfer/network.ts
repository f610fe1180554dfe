/**
 * Requests over a network that may fail: an answer in time or a `Cut`, and trying again after a pause that grows. What a
 * refusal (404, 401 …) means is for the caller to say; it is never tried again.
 */
import { ModelError } from '../../errors';
import type { Retry } from '../files';
import type { Clock } from './clock';

export interface Network {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  /** 0 ≤ x < 1, spreads retries. */
  readonly random: () => number;
  /** Without a byte for so long, a connection counts as cut. */
  readonly stallMs: number;
}

/** After a cut, so many more attempts. */
export const RETRIES = 3;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8000;
/** A server that asks for more patience than this is reported to the person instead. */
const LONGEST_RETRY_AFTER_MS = 60_000;

/** A failure that may pass. `message` is a sentence for the person, without addresses. */
export class Cut extends Error {
  constructor(
    message: string,
    readonly retryAfterMs: number | null = null,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export interface SendOptions {
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/**
 * One request and its answer. A watchdog ends it when nothing comes for too long: one timer for the whole connection,
 * since a large file has ten thousands of pieces.
 */
export class Connection {
  private readonly controller = new AbortController();
  private readonly watchdog = new AbortController();
  /** Counts what has come. */
  private received = 0;
  private waiting = false;
  private stalled = false;
  private readonly end = () => this.controller.abort();

  private constructor(
    private readonly network: Network,
    private readonly signal: AbortSignal,
  ) {
    signal.addEventListener('abort', this.end);
  }

  /** @throws Cut where nothing came, or the server is not able to answer now (429, 5xx) */
  static async open(
    network: Network,
    url: string,
    { signal, ...init }: SendOptions,
  ): Promise<{ readonly connection: Connection; readonly response: Response }> {
    throwIfEnded(signal);
    const connection = new Connection(network, signal);
    try {
      const response = await connection.ask(url, init);
      if (!isTransient(response.status)) return { connection, response };
      const waiting = retryAfter(response.headers.get('retry-after'), network.clock.now());
      throw new Cut(`The server says ${response.status}${reasonOf(response.status)}.`, waiting);
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** What arrives of the body, which is part of the connection: waits no longer than a stall. */
  async receive<T>(work: Promise<T>, failure = 'The connection was cut.'): Promise<T> {
    this.waiting = true;
    try {
      return await work;
    } catch (cause) {
      throwIfEnded(this.signal);
      const seconds = Math.round(this.network.stallMs / 1000);
      throw new Cut(this.stalled ? `Nothing came for ${seconds} seconds.` : failure, null, { cause });
    } finally {
      this.waiting = false;
      this.received++;
    }
  }

  /** To be called in any case, also when the body was read to its end. */
  close(): void {
    this.signal.removeEventListener('abort', this.end);
    this.watchdog.abort();
    this.controller.abort();
  }

  private ask(url: string, init: Omit<SendOptions, 'signal'>): Promise<Response> {
    void this.watch();
    // `no-store`: the model cache is ours, and gigabytes would push everything else out of the browser's.
    const asked = this.network.fetch(url, { ...init, signal: this.controller.signal, cache: 'no-store' });
    return this.receive(asked, 'The connection failed.');
  }

  private async watch(): Promise<void> {
    const { clock, stallMs } = this.network;
    for (;;) {
      const before = this.received;
      await clock.sleep(stallMs, this.watchdog.signal);
      if (this.watchdog.signal.aborted) return;
      // A reader that takes its time is no stall.
      if (this.waiting && this.received === before) break;
    }
    this.stalled = true;
    this.end();
  }
}

interface PatienceOptions {
  readonly network: Network;
  /** What is fetched, for messages. */
  readonly file: string;
  readonly signal: AbortSignal;
  readonly retries: number;
  readonly onRetry: (retry: Retry | null) => void;
}

/** Counts the cuts of one transfer and waits between attempts. */
export class Patience {
  private cuts = 0;

  constructor(private readonly options: PatienceOptions) {}

  /** Waits before the next attempt. @throws whatever is no cut, and ModelError after the last attempt */
  async after(error: unknown): Promise<void> {
    if (!(error instanceof Cut)) throw error;
    const { network, file, signal, retries, onRetry } = this.options;
    this.cuts++;
    const tooLong = (error.retryAfterMs ?? 0) > LONGEST_RETRY_AFTER_MS;
    if (this.cuts > retries || tooLong) {
      throw new ModelError(
        `${file} could not be fetched. ${error.message}`,
        { file },
        tooLong
          ? `The server asks to wait ${Math.ceil((error.retryAfterMs ?? 0) / 60_000)} minutes. Try again then.`
          : 'Check the connection and load the model again: what has arrived is kept where the browser allows it.',
        { cause: error },
      );
    }
    onRetry({ attempt: this.cuts, of: retries, reason: error.message });
    await network.clock.sleep(error.retryAfterMs ?? this.pause(), signal);
    throwIfEnded(signal);
  }

  /** The transfer goes on well: earlier cuts are forgotten. */
  forgive(): void {
    this.cuts = 0;
  }

  /** Doubles each time; up to half of it is left to chance, so that many clients do not come back together. */
  private pause(): number {
    const full = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.cuts - 1));
    return full * (0.5 + this.options.network.random() / 2);
  }
}

/** The work, with retries after cuts. */
export async function persistently<T>(
  task: Pick<PatienceOptions, 'network' | 'file' | 'signal' | 'retries'>,
  work: () => Promise<T>,
): Promise<T> {
  const patience = new Patience({ onRetry: () => {}, ...task });
  for (;;) {
    try {
      return await work();
    } catch (error) {
      await patience.after(error);
    }
  }
}

function throwIfEnded(signal: AbortSignal): void {
  if (signal.aborted) throw new ModelError('Loading was ended.', {}, 'Load the model again to go on from here.');
}

/** 501 says that the server does not know such requests, and never will. */
const isTransient = (status: number) =>
  status === 408 || status === 425 || status === 429 || (status >= 500 && status !== 501);

const reasonOf = (status: number) => (status === 429 ? ' (too many requests)' : '');

/** Seconds, or a date. */
function retryAfter(header: string | null, now: number): number | null {
  if (header === null) return null;
  const milliseconds = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : null;
}
