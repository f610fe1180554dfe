/**
 * Which of two answers is better, judged blind: the prompt, A and B, three buttons and their keys. Whose they are is told
 * with the count, when all are judged or somebody asks for it: told after each vote, one would soon know them by their style.
 */
import { Button, Kbd } from '@mantine/core';
import { type KeyboardEvent, useRef } from 'react';
import { answersOf, type Election, openBallot } from '../../state';
import { formatCount, formatPlural } from '../format';
import { usePart, useSession } from '../session';
import classes from '../steps/steps.module.css';
import { EarlierTallies, TallyLine } from './TallyLine';
import { VotedPairSelect } from './VotedPairSelect';
import votingClasses from './voting.module.css';

export function Voting() {
  const election = usePart('voting', (state) => state.election);
  return election === null ? null : <Booth election={election} />;
}

const CHOICES = [
  { choice: 'A', key: 'a', label: 'A is better' },
  { choice: 'B', key: 'b', label: 'B is better' },
  { choice: 'equal', key: 'e', label: 'Equal' },
] as const;

function Booth({ election }: { readonly election: Election }) {
  const { voting } = useSession();
  const booth = useRef<HTMLElement>(null);
  const counted = usePart('voting', (state) => state.counted);
  const { ballots, votes, same } = election;
  const ballot = openBallot(election);
  // A button that can no longer be pressed loses the keyboard, which then stays in this part.
  const judge = (choice: 'A' | 'B' | 'equal') => {
    voting.vote(choice);
    if (votes.length + 1 === ballots.length) booth.current?.focus();
  };
  const undo = () => {
    voting.undo();
    if (votes.length === 1) booth.current?.focus();
  };
  // Only while the keyboard is in this part, and not in the list of one of its fields.
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target instanceof Element && event.target.closest('input') !== null) return;
    const chosen = CHOICES.find(({ key }) => key === event.key.toLowerCase());
    if (ballot === null || chosen === undefined) return;
    event.preventDefault();
    judge(chosen.choice);
  };
  return (
    <section
      ref={booth}
      aria-label="Judge side by side"
      className={votingClasses.booth}
      tabIndex={-1}
      onKeyDown={onKeyDown}
    >
      <div className={classes.between}>
        <div>
          <h4 className={classes.heading}>Judge side by side</h4>
          <p className={classes.quiet}>
            Which answer is better? Whose they are is told with the count. Keys <Kbd size="xs">A</Kbd>{' '}
            <Kbd size="xs">B</Kbd> <Kbd size="xs">E</Kbd> work while this part has the focus.
          </p>
        </div>
        <VotedPairSelect election={election} />
      </div>
      {ballot === null ? (
        <p className={classes.quiet} role="status">
          {ballots.length === 0 ? 'Both say the same in every row; there is nothing to judge.' : 'All rows are judged.'}
        </p>
      ) : (
        <>
          <div className={votingClasses.asked}>
            <p>{ballot.row.prompt}</p>
          </div>
          <div className={votingClasses.pair}>
            {Object.entries(answersOf(ballot, election.pair)).map(([letter, text]) => (
              <div key={letter}>
                <h5>{letter}</h5>
                <p className={votingClasses.said}>{text || <i>nothing</i>}</p>
              </div>
            ))}
          </div>
        </>
      )}
      <div className={classes.row}>
        {CHOICES.map(({ choice, label }) => (
          <Button key={choice} size="xs" variant="default" disabled={ballot === null} onClick={() => judge(choice)}>
            {label}
          </Button>
        ))}
        <Button size="xs" variant="subtle" disabled={votes.length === 0} onClick={undo}>
          Take back the last
        </Button>
        <p className={classes.quiet} role="status">
          {formatCount(votes.length)} of {formatCount(ballots.length)} judged
          {same > 0 && `; ${formatPlural(same, 'row')} left out, where both say the same`}
        </p>
      </div>
      <div className={votingClasses.count}>
        {counted || ballot === null ? (
          <TallyLine election={election} />
        ) : (
          <Button
            size="compact-sm"
            variant="default"
            disabled={votes.length === 0}
            onClick={() => voting.setCounted(true)}
          >
            Count now
          </Button>
        )}
      </div>
      <EarlierTallies />
    </section>
  );
}
