/** The button that begins a measurement; while one is under way, how far it is and the button that ends it. */
import { useRef } from 'react';
import { type Measuring, subjectKey, whyNotMeasure } from '../../state';
import { formatCount, formatPlural } from '../format';
import { Problem } from '../parts/Problem';
import { ReasonButton } from '../parts/ReasonButton';
import { usePart, useSession } from '../session';
import evaluationClasses from './evaluation.module.css';
import { UnderWay } from './UnderWay';

export function EvaluationStart() {
  const session = useSession();
  const place = useRef<HTMLDivElement>(null);
  // Read so that this is drawn again when the answer to "why not" may change.
  usePart('model', ({ phase }) => phase.status);
  usePart('dataset', ({ current, pending }) => pending ?? current);
  usePart('dataset', ({ fits }) => fits);
  usePart('applying', ({ working }) => working === null);
  const measuring = usePart('evaluation', (state) => state.measuring);
  const failures = usePart('evaluation', (state) => state.failures);
  const problem = usePart('evaluation', (state) => state.problem);
  return (
    <>
      <div ref={place} tabIndex={-1} className={evaluationClasses.place}>
        {measuring === null ? (
          <ReasonButton label="Measure all" reason={whyNotMeasure(session)} onClick={session.measure} />
        ) : (
          <UnderWay
            stop="Stop measuring"
            stopping={measuring.stopping}
            onStop={session.evaluation.stop}
            of="Share of the rows that are measured"
            share={shareOf(measuring)}
            line={sayProgress(measuring)}
            around={place}
          />
        )}
      </div>
      {failures.map(({ subject: { subject, name }, problem: why }) => (
        <Problem
          key={subjectKey(subject)}
          problem={{ ...why, message: `${name} could not be measured. ${why.message}` }}
        />
      ))}
      <Problem problem={problem} />
    </>
  );
}

function sayProgress({ subjects, at }: Measuring): string {
  if (at === null) return 'Getting ready';
  const turn = subjects.length > 1 ? ` · ${at.subject + 1} of ${subjects.length}` : '';
  return `${subjects[at.subject]?.name}: ${formatCount(at.done)} of ${formatPlural(at.total, 'row')}${turn}`;
}

const shareOf = ({ subjects, at }: Measuring): number =>
  at === null ? 0 : (at.subject + at.done / Math.max(1, at.total)) / subjects.length;
