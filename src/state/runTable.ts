/** The kept runs as rows of a table and as lines of a chart; the run under way is as far as the page knows it. */
import type { KeptRun, RunCurve, RunEnding } from '../worker';
import type { RunPhase, RunRecord } from './run';
import { isActive } from './run';

export interface RunRow {
  readonly run: KeptRun;
  /** `running` may mean in another tab. */
  readonly status: RunEnding | Exclude<RunPhase, 'done' | 'failed'>;
  readonly step: number;
  readonly steps: number;
  /** On the held-out rows: now, and of the model alone. */
  readonly loss: number | null;
  readonly accuracy: number | null;
  readonly baseLoss: number | null;
  readonly baseAccuracy: number | null;
}

export interface OverlayLine {
  readonly id: string;
  readonly name: string;
  readonly curve: RunCurve;
}

export function runRow(run: KeptRun, live: RunRecord | undefined): RunRow {
  const { steps } = run.settings;
  if (live?.keptId !== run.id || !isActive(live)) {
    return {
      run,
      status: run.ending ?? 'running',
      step: run.step,
      steps,
      loss: run.validation?.loss ?? null,
      accuracy: run.validation?.accuracy ?? null,
      baseLoss: run.baseline?.loss ?? null,
      baseAccuracy: run.baseline?.accuracy ?? null,
    };
  }
  return {
    run,
    status: live.phase,
    step: live.step,
    steps,
    loss: finite(live.validation?.loss),
    accuracy: live.validation?.accuracy ?? null,
    baseLoss: finite(live.baseline?.loss),
    baseAccuracy: live.baseline?.accuracy ?? null,
  };
}

/** The curve of the run under way, from its log; accuracies are not part of it. */
export function curveOf({ log }: RunRecord): RunCurve {
  const [steps, train, validation] = log.columns;
  const trained = steps.flatMap((step, index) => (step > 0 ? [{ step, loss: train[index] ?? null }] : []));
  return {
    train: { steps: trained.map(({ step }) => step), losses: trained.map(({ loss }) => loss) },
    validation: steps.flatMap((step, index) => {
      const loss = validation[index] ?? null;
      return loss === null ? [] : [{ step, loss, accuracy: null }];
    }),
  };
}

/** One JSON object a line, as notebooks read them (`pandas.read_json(path, lines=True)`). */
export function toJsonLines(runs: readonly KeptRun[], curves: Readonly<Record<string, RunCurve>>): string {
  return runs.map((run) => `${JSON.stringify({ ...run, curve: curves[run.id] ?? null })}\n`).join('');
}

const finite = (loss: number | undefined): number | null => (loss !== undefined && Number.isFinite(loss) ? loss : null);
