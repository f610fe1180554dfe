/** How fast a run goes: what its steps and validations take, smoothed over the last ones, and how long the rest will be. */

/** Of the mean over past steps, how much the newest counts. */
const SMOOTHING = 0.2;

export class Pace {
  /** Smoothed; 0 before the first step. */
  secondsPerStep = 0;
  private tokensPerStep = 0;
  private secondsPerValidation = 0;
  private since: number;

  /** @param now milliseconds; when it was is all that matters, not since when */
  constructor(private readonly now: () => number = () => performance.now()) {
    this.since = now();
  }

  get tokensPerSecond(): number {
    return this.tokensPerStep / this.secondsPerStep;
  }

  /** What was between the last step or validation and now is none of them: a pause, or another's work. */
  restart(): void {
    this.since = this.now();
  }

  /** @param textTokens of its batch */
  stepped(textTokens: number): void {
    const weight = this.secondsPerStep === 0 ? 1 : SMOOTHING;
    this.secondsPerStep += weight * (this.lap() - this.secondsPerStep);
    this.tokensPerStep += weight * (textTokens - this.tokensPerStep);
  }

  /** Since `restart`. */
  validated(): void {
    this.secondsPerValidation = this.lap();
  }

  /** Validations included; the last one is not awaited. */
  secondsLeft(step: number, { steps, evalEvery }: { readonly steps: number; readonly evalEvery: number }): number {
    const validations = step === steps ? 0 : Math.ceil((steps - step) / evalEvery);
    return this.secondsPerStep * (steps - step) + this.secondsPerValidation * validations;
  }

  private lap(): number {
    const before = this.since;
    this.since = this.now();
    return (this.since - before) / 1000;
  }
}
