/** The network that makes virtual tokens while they are trained, and what of a prefix is not trained at all. */
import { Checkbox } from '@mantine/core';
import { Term } from '../parts/Term';
import { usePart, useSession } from '../session';
import { type Field, SettingField } from './SettingField';
import tuneClasses from './tune.module.css';

const WIDTH: Field = {
  field: 'encoderWidth',
  label: 'Hidden width',
  means: 'Units inside the network; more learn more, and slower. PEFT: encoder_hidden_size.',
  step: 16,
};
const FROZEN: Field = {
  field: 'frozenTokens',
  label: 'Frozen tokens',
  means:
    'The first tokens stay as they start, as a place for attention to rest on. PEFT’s Cartridge: num_frozen_tokens.',
  step: 1,
};
const NETWORKS = {
  prefix:
    'The reparametrisation of the paper (Li & Liang 2021): a small network makes the prefix from embeddings, and is folded into it at the end. PEFT: prefix_projection.',
  prompt:
    'P-tuning (Liu et al. 2021): a small network makes the embeddings, and is folded into them at the end. PEFT: P_TUNING.',
} as const;

export function EncoderSettings({ method }: { readonly method: keyof typeof NETWORKS }) {
  const { settings } = useSession();
  const encoded = usePart('settings', (state) => state.encoded);
  return (
    <>
      <Checkbox
        size="xs"
        className={tuneClasses.tick}
        aria-label="Learn through a network"
        label={<Term means={NETWORKS[method]}>Learn through a network</Term>}
        checked={encoded}
        onChange={(event) => settings.set({ encoded: event.currentTarget.checked })}
      />
      {encoded && <SettingField {...WIDTH} />}
      {method === 'prefix' && <SettingField {...FROZEN} />}
    </>
  );
}
