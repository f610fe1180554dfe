/** One kept run: its tick for the chart, its name (to be changed in place), what it was, how it ended, what can be done. */
import { ActionIcon, Checkbox, Menu } from '@mantine/core';
import { useRef, useState } from 'react';
import { MAX_OVERLAID, type RunRow, runRow } from '../../state';
import { formatAccuracy, formatCount, formatLoss, formatWhen, sayRunStatus } from '../format';
import { goTo } from '../keys';
import { NameField, type NameFieldProps } from '../parts/NameField';
import { usePart, useSession } from '../session';
import { METHODS } from '../steps/methodWords';
import classes from '../steps/steps.module.css';
import runsClasses from './runs.module.css';
import { useLiveRecord } from './useLiveRecord';

export function RunsRow({ row: kept }: { readonly row: RunRow }) {
  const { runs } = useSession();
  const live = useLiveRecord((id) => id === kept.run.id);
  const row = live ? runRow(kept.run, live) : kept;
  const { run, step, steps, loss, baseLoss, accuracy } = row;
  const [renaming, setRenaming] = useState(false);
  const more = useRef<HTMLButtonElement>(null);
  const endRenaming: NameFieldProps['onEnd'] = (name, byKey) => {
    setRenaming(false);
    if (byKey) more.current?.focus();
    if (name !== null) void runs.rename(run.id, name);
  };
  const { method, learningRate } = run.settings;
  const { number } = classes;
  return (
    <tr>
      <td>
        <Tick id={run.id} name={run.name} />
      </td>
      <td className={runsClasses.name}>{renaming ? <NameField name={run.name} onEnd={endRenaming} /> : run.name}</td>
      <td data-label="Data">{run.dataset.name}</td>
      <td data-label="Model">{run.model.name}</td>
      <td data-label="Method">{METHODS[method.type].label}</td>
      <td className={number} data-label="Size">
        {method.type === 'lora' ? method.rank : method.length}
      </td>
      <td className={number} data-label="Rate">
        {learningRate}
      </td>
      <td className={number} data-label="Steps">
        {formatCount(step)} / {formatCount(steps)}
      </td>
      <td className={number} data-label="Loss">
        {baseLoss !== null && <span className={classes.base}>{formatLoss(baseLoss)} → </span>}
        <span className={classes.tuned}>{formatLoss(loss)}</span>
      </td>
      <td className={number} data-label="Accuracy">
        {formatAccuracy(accuracy)}
      </td>
      <td title={run.message || undefined}>{sayRunStatus(row.status)}</td>
      <td>{formatWhen(run.begun, Date.now())}</td>
      <td>
        <MoreMenu row={row} button={more} onRename={() => setRenaming(true)} />
      </td>
    </tr>
  );
}

function Tick({ id, name }: { readonly id: string; readonly name: string }) {
  const { runs } = useSession();
  const chosen = usePart('runs', ({ selectedIds }) => selectedIds.includes(id));
  const full = usePart('runs', ({ selectedIds }) => selectedIds.length >= MAX_OVERLAID);
  return (
    <Checkbox
      size="xs"
      aria-label={`${name} in the chart`}
      checked={chosen}
      disabled={full && !chosen}
      onChange={(event) => runs.select(id, event.currentTarget.checked)}
    />
  );
}

interface MoreMenuProps {
  readonly row: RunRow;
  readonly button: React.RefObject<HTMLButtonElement | null>;
  readonly onRename: () => void;
}

function MoreMenu({ row: { run }, button, onRename }: MoreMenuProps) {
  const { runs, chooseAdapter } = useSession();
  const adapterId = usePart('adapters', ({ list }) => list.find(({ id }) => id === run.adapter?.id)?.id ?? null);
  const compare = (id: string) => {
    chooseAdapter(id);
    goTo('Compare');
  };
  const duplicate = () => {
    runs.duplicate(run.id);
    goTo('Tune');
  };
  return (
    <Menu position="bottom-end" returnFocus={false}>
      <Menu.Target>
        <ActionIcon ref={button} size="sm" variant="subtle" color="gray" aria-label={`More for ${run.name}`}>
          ⋯
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {adapterId !== null && <Menu.Item onClick={() => compare(adapterId)}>Show in Compare</Menu.Item>}
        <Menu.Item onClick={duplicate}>Tune again with its settings</Menu.Item>
        <Menu.Item onClick={onRename}>Rename</Menu.Item>
        <Menu.Item onClick={() => void runs.export([run.id])}>Export as JSON</Menu.Item>
        {run.ending !== null && <Menu.Item onClick={() => runs.remove([run.id])}>Delete</Menu.Item>}
      </Menu.Dropdown>
    </Menu>
  );
}
