/** The keys, and the words of the page in one place. */
import { Kbd, Modal } from '@mantine/core';
import { STEPS } from './keys';
import classes from './steps/steps.module.css';

const WORDS: readonly (readonly [string, string])[] = [
  ['Adapter', 'What was learned: a few numbers in a small file, to be used with the model.'],
  ['Prefix', 'An adapter of trained keys and values that stand in front of the text in every layer.'],
  ['Prompt', 'An adapter of trained embeddings, made-up words that stand in front of the text.'],
  ['LoRA', 'An adapter of small changes that are added beside weight matrices of the model.'],
  ['Frozen', 'The model’s own weights are never changed, not by a bit.'],
  ['Loss', 'How surprised the model is by the right answer, in nats; 0 is no surprise at all.'],
  ['Validation', 'Rows held out from learning, to see whether more was learned than those rows by heart.'],
];

export function Help({ opened, onClose }: { readonly opened: boolean; readonly onClose: () => void }) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title="Keys and words"
      size="md"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <table className={classes.table}>
        <tbody>
          {STEPS.map((step, index) => (
            <tr key={step}>
              <td>
                <Kbd>{index + 1}</Kbd>
              </td>
              <td>{step}</td>
            </tr>
          ))}
          <tr>
            <td>
              <Kbd>Space</Kbd>
            </td>
            <td>Pause the run, or let it go on</td>
          </tr>
          <tr>
            <td>
              <Kbd>A</Kbd> <Kbd>B</Kbd> <Kbd>E</Kbd>
            </td>
            <td>While answers are judged side by side: A is better, B is better, equal</td>
          </tr>
          <tr>
            <td>
              <Kbd>Ctrl</Kbd> <Kbd>V</Kbd>
            </td>
            <td>Paste a dataset</td>
          </tr>
          <tr>
            <td>
              <Kbd>?</Kbd>
            </td>
            <td>This page</td>
          </tr>
        </tbody>
      </table>
      <dl>
        {WORDS.map(([word, meaning]) => (
          <div key={word} style={{ marginTop: '0.75rem' }}>
            <dt className={classes.heading}>{word}</dt>
            <dd className={classes.quiet}>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
