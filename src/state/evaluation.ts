/**
 * Measuring on held-out rows: what is to be measured, what is being measured, and the last report. A report stays until the
 * next one is there, together with what it was measured on.
 */
import type { StoreApi } from 'zustand/vanilla';
import { createStore } from 'zustand/vanilla';
import type { Engine, EvaluationReport, EvaluationRequest, SerialisedError } from '../worker';
import type { Ground } from './ground';
import { toProblem } from './problem';
import { type NamedSubject, type SubjectChoice, subjectKey } from './subjects';

export interface EvaluationForm extends SubjectChoice {
  readonly rows: number;
  /** Per row, where the task writes. */
  readonly maxTokens: number;
}

/** What a measurement needs to be told. */
export interface Measurement {
  readonly subjects: readonly NamedSubject[];
  readonly rows: number;
  readonly maxTokens: number;
  readonly ground: Ground;
}

/** A report, with the names and tones of its subjects, in its order. */
export interface Measured {
  /** Another for each report of a visit. */
  readonly id: number;
  readonly report: EvaluationReport;
  readonly subjects: readonly NamedSubject[];
  readonly ground: Ground;
  /** Whether it was stopped before all subjects had their turn. */
  readonly stopped: boolean;
}

export interface Measuring {
  readonly subjects: readonly NamedSubject[];
  readonly stopping: boolean;
  /** null before the first row. */
  readonly at: { readonly subject: number; readonly done: number; readonly total: number } | null;
}

export interface EvaluationState {
  readonly form: EvaluationForm;
  readonly measuring: Measuring | null;
  readonly measured: Measured | null;
  /** Subjects that could not be measured, now or in the last measurement. */
  readonly failures: readonly { readonly subject: NamedSubject; readonly problem: SerialisedError }[];
  /** Of the last measurement as a whole. */
  readonly problem: SerialisedError | null;
}

export interface Evaluation {
  readonly store: StoreApi<EvaluationState>;
  set(change: Partial<EvaluationForm>): void;
  measure(measurement: Measurement): Promise<void>;
  /** Keeps the subjects that are finished. */
  stop(): void;
}

export const EVALUATION_DEFAULTS: EvaluationForm = {
  adapterIds: null,
  fewShot: false,
  examples: 4,
  rows: 100,
  maxTokens: 48,
};

/** The same rows every time, so that two reports can be compared. */
const SEED = 0;

export function createEvaluation(engine: Engine): Evaluation {
  const store = createStore<EvaluationState>(() => ({
    form: EVALUATION_DEFAULTS,
    measuring: null,
    measured: null,
    failures: [],
    problem: null,
  }));
  let reports = 0;
  const change = (how: (measuring: Measuring) => Partial<Measuring>) =>
    store.setState(({ measuring }) => ({ measuring: measuring && { ...measuring, ...how(measuring) } }));

  return {
    store,
    set: (form) => store.setState((state) => ({ form: { ...state.form, ...form } })),
    async measure({ subjects, rows, maxTokens, ground }) {
      if (store.getState().measuring !== null) return;
      store.setState({ measuring: { subjects, stopping: false, at: null }, failures: [], problem: null });
      const request: EvaluationRequest = {
        subjects: subjects.map(({ subject }) => subject),
        rows,
        maxTokens,
        seed: SEED,
      };
      try {
        const report = await engine.evaluateSubjects(request, (event) => {
          if (event.type === 'progress') {
            const { subject, done, total } = event;
            change(() => ({ at: { subject, done, total } }));
            return;
          }
          const subject = subjects[event.subject];
          const { problem } = event;
          if (subject) store.setState(({ failures }) => ({ failures: [...failures, { subject, problem }] }));
        });
        const { failures } = store.getState();
        store.setState({
          measured: {
            id: ++reports,
            report,
            subjects: namesOf(report, subjects),
            ground,
            stopped: report.subjects.length + failures.length < subjects.length,
          },
        });
      } catch (thrown) {
        store.setState({ problem: toProblem(thrown) });
      }
      store.setState({ measuring: null });
    },
    stop() {
      if (store.getState().measuring === null) return;
      change(() => ({ stopping: true }));
      engine.stopEvaluating().catch((thrown) => store.setState({ problem: toProblem(thrown) }));
    },
  };
}

function namesOf({ subjects }: EvaluationReport, asked: readonly NamedSubject[]): NamedSubject[] {
  return subjects.flatMap(({ subject }) => asked.find((one) => subjectKey(one.subject) === subjectKey(subject)) ?? []);
}
