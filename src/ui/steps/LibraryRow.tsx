/** One adapter of the library: its name (to be changed in place), what it is, what it is worth, what can be done. */
import { ActionIcon, Button, Menu } from '@mantine/core';
import { useRef, useState } from 'react';
import { adapterLabel, measuredOn, type ScoreRow, usableDataset } from '../../state';
import type { AdapterSummary } from '../../worker';
import { formatAccuracy, formatCount, formatLoss, sayShape } from '../format';
import { goTo } from '../keys';
import { NameField, type NameFieldProps } from '../parts/NameField';
import { usePart, useSession } from '../session';
import classes from './steps.module.css';

interface LibraryRowProps {
  readonly row: ScoreRow;
  readonly measuringId: string | null;
}

export function LibraryRow({ row, measuringId }: LibraryRowProps) {
  const { adapter, base, tuned, byHand } = row;
  const { adapters } = useSession();
  const hasData = usePart('dataset', (state) => usableDataset(state) !== null);
  const [renaming, setRenaming] = useState(false);
  const more = useRef<HTMLButtonElement>(null);
  const endRenaming: NameFieldProps['onEnd'] = (name, byKey) => {
    setRenaming(false);
    if (byKey) more.current?.focus();
    if (name !== null) void adapters.rename(adapter.id, name);
  };
  const { number } = classes;
  return (
    <tr>
      <td>
        {renaming ? <NameField name={adapter.name} onEnd={endRenaming} /> : adapterLabel(adapter)}
        {!byHand && <OtherData adapter={adapter} />}
      </td>
      <td>{sayShape(adapter.shape)}</td>
      <td className={number} data-label="Steps">
        {adapter.steps > 0 ? formatCount(adapter.steps) : '–'}
      </td>
      <td className={`${number} ${classes.base}`} data-label="Loss alone">
        <Loss loss={base?.loss ?? null} />
      </td>
      <td className={`${number} ${classes.tuned}`} data-label="Loss with it">
        <Loss loss={tuned?.loss ?? null} />
      </td>
      <td className={`${number} ${classes.base}`} data-label="Accuracy alone">
        {formatAccuracy(base?.accuracy ?? null)}
      </td>
      <td className={`${number} ${classes.tuned}`} data-label="Accuracy with it">
        {formatAccuracy(tuned?.accuracy ?? null)}
      </td>
      <td className={number}>
        <Button
          size="compact-xs"
          variant="default"
          disabled={!hasData || measuringId !== null}
          onClick={() => void adapters.measure(adapter.id)}
        >
          {measuringId === adapter.id ? 'Measuring' : 'Measure'}
        </Button>{' '}
        <MoreMenu adapter={adapter} button={more} onRename={() => setRenaming(true)} />
      </td>
    </tr>
  );
}

interface MoreMenuProps {
  readonly adapter: AdapterSummary;
  readonly button: React.RefObject<HTMLButtonElement | null>;
  readonly onRename: () => void;
}

function MoreMenu({ adapter, button, onRename }: MoreMenuProps) {
  const { adapters, chooseAdapter } = useSession();
  const choose = (step: 'Compare' | 'Export') => {
    chooseAdapter(adapter.id);
    goTo(step);
  };
  return (
    <Menu position="bottom-end" returnFocus={false}>
      <Menu.Target>
        <ActionIcon
          ref={button}
          size="sm"
          variant="subtle"
          color="gray"
          aria-label={`More for ${adapterLabel(adapter)}`}
        >
          ⋯
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => choose('Compare')}>Show in Compare</Menu.Item>
        <Menu.Item onClick={onRename}>Rename</Menu.Item>
        <Menu.Item onClick={() => adapters.remove(adapter.id)}>Delete</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** Numbers of other data stay, and say so: they are not to be compared with those beside them. */
function OtherData({ adapter }: { readonly adapter: AdapterSummary }) {
  const runData = usePart('run', ({ runs }) => runs.find((run) => run.adapter?.id === adapter.id)?.datasetName ?? null);
  const present = usePart('dataset', ({ current }) => current?.summary ?? null);
  const words = measuredOn(adapter, runData, present);
  return words === null ? null : <p className={`${classes.quiet} ${classes.note}`}>{words}</p>;
}

/** The figure as shown, with its full precision behind it. */
function Loss({ loss }: { readonly loss: number | null }) {
  return loss === null ? '–' : <data value={loss}>{formatLoss(loss)}</data>;
}
