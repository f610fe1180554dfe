/**
 * The library: every adapter of the model with what it is worth on the held-out rows, the model alone against the model
 * with it. A name can be changed, a deletion be undone, and two of one kind be put one behind the other.
 */
import { useRef } from 'react';
import { adapterLabel, keptAdapters, scoreRows } from '../../state';
import { formatPlural } from '../format';
import { LIBRARY } from '../keys';
import { Problem } from '../parts/Problem';
import { UndoLine } from '../parts/UndoLine';
import { usePart, useSession } from '../session';
import { Compose } from './Compose';
import { LibraryRow } from './LibraryRow';
import libraryClasses from './library.module.css';
import classes from './steps.module.css';

export function Library() {
  const { adapters } = useSession();
  const state = usePart('adapters', (all) => all);
  const heading = useRef<HTMLHeadingElement>(null);
  const kept = keptAdapters(state);
  const { leaving, libraryProblem, others } = state;
  return (
    <section id={LIBRARY} aria-label="Adapters" className={`${classes.stack} ${libraryClasses.library}`}>
      <h3 ref={heading} className={libraryClasses.heading} tabIndex={-1}>
        Adapters
      </h3>
      {kept.length === 0 && leaving === null ? (
        <p className={classes.quiet}>None for this model yet. Tune one, or bring one.</p>
      ) : (
        <div className={classes.tableScroll}>
          <table className={`${classes.table} ${libraryClasses.table}`}>
            <caption className="visually-hidden">
              Loss and accuracy on held-out rows, of the model alone and with each adapter
            </caption>
            <Head />
            <tbody>
              {scoreRows(kept, state).map((row) => (
                <LibraryRow key={row.adapter.id} row={row} measuringId={state.measuringId} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {leaving !== null && (
        <UndoLine
          text={`${adapterLabel(leaving)} will be deleted in a moment.`}
          onUndo={adapters.undo}
          next={heading}
        />
      )}
      <Problem problem={libraryProblem} />
      {others.length > 0 && (
        <p className={classes.quiet}>
          {formatPlural(others.length, 'adapter')} of other models can be exported below, and used when their model is
          loaded.
        </p>
      )}
      <Compose adapters={kept} />
    </section>
  );
}

function Head() {
  const number = classes.number;
  return (
    <thead>
      <tr>
        <th rowSpan={2}>Name</th>
        <th rowSpan={2}>Kind</th>
        <th rowSpan={2} className={number}>
          Steps
        </th>
        <th colSpan={2} className={number}>
          Validation loss
        </th>
        <th colSpan={2} className={number}>
          Accuracy
        </th>
        <th rowSpan={2}>
          <span className="visually-hidden">What can be done</span>
        </th>
      </tr>
      <tr>
        <Pair />
        <Pair />
      </tr>
    </thead>
  );
}

function Pair() {
  return (
    <>
      <th className={`${classes.number} ${classes.base}`}>alone</th>
      <th className={`${classes.number} ${classes.tuned}`}>with it</th>
    </>
  );
}
