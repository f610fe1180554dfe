/** README.md of what goes to GPUs: what it is, and the commands. */
import type { GpuMethod, GpuRun } from './run';

const METHODS: Readonly<Record<GpuMethod['type'], string>> = {
  prefix: 'prefix-tuning',
  prompt: 'prompt tuning',
  lora: 'LoRA',
};

export const readme = ({ baseModel, name, train, validation, hyperparameters }: GpuRun): string => `# ${oneLine(name)}

A run of Prelude, to go on with on GPUs: the adapter so far, the rows that it learns from as they are mapped and split,
and every setting. \`train.py\` is short, and uses PEFT and Accelerate alone.

\`\`\`sh
pip install -r requirements.txt
accelerate config default
accelerate launch train.py --base-model ${shellWord(baseModel)}
\`\`\`

- The base model is a repository of the hub with PyTorch weights, or a folder. In Prelude it was ${oneLine(baseModel)};
  where that has ONNX files alone, give the repository they were made from. Weights that are not rounded to few bits give
  losses a little different from those in the browser.
- \`train.py --help\` names the options: steps, micro-batch, number format. \`accelerate launch --help\` has those for
  several GPUs or machines. A batch is shared out among them, so they give the adapter that one would, up to rounding and
  to what LoRA's dropout leaves out.
- ${train.length} rows train and ${validation.length} are held out. Each line of \`data/\` has the text, its token ids, and
  where the target starts.
- It makes ${hyperparameters.steps} further steps of ${METHODS[hyperparameters.method.type]}, with a warm-up and an
  optimiser state of their own.
- The result is in \`tuned/\`, in PEFT's format. Drop its files on Prelude to import it.
`;

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** A name as one word of a shell. */
const shellWord = (text: string): string =>
  /^[\w./-]+$/.test(text) ? text : `'${oneLine(text).replaceAll("'", "'\\''")}'`;
