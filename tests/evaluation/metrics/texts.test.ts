/** The metrics of written texts, against sacreBLEU and rouge-score, and by hand where those do not go. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bleu, sentenceBleu } from '../../../src/evaluation/metrics/bleu';
import { chrf } from '../../../src/evaluation/metrics/chrf';
import { distinct } from '../../../src/evaluation/metrics/distinct';
import { isExactMatch } from '../../../src/evaluation/metrics/exactMatch';
import type { Measure } from '../../../src/evaluation/metrics/measure';
import { perplexity } from '../../../src/evaluation/metrics/perplexity';
import { meanRougeL, rougeL, rougeWords } from '../../../src/evaluation/metrics/rouge';
import { words13a } from '../../../src/evaluation/metrics/words';
import { texts } from './goldens';

const { sentences, corpora } = texts();

const plain = (measure: Measure, rows: number) => measure.of(new Uint8Array(rows).fill(1));
const ofRows = (answers: string[], targets: string[], metric: (a: string[], t: string[]) => Measure) =>
  plain(metric(answers, targets), answers.length);
const chrfOfSentence = (answer: string, target: string) => ofRows([answer], [target], chrf);

describe('on single texts', () => {
  it('words are cut as 13a cuts them', () => {
    for (const { answer, words } of sentences) expect(words13a(answer)).toEqual(words);
  });

  it("BLEU is sacreBLEU's, with effective order", () => {
    for (const { answer, target, bleu } of sentences) {
      expect(sentenceBleu(answer, target), JSON.stringify([answer, target])).toBeCloseTo(bleu, 9);
    }
  });

  it("chrF is sacreBLEU's, in every script", () => {
    for (const { answer, target, chrf } of sentences) {
      expect(chrfOfSentence(answer, target), JSON.stringify([answer, target])).toBeCloseTo(chrf, 9);
    }
  });

  it("ROUGE-L is rouge-score's where all letters are Latin", () => {
    const latin = sentences.filter(({ rouge_l }) => rouge_l !== null);
    expect(latin.length).toBeGreaterThan(300);
    for (const { answer, target, rouge_l } of latin) {
      expect(rougeL(answer, target), JSON.stringify([answer, target])).toBeCloseTo(rouge_l ?? Number.NaN, 12);
    }
  });
});

describe('on corpora', () => {
  it.each(corpora)('of sentences $first to $end, BLEU, chrF and distinct-n are those of the tools', (corpus) => {
    const rows = sentences.slice(corpus.first, corpus.end);
    const answers = rows.map(({ answer }) => answer);
    const targets = rows.map(({ target }) => target);
    expect(ofRows(answers, targets, bleu)).toBeCloseTo(corpus.bleu, 9);
    expect(ofRows(answers, targets, chrf)).toBeCloseTo(corpus.chrf, 9);
    expect(plain(distinct(answers, 1), rows.length)).toBeCloseTo(corpus.distinct_1, 12);
    expect(plain(distinct(answers, 2), rows.length)).toBeCloseTo(corpus.distinct_2, 12);
  });

  it('a row counts as often as its weight says', () => {
    const [answers, targets] = [
      ['a b c d e', 'x b c d', 'a'],
      ['a b c d e', 'a b c d', 'b'],
    ];
    const twice = (texts: string[]) => [0, 0, 1].map((row) => texts[row] ?? '');
    for (const metric of [bleu, chrf, meanRougeL, (a: string[]) => distinct(a, 1)]) {
      const repeated = ofRows(twice(answers), twice(targets), metric);
      expect(metric(answers, targets).of([2, 1, 0])).toBeCloseTo(repeated, 12);
      expect(repeated).not.toBeCloseTo(ofRows(answers, targets, metric), 3);
    }
  });

  it('BLEU of texts shorter than four words is 0, as there are no 4-grams', () => {
    expect(ofRows(['a b c'], ['a b c'], bleu)).toBe(0);
    expect(sentenceBleu('a b c', 'a b c')).toBeCloseTo(100, 9);
  });
});

describe('ROUGE-L', () => {
  it('counts words of every script, and characters where a script has no spaces', () => {
    expect(rougeWords('한국어 문장입니다. AI 기술')).toEqual(['한국어', '문장입니다', 'ai', '기술']);
    expect(rougeWords('Привет, Мир-2!')).toEqual(['привет', 'мир', '2']);
    expect(rougeWords('你好，世界 カー。')).toEqual(['你', '好', '世', '界', 'カ', 'ー']);
    expect(rougeWords('नमस्ते दुनिया।')).toEqual(['नमस्ते', 'दुनिया']);
    expect(rougeL('한국어 문장', '한국어 문장')).toBe(1);
    expect(rougeL('你好世界', '你好世间')).toBe(3 / 4);
  });

  it('parts Latin words at accents, as rouge-score does', () => {
    expect(rougeWords("Café_1 it's")).toEqual(['caf', '1', 'it', 's']);
  });
});

describe('exact match', () => {
  it('takes no notice of spaces around a text, nor of how many are within', () => {
    expect(isExactMatch('\n a \t b ', 'a b')).toBe(true);
    expect(isExactMatch('A b', 'a b')).toBe(false);
    expect(isExactMatch('a b.', 'a b')).toBe(false);
    expect(isExactMatch('ab', 'a b')).toBe(false);
  });
});

describe('perplexity', () => {
  it('is of all tokens together, not a mean over rows', () => {
    const rows = [
      { nats: 10, tokens: 2 },
      { nats: 2, tokens: 10 },
    ];
    expect(plain(perplexity(rows), 2)).toBeCloseTo(Math.E, 12);
    expect(perplexity(rows).of([1, 0])).toBeCloseTo(Math.exp(5), 9);
    expect(plain(perplexity([{ nats: 0, tokens: 0 }]), 1)).toBe(1);
  });
});

describe('any text', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 40 });

  it('is perfect against itself, and within bounds against any other', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        if (a.trim() !== '') expect(chrfOfSentence(a, a)).toBeCloseTo(100, 9);
        if (words13a(a).length > 0) expect(sentenceBleu(a, a)).toBeCloseTo(100, 9);
        if (rougeWords(a).length > 0) expect(rougeL(a, a)).toBe(1);
        expect(isExactMatch(a, ` ${a}\n`)).toBe(true);
        for (const score of [chrfOfSentence(a, b), sentenceBleu(a, b), 100 * rougeL(a, b)]) {
          expect(score).toBeGreaterThanOrEqual(0);
          expect(score).toBeLessThanOrEqual(100.000001);
        }
        expect(rougeL(a, b)).toBeCloseTo(rougeL(b, a), 12);
      }),
    );
  });
});
