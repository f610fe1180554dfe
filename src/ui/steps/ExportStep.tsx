/**
 * Step 5: the adapters there are, what is in the file of each, the file itself, the way back in, and a file of the person's
 * that one of them answers.
 */
import { peftLines, sourceName } from '../../state';
import { BatchUse } from '../evaluation/BatchUse';
import { DropArea } from '../parts/DropArea';
import { Problem } from '../parts/Problem';
import partClasses from '../parts/parts.module.css';
import { Step } from '../Step';
import { usePart, useSession } from '../session';
import { ExportFile } from './ExportFile';
import { Library } from './Library';
import classes from './steps.module.css';

export function ExportStep() {
  const { importAdapter, adapters } = useSession();
  const isEmpty = usePart('adapters', ({ list, others }) => list.length + others.length === 0);
  const importing = usePart('adapters', (state) => state.importing);
  const problem = usePart('adapters', (state) => state.problem);
  return (
    <Step name="Export" line="A small file in PEFT’s format, for Python or for this page.">
      <div className={classes.stack}>
        <Library />
        <div className={`${classes.columns} ${classes.gapAbove}`}>
          <div className={classes.stack}>
            <h3 className={classes.heading}>Take it with you</h3>
            {isEmpty ? <p className={classes.quiet}>There is no adapter yet.</p> : <ExportFile />}
            <h3 className={classes.heading}>Bring one back</h3>
            <DropArea
              label="Drop an adapter"
              compact
              disabled={importing}
              onFiles={(files) => void importAdapter(files)}
            >
              <span>
                Drop an adapter, or choose its files{' '}
                <span className={partClasses.dropHint}>the zip, its two files, or the bare .safetensors</span>
              </span>
            </DropArea>
            <Problem problem={problem} onDismiss={adapters.dismissProblem} />
          </div>
          <div className={classes.stack}>
            <BatchUse />
            <h3 className={classes.heading}>Use it from Python</h3>
            <PythonLines />
          </div>
        </div>
      </div>
    </Step>
  );
}

function PythonLines() {
  const present = usePart('model', ({ source }) => sourceName(source));
  const adapterId = usePart('exporting', (state) => state.adapterId);
  const base = usePart('adapters', ({ others }) => others.find(({ id }) => id === adapterId)?.model ?? present);
  const saved = usePart('exporting', (state) => state.saved);
  const folder = saved?.endsWith('.zip') ? saved.slice(0, -4) : 'path/to/adapter';
  return (
    <>
      <pre className={classes.code}>{peftLines(base, folder)}</pre>
      <p className={classes.quiet}>
        PEFT uses the adapter with the unquantized weights of the same model, so point <code>base</code> at those.
      </p>
    </>
  );
}
