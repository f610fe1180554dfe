/** The models this browser keeps: what each takes, load it again, delete it (and take that back). */
import { Button } from '@mantine/core';
import { useRef } from 'react';
import { keptModels, keptName, keptUse } from '../../state';
import type { CachedModel, ModelCacheSummary } from '../../worker';
import { formatBytes, formatPlural, formatWhen } from '../format';
import { goTo } from '../keys';
import { Problem } from '../parts/Problem';
import { UndoLine } from '../parts/UndoLine';
import { usePart, useSession } from '../session';
import modelClasses from './model.module.css';
import classes from './steps.module.css';

const STORAGE: Readonly<Record<ModelCacheSummary['storage'], string>> = {
  opfs: 'in this browser’s private file system',
  'cache-api': 'in this browser’s cache',
  memory: 'in memory, since this browser stores nothing here; gone when this page is closed',
};

export function KeptModels({ busy }: { readonly busy: boolean }) {
  const { modelCache } = useSession();
  const state = usePart('modelCache', (all) => all);
  const { summary, leaving, problem } = state;
  const kept = keptModels(state);
  const heading = useRef<HTMLElement>(null);
  return (
    <details onToggle={(event) => event.currentTarget.open && void modelCache.refresh()}>
      <summary ref={heading}>
        Models kept in this browser{summary !== null && ` (${kept.length})`}
        {summary !== null && kept.length > 0 && ` · ${formatBytes(summary.usedBytes)}`}
      </summary>
      <div className={`${classes.stack} ${classes.detailsBody}`}>
        {kept.length > 0 && (
          <ul className={modelClasses.kept}>
            {kept.map((model) => (
              <Kept key={model.key} model={model} busy={busy} />
            ))}
          </ul>
        )}
        {leaving.length > 0 && (
          <UndoLine
            text={`${leavingText(leaving)} will be deleted in a moment.`}
            onUndo={modelCache.undo}
            next={heading}
          />
        )}
        <Problem problem={problem} />
        <div className={classes.between}>
          <p className={classes.quiet}>{summary !== null && storageText(summary, kept.length)}</p>
          {kept.length > 1 && (
            <Button size="compact-sm" variant="subtle" color="gray" onClick={() => modelCache.remove(kept)}>
              Delete all
            </Button>
          )}
        </div>
      </div>
    </details>
  );
}

function Kept({ model, busy }: { readonly model: CachedModel; readonly busy: boolean }) {
  const { model: loader, modelCache } = useSession();
  const { dtype, bytes, complete, lastUsed, source } = model;
  const name = keptName(model);
  const use = usePart('model', (state) => keptUse(model, state));
  const load = () => {
    loader.load(source);
    goTo('Model');
  };
  return (
    <li className={modelClasses.keptRow}>
      <span className={modelClasses.keptName}>{name}</span>
      <span className={modelClasses.keptFacts}>
        {dtype} · {formatBytes(bytes)} · {formatWhen(lastUsed, Date.now())} ·{' '}
        {complete ? 'complete' : 'partial, the rest is fetched when it is loaded'}
        {use === 'in use' && ' · in use'}
      </span>
      <span className={modelClasses.keptButtons}>
        <Button
          size="compact-sm"
          variant="default"
          aria-label={`Load ${name} ${dtype}`}
          disabled={busy || use !== null}
          onClick={load}
        >
          Load
        </Button>
        <Button
          size="compact-sm"
          variant="subtle"
          color="gray"
          aria-label={`Delete ${name} ${dtype}`}
          disabled={use === 'arriving'}
          onClick={() => modelCache.remove([model])}
        >
          Delete
        </Button>
      </span>
    </li>
  );
}

function storageText({ storage, quotaBytes }: ModelCacheSummary, count: number): string {
  const quota = quotaBytes === null ? '' : ` · room for about ${formatBytes(quotaBytes)} in all`;
  const what = count === 0 ? 'None yet. What comes from the hub or an address is kept' : 'Kept';
  return `${what} ${STORAGE[storage]}${quota}`;
}

function leavingText(leaving: readonly CachedModel[]): string {
  const [only] = leaving;
  return leaving.length === 1 && only ? `${keptName(only)} (${only.dtype})` : formatPlural(leaving.length, 'model');
}
