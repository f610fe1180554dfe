/**
 * The loss curve of one run: columns in the layout the chart takes (step, training loss, validation loss), appended in
 * place because a run has thousands of points and an event may come twenty times a second. `revision` says it changed.
 */

export type LossColumns = [steps: number[], train: (number | null)[], validation: (number | null)[]];

export class LossLog {
  readonly columns: LossColumns = [[], [], []];
  revision = 0;

  train(step: number, loss: number): void {
    this.row(step);
    this.columns[1][this.columns[1].length - 1] = finite(loss);
  }

  validation(step: number, loss: number): void {
    this.row(step);
    this.columns[2][this.columns[2].length - 1] = finite(loss);
  }

  private row(step: number): void {
    const [steps, train, validation] = this.columns;
    this.revision++;
    if (steps.at(-1) === step) return;
    steps.push(step);
    train.push(null);
    validation.push(null);
  }
}

/** A loss that is not a number is a gap in the curve, not a point of it. */
function finite(loss: number): number | null {
  return Number.isFinite(loss) ? loss : null;
}

/** The chart in words, for screen readers. */
export function describeLoss(log: LossLog): string {
  const [steps, train, validation] = log.columns;
  const say = (name: string, values: readonly (number | null)[]): string | null => {
    const first = values.findIndex((value) => value !== null);
    if (first < 0) return null;
    const last = values.findLastIndex((value) => value !== null);
    const from = values[first];
    const to = values[last];
    if (from == null || to == null) return null;
    if (first === last) return `${name} loss is ${from.toFixed(2)} at step ${steps[first]}.`;
    const change = to < from ? 'fell' : to > from ? 'rose' : 'stayed';
    return `${name} loss ${change} from ${from.toFixed(2)} at step ${steps[first]} to ${to.toFixed(2)} at step ${steps[last]}.`;
  };
  const sentences = [say('Training', train), say('Validation', validation)].filter((text) => text !== null);
  return sentences.length === 0 ? 'No step has run yet.' : sentences.join(' ');
}
