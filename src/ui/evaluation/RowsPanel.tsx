/** Every measured row: which of them are shown, whose eyes they are seen with, and the pages of their table. */
import { Button, SegmentedControl, Select } from '@mantine/core';
import { useState } from 'react';
import {
  countsOf,
  filteredRows,
  firstSight,
  type Measured,
  pageOf,
  ROW_FILTERS,
  type RowFilter,
  type RowOrder,
  sortedRows,
} from '../../state';
import { formatCount } from '../format';
import { useSession } from '../session';
import classes from '../steps/steps.module.css';
import evaluationClasses from './evaluation.module.css';
import { RowOrderSelect } from './RowOrderSelect';
import { RowsTable } from './RowsTable';

const FILTER_WORDS: Readonly<Record<RowFilter, string>> = {
  all: 'all',
  fixed: 'fixed by tuning',
  broken: 'broken by tuning',
  wrong: 'wrong',
  right: 'right',
};

export function RowsPanel({ measured }: { readonly measured: Measured }) {
  const { report, subjects } = measured;
  const [sight, setSight] = useState(() => firstSight(subjects));
  const [filter, setFilter] = useState<RowFilter>('all');
  const [order, setOrder] = useState<RowOrder>({ column: 'line', descending: false });
  const [wanted, setPage] = useState(0);
  const { saveReport } = useSession();
  const counts = countsOf(report.rows, sight);
  const filters = ROW_FILTERS.filter((one) => counts[one] !== null);
  // A filter that says nothing of another subject gives way.
  const shown = counts[filter] === null ? 'all' : filter;
  const page = pageOf(sortedRows(filteredRows(report.rows, shown, sight), order, sight), wanted);
  const isTuned = subjects[sight.looked]?.subject.type === 'adapter';
  const wordsOf = (one: RowFilter) => (isTuned ? FILTER_WORDS[one] : FILTER_WORDS[one].replace(' by tuning', ''));
  const hasChange = sight.base !== null && sight.base !== sight.looked;
  const choose = (next: RowOrder) => {
    setOrder(next);
    setPage(0);
  };
  return (
    <section aria-label="Rows" className={classes.stack}>
      <h4 className={classes.heading}>Row by row</h4>
      <div className={classes.rowEnd}>
        {subjects.length > 1 && (
          <Select
            size="xs"
            w="16rem"
            label="Seen with"
            data={subjects.map(({ name }, index) => ({ value: String(index), label: name }))}
            value={String(sight.looked)}
            allowDeselect={false}
            onChange={(value) => {
              setSight({ ...sight, looked: Number(value) });
              setPage(0);
            }}
          />
        )}
        <RowOrderSelect subjects={subjects} hasChange={hasChange} order={order} onOrder={choose} />
        {filters.length > 1 && (
          <SegmentedControl
            className={evaluationClasses.filters}
            size="xs"
            aria-label="Which rows"
            data={filters.map((one) => ({ value: one, label: `${wordsOf(one)} (${formatCount(counts[one] ?? 0)})` }))}
            value={shown}
            onChange={(value) => {
              setFilter(value);
              setPage(0);
            }}
          />
        )}
        <Button size="xs" variant="default" onClick={() => void saveReport(measured)}>
          Download as CSV
        </Button>
      </div>
      {page.rows.length === 0 ? (
        <p className={classes.quiet}>No row is {wordsOf(shown)}.</p>
      ) : (
        <RowsTable
          rows={page.rows}
          all={report.rows}
          subjects={subjects}
          sight={sight}
          order={order}
          hasChange={hasChange}
          onOrder={choose}
        />
      )}
      {page.of > 1 && <Pages at={page.at} of={page.of} onChoose={setPage} />}
    </section>
  );
}

interface PagesProps {
  readonly at: number;
  readonly of: number;
  readonly onChoose: (page: number) => void;
}

function Pages({ at, of, onChoose }: PagesProps) {
  return (
    <nav className={classes.row} aria-label="Pages of rows">
      <Button size="compact-sm" variant="default" disabled={at === 0} onClick={() => onChoose(at - 1)}>
        Earlier rows
      </Button>
      <p className={classes.quiet} role="status">
        Page {at + 1} of {of}
      </p>
      <Button size="compact-sm" variant="default" disabled={at === of - 1} onClick={() => onChoose(at + 1)}>
        Later rows
      </Button>
    </nav>
  );
}
