/** Pause, resume and stop of a run, asked for from outside and looked at between steps. */

export class RunControl {
  private state: 'running' | 'paused' | 'stopped' = 'running';
  private wake: (() => void) | null = null;

  get isPaused(): boolean {
    return this.state === 'paused';
  }

  get isStopped(): boolean {
    return this.state === 'stopped';
  }

  pause(): void {
    if (this.state === 'running') this.state = 'paused';
  }

  resume(): void {
    if (this.state === 'paused') this.state = 'running';
    this.wake?.();
  }

  stop(): void {
    this.state = 'stopped';
    this.wake?.();
  }

  /** Resolves at once unless paused. */
  async whileRunning(): Promise<void> {
    while (this.state === 'paused') {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    this.wake = null;
  }
}

/**
 * Lets the event loop turn: on wasm a step resolves without ever leaving the microtask queue, and a message asking to stop
 * would wait for the end of the run.
 */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
