/** The words of each method: what its trainable parameters are counted from. */
import { describe, expect, it } from 'vitest';
import { defaultsOf } from '../../src/state/settings';
import { sayTrainable } from '../../src/ui/steps/methodWords';

describe('what is learned', () => {
  it('is counted from other numbers for every method', () => {
    expect(sayTrainable(defaultsOf('prefix'))).toContain('length × layers × 2 (key and value) × KV heads');
    expect(sayTrainable(defaultsOf('prompt'))).toContain('length × width of an embedding');
    expect(sayTrainable(defaultsOf('lora'))).toContain('rank × (inputs + outputs)');
  });

  it('leaves out frozen tokens, and is a network where one makes the tokens', () => {
    const prefix = { ...defaultsOf('prefix'), frozenTokens: 2 };
    expect(sayTrainable(prefix)).toContain('(length − frozen tokens) × layers');
    expect(sayTrainable({ ...prefix, encoded: true })).toContain('network that makes the prefix');
    expect(sayTrainable({ ...defaultsOf('prompt'), frozenTokens: 2 })).not.toContain('frozen');
    expect(sayTrainable({ ...defaultsOf('lora'), encoded: true })).not.toContain('network');
  });
});
