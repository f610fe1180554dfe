/** The file of one adapter: which, what it holds, and the buttons that hand it over. */
import { Button, Select } from '@mantine/core';
import { adapterLabel, usableDataset } from '../../state';
import type { AdapterFileSummary } from '../../worker';
import { formatBytes, formatDims, formatPlural } from '../format';
import { Problem } from '../parts/Problem';
import { usePart, useSession } from '../session';
import { adapterOptions } from './adapterOptions';
import classes from './steps.module.css';

export function ExportFile() {
  const { exporting } = useSession();
  const { adapterId, description, writing, saved, problem } = usePart('exporting', (all) => all);
  const list = usePart('adapters', (state) => state.list);
  const others = usePart('adapters', (state) => state.others);
  const isIdle = adapterId !== null && writing === null;
  return (
    <>
      <Select
        label="Adapter"
        data={[
          ...adapterOptions(list),
          ...(others.length === 0 ? [] : [{ group: 'For other models', items: others.map(toForeignOption) }]),
        ]}
        value={adapterId}
        allowDeselect={false}
        onChange={exporting.selectAdapter}
      />
      {description !== null && <Contents description={description} />}
      <div className={classes.row}>
        <Button aria-label="Export" disabled={!isIdle} onClick={() => void exporting.write('zip')}>
          Export zip
        </Button>
        <Button variant="default" disabled={!isIdle} onClick={() => void exporting.write('safetensors')}>
          Only the safetensors
        </Button>
        {saved !== null && (
          <p className={classes.quiet} role="status">
            {saved} is in your downloads.
          </p>
        )}
      </div>
      <OnGpus isIdle={isIdle} />
      <Problem problem={problem} />
    </>
  );
}

function OnGpus({ isIdle }: { readonly isIdle: boolean }) {
  const { continueOnGpus } = useSession();
  const adapterId = usePart('exporting', (state) => state.adapterId);
  const isUsable = usePart('adapters', ({ list }) => list.some(({ id }) => id === adapterId));
  const hasData = usePart('dataset', (state) => usableDataset(state) !== null);
  const obstacle = isUsable
    ? hasData
      ? null
      : 'Choose the dataset that it goes on with first.'
    : 'Load the model that this adapter is for first.';
  return (
    <div className={classes.row}>
      <Button variant="default" disabled={!isIdle || obstacle !== null} onClick={() => void continueOnGpus()}>
        Continue on GPUs
      </Button>
      <p className={`${classes.quiet} ${classes.beside}`}>
        {obstacle ??
          'A zip with your data, the adapter so far, the exact settings and a script that goes on with PEFT and Accelerate.'}
      </p>
    </div>
  );
}

const toForeignOption = (adapter: Parameters<typeof adapterLabel>[0]) => ({
  value: adapter.id,
  label: `${adapterLabel(adapter)}, for ${adapter.model}`,
});

/** LoRA has two tensors for each matrix it updates: so many are one click away. */
const FEW_TENSORS = 2;

function Contents({ description: { files, tensors } }: { readonly description: AdapterFileSummary }) {
  return (
    <>
      <table className={classes.table}>
        <caption className="visually-hidden">What the file holds</caption>
        <tbody>
          {files.map(({ name, bytes }) => (
            <Row key={name} name={name} value={formatBytes(bytes)} />
          ))}
          {tensors.length <= FEW_TENSORS && <Tensors tensors={tensors} />}
        </tbody>
      </table>
      {tensors.length > FEW_TENSORS && (
        <details>
          <summary>{formatPlural(tensors.length, 'tensor')}</summary>
          <div className={`${classes.scroll} ${classes.detailsBody}`}>
            <table className={classes.table}>
              <caption className="visually-hidden">The tensors in it</caption>
              <tbody>
                <Tensors tensors={tensors} />
              </tbody>
            </table>
          </div>
        </details>
      )}
    </>
  );
}

function Tensors({ tensors }: Pick<AdapterFileSummary, 'tensors'>) {
  return tensors.map(({ name, dataType, dims }) => (
    <Row key={name} name={`↳ ${name}`} value={`${dataType} ${formatDims(dims)}`} />
  ));
}

function Row({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <tr>
      <td className={classes.mono}>{name}</td>
      <td className={`${classes.number} ${classes.noWrap}`}>{value}</td>
    </tr>
  );
}
