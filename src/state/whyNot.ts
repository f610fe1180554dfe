/**
 * Why a run, a sweep, a measurement or the answering of a file cannot start now, in one sentence for what would start it;
 * null when it can.
 */
import type { Applying } from './applying';
import type { Dataset } from './dataset';
import { usableDataset } from './dataset';
import type { Estimate } from './estimate';
import type { Evaluation } from './evaluation';
import type { Model } from './model';
import { summaryOf } from './model';
import type { Run } from './run';
import { isActive, latestRun } from './run';
import type { Settings } from './settings';
import type { SettingsContext, SettingsIssue } from './settingsRules';
import { checkSettings } from './settingsRules';
import type { Sweep } from './sweep';
import { readForm } from './sweepForm';
import { whyNotPlan } from './sweepPlan';

/** The stores of a session that an answer depends on. */
interface Parts {
  readonly model: Model;
  readonly dataset: Dataset;
  readonly settings: Settings;
  readonly estimate: Estimate;
  readonly run: Run;
  readonly sweep: Sweep;
  readonly evaluation: Evaluation;
  readonly applying: Applying;
}

function settingsContext({ model, dataset }: Pick<Parts, 'model' | 'dataset'>): SettingsContext {
  const summary = summaryOf(model.store.getState());
  return {
    contextLength: summary?.contextLength ?? null,
    longestTokens: usableDataset(dataset.store.getState())?.summary.longestTokens ?? null,
    loraTargets: summary?.loraTargets ?? null,
  };
}

export function settingsIssues(session: Pick<Parts, 'model' | 'dataset' | 'settings'>): SettingsIssue[] {
  return checkSettings(session.settings.store.getState(), settingsContext(session));
}

/** Why nothing can be trained now, whatever the data and the settings; null when it can. */
export function whyNotTrain({ model, run, sweep }: Pick<Parts, 'model' | 'run' | 'sweep'>): string | null {
  const { phase } = model.store.getState();
  if (isActive(latestRun(run.store.getState()))) return 'A run is under way; the strip below steers it.';
  if (sweep.store.getState().phase !== 'idle') return 'A search is under way; the strip below stops it.';
  if (phase.status !== 'ready') return whyNoModel({ model });
  return phase.summary.untrainable === null ? null : 'This model can write, but it cannot be tuned.';
}

function whyNoModel({ model }: Pick<Parts, 'model'>): string | null {
  const { status } = model.store.getState().phase;
  if (status === 'loading') return 'The model is still loading.';
  return status === 'ready' ? null : 'Load a model first.';
}

function whyNoData({ dataset }: Pick<Parts, 'dataset'>): string | null {
  const { current, pending, fits } = dataset.store.getState();
  if (pending !== null) return 'The dataset is being read.';
  if (current === null) return 'Choose a dataset first.';
  return fits ? null : `This model cannot read ${current.input.source.name}; Data says why.`;
}

/** Why Tune cannot start now, in one sentence; null when it can. */
export function whyNotTune(
  session: Pick<Parts, 'model' | 'dataset' | 'settings' | 'estimate' | 'run' | 'sweep'>,
): string | null {
  const reason = whyNotTrain(session) ?? whyNoData(session);
  if (reason !== null) return reason;
  const issue = settingsIssues(session).find(({ level }) => level === 'error');
  if (issue !== undefined) return issue.message;
  const { value } = session.estimate.store.getState();
  return value?.memoryProblem ? 'This run does not fit in memory; the reason stands above.' : null;
}

/** Why a sweep cannot start now, in one sentence; null when it can. */
export function whyNotSweep(session: Pick<Parts, 'model' | 'dataset' | 'settings' | 'run' | 'sweep'>): string | null {
  const reason = whyNotTrain(session) ?? whyNoData(session);
  if (reason !== null) return reason;
  const { form, plan, planProblem } = session.sweep.store.getState();
  const settings = session.settings.store.getState();
  const read = readForm(form, settings);
  if (!read.ok) return read.issues[0]?.message ?? null;
  if (planProblem !== null) return planProblem.message;
  return plan === null ? 'The runs are being counted.' : whyNotPlan(plan, settings, settingsContext(session));
}

/** Both take the same place in the engine, and one word ends either. */
function whyBusy({ evaluation, applying }: Pick<Parts, 'evaluation' | 'applying'>): string | null {
  if (evaluation.store.getState().measuring !== null) return 'A measurement is under way; Compare shows how far it is.';
  return applying.store.getState().working === null ? null : 'A file is being answered; Export shows how far it is.';
}

/** Why held-out rows cannot be measured now, in one sentence; null when they can. */
export function whyNotMeasure(session: Pick<Parts, 'model' | 'dataset' | 'evaluation' | 'applying'>): string | null {
  const reason = whyBusy(session) ?? whyNoModel(session) ?? whyNoData(session);
  if (reason !== null) return reason;
  const held = usableDataset(session.dataset.store.getState())?.summary.validationRows ?? 0;
  return held > 0 ? null : 'No rows are held out; Data says how many to hold out.';
}

/** Why a file cannot be answered now, in one sentence; null when it can. */
export function whyNotApply(session: Pick<Parts, 'model' | 'dataset' | 'evaluation' | 'applying'>): string | null {
  const reason = whyBusy(session) ?? whyNoModel(session);
  if (reason !== null) return reason;
  const { current } = session.dataset.store.getState();
  return current === null
    ? 'Choose the dataset first: its columns and its template say how a file is read.'
    : whyNoData(session);
}
