/**
 * What a sweep has found: loss over size for each method, and the smallest adapter that is as good as the best. As good
 * means the one-standard-error rule (Breiman et al. 1984): the mean loss lies within one standard error of the best mean,
 * the error being that of the seeds.
 */
import type {
  SweepPoint,
  SweepReport,
  SweepResult,
  SweepRun,
  SweepSeries,
  SweepState,
} from '../../worker/runsProtocol';

/** Runs that differ in their seed alone. */
interface Group {
  readonly point: SweepPoint;
  readonly runs: readonly { readonly id: SweepRun['id']; readonly result: SweepResult }[];
  readonly loss: number;
  readonly parameters: number;
}

/** Where no configuration was run with two seeds, nobody knows the noise; then this share of the best loss stands for it. */
const ASSUMED_NOISE = 0.01;

/** Only runs that went to their end count: the loss of one that was stopped early is of another step. */
export function reportOf(sweep: SweepState): SweepReport {
  const groups = groupsOf(sweep);
  const best = least(groups, ({ loss }) => loss);
  if (best === undefined) return { series: [], best: null, advised: null, answer: null };
  const noise = noiseOf(groups, best);
  const asGood = groups.filter(({ loss }) => loss <= best.loss + noise);
  const advised = least(asGood, ({ parameters }) => parameters) ?? best;
  const representative = ({ runs }: Group) => least(runs, ({ result }) => result.loss)?.id ?? null;
  return {
    series: seriesOf(groups),
    best: representative(best),
    advised: representative(advised),
    answer: answerOf(sweep, best, advised, noise),
  };
}

function groupsOf({ runs }: SweepState): Group[] {
  const byPoint = new Map<string, { point: SweepPoint; runs: { id: SweepRun['id']; result: SweepResult }[] }>();
  for (const { id, point, state } of runs) {
    if (state.status !== 'done') continue;
    const { method, size, learningRate, init } = point;
    const key = JSON.stringify([method, size, learningRate, init]);
    const group = byPoint.get(key) ?? { point, runs: [] };
    group.runs.push({ id, result: state.result });
    byPoint.set(key, group);
  }
  return [...byPoint.values()].map(({ point, runs }) => ({
    point,
    runs,
    loss: mean(runs.map(({ result }) => result.loss)),
    parameters: runs[0]?.result.parameters ?? 0,
  }));
}

/** The standard error of the best mean, from the variance within groups, pooled over all that have several seeds. */
function noiseOf(groups: readonly Group[], best: Group): number {
  let [squares, freedom] = [0, 0];
  for (const { runs, loss } of groups) {
    for (const { result } of runs) squares += (result.loss - loss) ** 2;
    freedom += runs.length - 1;
  }
  return freedom === 0 ? ASSUMED_NOISE * best.loss : Math.sqrt(squares / freedom / best.runs.length);
}

function seriesOf(groups: readonly Group[]): SweepSeries[] {
  const methods = [...new Set(groups.map(({ point }) => point.method))];
  return methods.map((method) => {
    const own = groups.filter(({ point }) => point.method === method);
    const sizes = [...new Set(own.map(({ point }) => point.size))].sort((a, b) => a - b);
    return {
      method,
      points: sizes.flatMap((size) => {
        const best = least(
          own.filter(({ point }) => point.size === size),
          ({ loss }) => loss,
        );
        return best ? [{ size, loss: best.loss, parameters: best.parameters }] : [];
      }),
    };
  });
}

function answerOf(sweep: SweepState, best: Group, advised: Group, noise: number): string {
  const left = sweep.runs.filter(({ state }) => state.status === 'waiting' || state.status === 'running').length;
  const soFar = left === 0 ? '' : `So far, with ${left} of ${sweep.runs.length} runs left: `;
  const numbers = ({ loss, parameters }: Group) =>
    `${parameters.toLocaleString('en')} numbers to learn, validation loss ${loss.toFixed(3)}`;
  const rate = `learning rate ${advised.point.learningRate}`;
  const text =
    advised === best
      ? `${nameOf(best)} is best, and nothing smaller is as good (${numbers(best)}, ${rate}).`
      : `${nameOf(advised)} is enough (${numbers(advised)}, ${rate}): the best, ${nameOf(best)} (${numbers(best)}), is better by no more than the noise of ${noise.toFixed(3)}.`;
  return soFar === '' ? `${text.charAt(0).toUpperCase()}${text.slice(1)}` : `${soFar}${text}`;
}

function nameOf({ point: { method, size } }: Group): string {
  if (method === 'lora') return `LoRA of rank ${size}`;
  return `${method === 'prefix' ? 'prefix-tuning' : 'prompt tuning'} with ${size} virtual token${size === 1 ? '' : 's'}`;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function least<T>(items: readonly T[], of: (item: T) => number): T | undefined {
  return items.reduce<T | undefined>(
    (best, item) => (best === undefined || of(item) < of(best) ? item : best),
    undefined,
  );
}
