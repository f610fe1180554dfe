/** A test double of what the engine tells of an adapter: made-up figures of two layers with two heads. */
import type { AttentionShares, LearnedEngine, Measured } from '../../src/worker/learnedProtocol';

export interface LearnedScript {
  /** Awaited before every answer and every layer. */
  readonly pace?: () => Promise<void>;
}

const shares = (virtual: number): AttentionShares => ({
  virtual: [
    [virtual, 0.1],
    [0.2, 0.05],
  ],
  prompt: [0.9 - virtual, 0.75],
  answer: [0, 0],
  sink: [0, 0],
});

const measured = (loss: number): Measured => ({ loss, accuracy: 0.5 });

export function createScriptedLearned({ pace = () => Promise.resolve() }: LearnedScript = {}): LearnedEngine {
  let stopped = false;
  return {
    async attention({ answer }) {
      await pace();
      const layer = { atPrompt: shares(0.4), atAnswer: answer === '' ? null : shares(0.6) };
      return { virtualTokens: 2, promptTokens: 5, answerTokens: answer === '' ? 0 : 1, layers: [layer, layer] };
    },
    async ablate(_, onEvent) {
      stopped = false;
      await pace();
      const [alone, whole] = [measured(2.4), measured(0.6)];
      onEvent({ type: 'begun', layers: 2, rows: 40, alone, whole });
      const layers = [];
      for (const [layer, loss] of [1.1, 0.5].entries()) {
        await pace();
        if (stopped) break;
        const result = { layer, ...measured(loss) };
        layers.push(result);
        onEvent({ type: 'layer', result });
      }
      return { rows: 40, alone, whole, layers, stopped };
    },
    async stopAblating() {
      stopped = true;
    },
    async norms() {
      await pace();
      const text = { keys: 3, values: 0.8 };
      return { method: 'prefix', layers: [{ prefix: { keys: 4, values: 1.2 }, text }], comparedTo: 'dataset' };
    },
    async neighbours() {
      await pace();
      return { tokens: [[{ id: 7, text: ' good', cosine: 0.8 }]] };
    },
  };
}
