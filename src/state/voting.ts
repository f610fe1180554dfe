/**
 * Blind voting: the answers of two subjects to the same prompt, side by side in an order that a coin decides, row after row
 * in an order of its own. Whose they are is not told before the votes are counted. Another report or another pair begins
 * anew, and the tally before stays.
 */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { StoreApi } from 'zustand/vanilla';
import { createStore } from 'zustand/vanilla';
import type { EvaluatedRow } from '../worker';
import type { Measured } from './evaluation';
import { firstSight } from './evaluationTable';
import type { NamedSubject } from './subjects';

/** Places among the subjects of the report. */
export interface VotedPair {
  readonly first: number;
  readonly second: number;
}

export type Winner = keyof VotedPair | 'equal';

/** One row to be judged. `swapped`: the second of the pair stands at A. */
export interface Ballot {
  readonly row: EvaluatedRow;
  readonly swapped: boolean;
}

export interface Tally extends Readonly<Record<Winner, number>> {
  readonly firstName: string;
  readonly secondName: string;
  readonly dataset: string;
}

/** What is voted on. */
export interface Election {
  readonly measured: Measured;
  readonly pair: VotedPair;
  readonly ballots: readonly Ballot[];
  /** Rows that are left out, since both say the same. */
  readonly same: number;
  /** As many as were given, in the order of the ballots. */
  readonly votes: readonly Winner[];
}

export interface VotingState {
  /** null where there is nothing to vote on. */
  readonly election: Election | null;
  /** Whether the count is shown, and with it whose answers they were. */
  readonly counted: boolean;
  /** Of reports and pairs before, oldest first. */
  readonly earlier: readonly Tally[];
}

export interface Voting {
  readonly store: StoreApi<VotingState>;
  /** Takes up a new report. */
  begin(measured: Measured): void;
  choosePair(pair: VotedPair): void;
  /** On the ballot that is open. */
  vote(choice: 'A' | 'B' | 'equal'): void;
  undo(): void;
  setCounted(counted: boolean): void;
}

export function createVoting(): Voting {
  const store = createStore<VotingState>(() => ({ election: null, counted: false, earlier: [] }));
  const hold = (election: Election | null) =>
    store.setState(({ election: before, earlier }) => ({
      election,
      counted: false,
      earlier: before !== null && before.votes.length > 0 ? [...earlier, tallyOf(before)] : earlier,
    }));
  const setVotes = (change: (election: Election) => readonly Winner[]) =>
    store.setState(({ election }) => ({ election: election && { ...election, votes: change(election) } }));

  return {
    store,
    begin: (measured) => {
      const { base, looked } = firstSight(measured.subjects);
      const isPair = base !== null && base !== looked;
      const pair = isPair ? { first: base, second: looked } : { first: 0, second: 1 };
      hold(isVotable(measured) ? electionOf(measured, pair) : null);
    },
    choosePair: (pair) => {
      const { election } = store.getState();
      if (election !== null && pair.first !== pair.second) hold(electionOf(election.measured, pair));
    },
    vote: (choice) => {
      // A count that went on by itself would tell after each vote whose answer it was for.
      store.setState({ counted: false });
      setVotes((election) => {
        const ballot = openBallot(election);
        if (ballot === null) return election.votes;
        const winner = choice === 'equal' ? 'equal' : (choice === 'A') === ballot.swapped ? 'second' : 'first';
        return [...election.votes, winner];
      });
    },
    undo: () => setVotes(({ votes }) => votes.slice(0, -1)),
    setCounted: (counted) => store.setState({ counted }),
  };
}

/** Where a text is judged as a whole, and there are two of them. */
function isVotable({ report: { task }, subjects }: Measured): boolean {
  return (task === 'persona' || task === 'generation') && subjects.length > 1;
}

function electionOf(measured: Measured, pair: VotedPair): Election {
  const { rows } = measured.report;
  const differing = rows.filter(({ outcomes }) => answer(outcomes, pair.first) !== answer(outcomes, pair.second));
  const generator = xoroshiro128plus(measured.id);
  const ballots = differing.map((row): Ballot => ({ row, swapped: uniformInt(generator, 0, 1) === 1 }));
  // Fisher & Yates.
  for (let i = ballots.length - 1; i > 0; i--) {
    const j = uniformInt(generator, 0, i);
    [ballots[i], ballots[j]] = [ballots[j]!, ballots[i]!];
  }
  return { measured, pair, ballots, same: rows.length - differing.length, votes: [] };
}

const answer = (outcomes: EvaluatedRow['outcomes'], subject: number): string => outcomes[subject]?.answer.trim() ?? '';

/** The one to be judged next; null when all are. */
export const openBallot = ({ ballots, votes }: Election): Ballot | null => ballots[votes.length] ?? null;

/** What stands at A and at B. */
export function answersOf(
  { row, swapped }: Ballot,
  { first, second }: VotedPair,
): { readonly A: string; readonly B: string } {
  const [A, B] = swapped ? [second, first] : [first, second];
  return { A: answer(row.outcomes, A), B: answer(row.outcomes, B) };
}

export function tallyOf({ measured: { subjects, report }, pair, votes }: Election): Tally {
  const count = (winner: Winner) => votes.filter((vote) => vote === winner).length;
  const name = (subject: NamedSubject | undefined) => subject?.name ?? '';
  return {
    firstName: name(subjects[pair.first]),
    secondName: name(subjects[pair.second]),
    dataset: report.dataset,
    first: count('first'),
    second: count('second'),
    equal: count('equal'),
  };
}
