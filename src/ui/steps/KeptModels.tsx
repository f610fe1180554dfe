/** The models this browser keeps: what each takes, load it again, delete it (and take that back). */
import { Button } from '@mantine/core';
import { keptModels, sourceName, summaryOf } from '../../state';
import type { CachedModel, ModelCacheSummary } from '../../worker';
import { formatBytes, formatPlural, formatWhen } from '../format';
import { goTo } from '../keys';
import { Problem } from '../parts/Problem';
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
  if (summary === null || (kept.length === 0 && leaving.length === 0 && problem === null)) return null;
  const bytes = kept.reduce((sum, model) => sum + model.bytes, 0);
  const quota = summary.quotaBytes === null ? '' : ` · room for about ${formatBytes(summary.quotaBytes)} in all`;
  return (
    <details>
      <summary>
        Models kept in this browser ({kept.length}) · {formatBytes(bytes)}
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
          <div className={classes.row} role="status">
            <p className={classes.quiet}>{leavingText(leaving)} will be deleted in a moment.</p>
            <Button ref={takeFocus} size="compact-sm" variant="default" onClick={modelCache.undo}>
              Undo
            </Button>
          </div>
        )}
        <Problem problem={problem} />
        <div className={classes.between}>
          <p className={classes.quiet}>
            Kept {STORAGE[summary.storage]}
            {quota}
          </p>
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

/** The button that was pressed is gone with its row. */
const takeFocus = (button: HTMLButtonElement | null) => button?.focus();

function Kept({ model, busy }: { readonly model: CachedModel; readonly busy: boolean }) {
  const { model: loader, modelCache } = useSession();
  const { name, dtype, bytes, complete, lastUsed, source } = model;
  const arriving = usePart(
    'model',
    (state) => state.phase.status === 'loading' && sourceName(state.source) === sourceName(source),
  );
  const inUse = usePart('model', (state) => {
    const summary = summaryOf(state);
    return summary?.name === name && summary.dtype === dtype;
  });
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
        {inUse && ' · in use'}
      </span>
      <span className={modelClasses.keptButtons}>
        <Button
          size="compact-sm"
          variant="default"
          aria-label={`Load ${name} ${dtype}`}
          disabled={busy || arriving || inUse}
          onClick={load}
        >
          Load
        </Button>
        <Button
          size="compact-sm"
          variant="subtle"
          color="gray"
          aria-label={`Delete ${name} ${dtype}`}
          disabled={arriving}
          onClick={() => modelCache.remove([model])}
        >
          Delete
        </Button>
      </span>
    </li>
  );
}

function leavingText(leaving: readonly CachedModel[]): string {
  const [only] = leaving;
  return leaving.length === 1 && only ? `${only.name} (${only.dtype})` : formatPlural(leaving.length, 'model');
}
