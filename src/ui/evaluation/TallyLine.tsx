/** The count of the votes, and what it says: how likely a split this uneven is where nobody prefers either. */
import { type Election, signTest, type Tally, tallyOf } from '../../state';
import { Term } from '../parts/Term';
import { usePart } from '../session';
import classes from '../steps/steps.module.css';
import { saySplit, sayTally } from './voteWords';
import votingClasses from './voting.module.css';

export function TallyLine({ election }: { readonly election: Election }) {
  const tally = tallyOf(election);
  const { subjects } = election.measured;
  const { first, second } = election.pair;
  return (
    <div className={votingClasses.tally} role="status">
      <dl>
        <Count name={tally.firstName} tone={subjects[first]?.tone ?? 'base'} votes={tally.first} />
        <Count name={tally.secondName} tone={subjects[second]?.tone ?? 'tuned'} votes={tally.second} />
        <Count name="equal" tone="muted" votes={tally.equal} />
      </dl>
      <p className={classes.quiet}>
        <Term means="Two-sided sign test (Dixon & Mood 1946), exact, without the rows judged equal. The figure holds for a number of votes that was settled beforehand, not for going on until it suits.">
          {saySplit(tally.first, tally.second, signTest(tally.first, tally.second))}
        </Term>
      </p>
    </div>
  );
}

interface CountProps {
  readonly name: string;
  readonly tone: string;
  readonly votes: number;
}

function Count({ name, tone, votes }: CountProps) {
  return (
    <div>
      <dt style={{ color: `var(--p-${tone})` }}>{name}</dt>
      <dd>{votes}</dd>
    </div>
  );
}

export function EarlierTallies() {
  const earlier = usePart('voting', (state) => state.earlier);
  if (earlier.length === 0) return null;
  return (
    <details>
      <summary>Counts before</summary>
      <ul className={votingClasses.earlier}>
        {earlier.map((tally: Tally, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the list only grows at its end
          <li key={at} className={classes.quiet}>
            {sayTally(tally)} {saySplit(tally.first, tally.second, signTest(tally.first, tally.second))}
          </li>
        ))}
      </ul>
    </details>
  );
}
