/** Blind voting: what is judged, that the order gives nothing away, the count, and whether it says anything. */
import { describe, expect, it } from 'vitest';
import { createEvaluation, EVALUATION_DEFAULTS } from '../../src/state/evaluation';
import { signTest } from '../../src/state/signTest';
import type { NamedSubject } from '../../src/state/subjects';
import { answersOf, createVoting, openBallot, tallyOf, type Voting } from '../../src/state/voting';
import { createScriptedEngine, type Script } from '../support/scriptedEngine';

const SUBJECTS: readonly NamedSubject[] = [
  { subject: { type: 'model' }, name: 'The model alone', tone: 'base' },
  { subject: { type: 'adapter', id: 'p' }, name: 'Keeper', tone: 'tuned' },
  { subject: { type: 'few-shot', examples: 4 }, name: 'With 4 examples', tone: 'fifth' },
];

async function report(script: Script = { evaluatedTask: 'persona' }, subjects = SUBJECTS) {
  const evaluation = createEvaluation(createScriptedEngine(script));
  const { rows, maxTokens } = EVALUATION_DEFAULTS;
  const ground = { model: '', dataset: '', sourceKey: '', readAs: '' };
  await evaluation.measure({ subjects, rows, maxTokens, ground });
  return evaluation.store.getState().measured ?? expect.fail('nothing was measured');
}

const election = ({ store }: Voting) => store.getState().election ?? expect.fail('there is nothing to vote on');

async function voting() {
  const made = createVoting();
  made.begin(await report());
  return made;
}

/** Votes for the one at the other side of the pair from the model alone, wherever it stands. */
function voteForSecond(made: Voting) {
  const ballot = openBallot(election(made)) ?? expect.fail('all are judged');
  made.vote(ballot.swapped ? 'A' : 'B');
}

describe('voting', () => {
  it('is on the model alone and the first adapter, over the rows where they differ', async () => {
    const made = await voting();
    const { pair, ballots, same, measured } = election(made);
    expect(pair).toEqual({ first: 0, second: 1 });
    expect(ballots.length + same).toBe(measured.report.rows.length);
    expect(same).toBeGreaterThan(0);
    for (const ballot of ballots) {
      const { A, B } = answersOf(ballot, pair);
      expect(A).not.toBe(B);
    }
  });

  it('puts either at A about as often as the other, in an order that is the same for the same report', async () => {
    const measured = await report({ evaluatedTask: 'persona', evaluatedRows: 100 });
    const ballotsOf = () => {
      const made = createVoting();
      made.begin(measured);
      return election(made).ballots;
    };
    const ballots = ballotsOf();
    const swapped = ballots.filter((ballot) => ballot.swapped).length;
    expect(swapped).toBeGreaterThan(ballots.length / 4);
    expect(swapped).toBeLessThan((3 * ballots.length) / 4);
    expect(ballotsOf()).toEqual(ballots);
    const lines = ballots.map(({ row }) => row.line);
    expect(lines).not.toEqual(lines.toSorted((a, b) => a - b));
  });

  it('counts a vote for whoever stands there, and takes the last one back', async () => {
    const made = await voting();
    for (let count = 0; count < 6; count++) voteForSecond(made);
    made.vote('equal');
    expect(tallyOf(election(made))).toMatchObject({ first: 0, second: 6, equal: 1, secondName: 'Keeper' });
    made.undo();
    expect(tallyOf(election(made))).toMatchObject({ second: 6, equal: 0 });
  });

  it('hides the count with the next vote, which it would give away', async () => {
    const made = await voting();
    made.vote('A');
    made.setCounted(true);
    expect(made.store.getState().counted).toBe(true);
    made.vote('B');
    expect(made.store.getState().counted).toBe(false);
  });

  it('ends with the last row', async () => {
    const made = await voting();
    const { length } = election(made).ballots;
    for (let count = 0; count < length + 3; count++) made.vote('A');
    expect(election(made).votes).toHaveLength(length);
    expect(openBallot(election(made))).toBeNull();
  });

  it('begins anew with another report or another pair, and keeps the tally before', async () => {
    const made = await voting();
    voteForSecond(made);
    made.setCounted(true);
    made.choosePair({ first: 0, second: 2 });
    expect(made.store.getState()).toMatchObject({
      counted: false,
      earlier: [{ firstName: 'The model alone', secondName: 'Keeper', first: 0, second: 1, equal: 0 }],
    });
    made.choosePair({ first: 1, second: 1 });
    expect(election(made).pair).toEqual({ first: 0, second: 2 });
    made.begin(await report());
    expect(made.store.getState().earlier).toHaveLength(1);
  });

  it('is not on labels, and not on one subject alone', async () => {
    const made = createVoting();
    made.begin(await report({ evaluatedTask: 'classification' }));
    expect(made.store.getState().election).toBeNull();
    made.begin(await report({ evaluatedTask: 'generation' }, SUBJECTS.slice(0, 1)));
    expect(made.store.getState().election).toBeNull();
    made.begin(await report({ evaluatedTask: 'generation' }));
    expect(made.store.getState().election).not.toBeNull();
  });
});

describe('the sign test', () => {
  it.each([
    [8, 2, 0.109375],
    [2, 8, 0.109375],
    [10, 0, 0.001953125],
    [5, 5, 1],
    [0, 0, 1],
    [1, 0, 1],
    // Exact, from integers.
    [60, 40, 0.05688793364098077],
  ])('of %i against %i gives %f', (wins, losses, p) => {
    expect(signTest(wins, losses)).toBeCloseTo(p, 12);
  });

  it('does not overflow with thousands of votes', () => {
    expect(signTest(1500, 1500)).toBe(1);
    expect(signTest(1600, 1400)).toBeCloseTo(0.000277, 5);
  });
});
