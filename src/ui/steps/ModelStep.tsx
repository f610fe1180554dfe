/** Step 1: which model, how far it is loaded, what it is, on which device it runs, and the way to another. */
import { SegmentedControl } from '@mantine/core';
import { useEffect, useState } from 'react';
import { isActive, latestRun, type ModelState, sourceName, summaryOf } from '../../state';
import type { ModelSummary } from '../../worker';
import { formatBytes } from '../format';
import { Term } from '../parts/Term';
import { Step } from '../Step';
import { usePart, useSession } from '../session';
import { KeptModels } from './KeptModels';
import { ModelChooser } from './ModelChooser';
import { ModelFacts } from './ModelFacts';
import { ModelStatus } from './ModelStatus';
import classes from './steps.module.css';

const DEVICES = [
  { value: 'auto', label: 'Auto' },
  { value: 'webgpu', label: 'WebGPU' },
  { value: 'wasm', label: 'wasm' },
] as const;

export function ModelStep() {
  const { model } = useSession();
  const line = usePart('model', modelLine);
  const summary = usePart('model', summaryOf);
  const pending = usePart('model', ({ phase }) => phase.status === 'loading');
  const device = usePart('model', (state) => state.device);
  // The engine keeps its model while it trains it.
  const tuning = usePart('run', (run) => isActive(latestRun(run)));
  const searching = usePart('sweep', ({ phase }) => phase !== 'idle');
  const busy = tuning || searching;
  const [choosing, setChoosing] = useState(false);
  // What a link asks for may have to be chosen.
  const looking = usePart('chooser', ({ lookup }) => lookup.status !== 'idle');
  useEffect(() => {
    if (looking) setChoosing(true);
  }, [looking]);
  return (
    <Step name="Model" line={line}>
      <div className={classes.stack}>
        <div className={classes.between}>
          <ModelFacts summary={summary} pending={pending} />
          <div>
            <SegmentedControl
              size="xs"
              aria-label="Device"
              data={DEVICES.map((choice) => ({ ...choice }))}
              value={device}
              disabled={busy}
              onChange={model.chooseDevice}
            />
            <p className={classes.quiet}>{summary ? <DeviceLine summary={summary} /> : 'Where the arithmetic runs'}</p>
          </div>
        </div>
        <ModelStatus />
        <details open={choosing} onToggle={(event) => setChoosing(event.currentTarget.open)}>
          <summary>Another model</summary>
          <ModelChooser busy={busy} />
        </details>
        <KeptModels busy={busy} />
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
  const name = sourceName(state.source);
  switch (state.phase.status) {
    case 'failed':
      return `${name} could not be loaded`;
    case 'loading':
      return `Loading ${name}`;
    default:
      return 'No model is loaded';
  }
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
