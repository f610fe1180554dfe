/** Step 1: which model, how far it is loaded, what it is, and on which device it runs. */
import { Button, Progress, SegmentedControl } from '@mantine/core';
import { BUNDLED_MODEL, isActive, latestRun, type ModelState, sourceName, summaryOf } from '../../state';
import type { LoadProgress, ModelSummary } from '../../worker';
import { formatBytes, formatCount, formatMillions } from '../format';
import { DropArea } from '../parts/DropArea';
import { Figure, Figures } from '../parts/Figure';
import { Problem } from '../parts/Problem';
import partClasses from '../parts/parts.module.css';
import { Term } from '../parts/Term';
import { Step } from '../Step';
import { usePart, useSession } from '../session';
import classes from './steps.module.css';

const DEVICES = [
  { value: 'auto', label: 'Auto' },
  { value: 'webgpu', label: 'WebGPU' },
  { value: 'wasm', label: 'wasm' },
] as const;

export function ModelStep() {
  const { model } = useSession();
  const state = usePart('model', (all) => all);
  const summary = summaryOf(state);
  const { phase } = state;
  // The engine keeps its model while it trains it.
  const busy = usePart('run', (run) => isActive(latestRun(run)));
  const isBundled = state.source.type === 'bundled' && state.source.name === BUNDLED_MODEL;
  const reload = { label: `Load ${BUNDLED_MODEL}`, run: () => model.load({ type: 'bundled', name: BUNDLED_MODEL }) };
  const retry = { label: 'Try again', run: () => model.load() };
  const onWasm = { label: 'Use wasm', run: () => model.chooseDevice('wasm') };
  const problem = phase.status === 'failed' ? phase.problem : null;
  const otherDevice = problem?.kind === 'device' && state.device !== 'wasm';
  return (
    <Step name="Model" line={modelLine(state)}>
      <div className={classes.stack}>
        <div className={classes.between}>
          <ModelFacts summary={summary} pending={phase.status === 'loading'} />
          <div>
            <SegmentedControl
              size="xs"
              aria-label="Device"
              data={DEVICES.map((device) => ({ ...device }))}
              value={state.device}
              disabled={busy}
              onChange={model.chooseDevice}
            />
            <p className={classes.quiet}>{summary ? <DeviceLine summary={summary} /> : 'Where the arithmetic runs'}</p>
          </div>
        </div>
        {phase.status === 'loading' && <LoadingBar progress={phase.progress} />}
        <Problem problem={problem} action={otherDevice ? onWasm : isBundled ? retry : reload} />
        <details>
          <summary>Another model</summary>
          <div className={`${classes.stack} ${classes.detailsBody}`}>
            <DropArea
              label="Drop a model"
              compact
              disabled={busy}
              onFiles={(files) => model.load({ type: 'files', files })}
            >
              <span>
                Drop a model folder, or its files{' '}
                <span className={partClasses.dropHint}>
                  config.json, tokenizer.json, tokenizer_config.json and one .onnx with its .onnx_data
                </span>
              </span>
            </DropArea>
            {busy && <p className={classes.quiet}>A run is under way; the model can be changed after it.</p>}
            {!isBundled && (
              <div>
                <Button size="xs" variant="default" disabled={busy} onClick={reload.run}>
                  {reload.label}
                </Button>
              </div>
            )}
          </div>
        </details>
      </div>
    </Step>
  );
}

function modelLine(state: ModelState): string {
  const summary = summaryOf(state);
  if (summary !== null) {
    const { name, dtype, fileBytes } = summary;
    return `${name} · ${dtype} · ${formatBytes(fileBytes)}. It stays frozen; nothing leaves this page.`;
  }
  return state.phase.status === 'failed'
    ? `${sourceName(state.source)} could not be loaded`
    : `Loading ${sourceName(state.source)}`;
}

function ModelFacts({ summary, pending }: { readonly summary: ModelSummary | null; readonly pending: boolean }) {
  const show = <T,>(pick: (summary: ModelSummary) => T): T | null => (summary === null ? null : pick(summary));
  return (
    <Figures label="The model">
      <Figure name="Kind" pending={pending} value={show(({ family }) => family)} />
      <Figure
        name={<Term means="All weights of the model. They are never changed.">Parameters</Term>}
        pending={pending}
        value={show(({ parameters }) => formatMillions(parameters))}
      />
      <Figure
        name={
          <Term means="How the weights are stored: q4 is 4-bit quantized, in blocks with a scale each.">Stored as</Term>
        }
        pending={pending}
        value={show(({ dtype, fileBytes }) => `${dtype}, ${formatBytes(fileBytes)}`)}
      />
      <Figure name="Layers" pending={pending} value={show(({ layers }) => layers)} />
      <Figure
        name={
          <Term means="KV heads × head dimension: what one layer keeps of each token as key and as value, and what a prefix adds to.">
            Memory per token
          </Term>
        }
        pending={pending}
        value={show(({ kvHeads, headDim }) => `${kvHeads} × ${headDim}`)}
      />
      <Figure
        name={<Term means="Context length: prefix and text must fit in it together.">Holds</Term>}
        pending={pending}
        value={show(({ contextLength }) => `${formatCount(contextLength)} tokens`)}
      />
      <Figure name="Vocabulary" pending={pending} value={show(({ vocabSize }) => `${formatCount(vocabSize)} tokens`)} />
    </Figures>
  );
}

function DeviceLine({ summary: { device } }: { readonly summary: ModelSummary }) {
  const test =
    device.selfTestError === null
      ? 'wasm is the reference that other devices are tested against.'
      : `Self-test: at most ${device.selfTestError.toExponential(0)} off the wasm reference.`;
  return (
    <Term
      means={
        <>
          {device.reason} {test}
        </>
      }
    >
      {device.description}
    </Term>
  );
}

function LoadingBar({ progress }: { readonly progress: LoadProgress | null }) {
  const share =
    progress === null
      ? 0
      : progress.status !== 'downloading'
        ? 100
        : progress.total === null
          ? 0
          : (100 * progress.loaded) / progress.total;
  const text = progressText(progress);
  return (
    <div>
      <Progress value={share} size="sm" aria-label="Loading the model" transitionDuration={120} />
      <p className={classes.quiet} style={{ marginTop: '0.35rem' }}>
        {text}
      </p>
    </div>
  );
}

function progressText(progress: LoadProgress | null): string {
  if (progress === null) return 'Starting';
  switch (progress.status) {
    case 'downloading': {
      const of = progress.total === null ? '' : ` of ${formatBytes(progress.total)}`;
      const rate = progress.bytesPerSecond > 0 ? ` · ${formatBytes(progress.bytesPerSecond)}/s` : '';
      return `Reading ${progress.file} · ${formatBytes(progress.loaded)}${of}${rate}`;
    }
    case 'compiling':
      return 'All bytes are here. Preparing the graph';
    case 'testing-device':
      return 'Checking that the device computes right';
    case 'ready':
      return 'Ready';
  }
}
