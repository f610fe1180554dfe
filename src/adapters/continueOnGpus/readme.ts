/** README.md of what goes to GPUs: what it is, and the commands. */
import type { GpuRun } from '../continueOnGpus';

export const readme = ({ baseModel, name, train, validation, hyperparameters }: GpuRun): string => `# ${oneLine(name)}

A run of Prelude, to go on with on GPUs: the adapter so far, the rows that it learns from as they are mapped and split,
and every setting. \`train.py\` is short, and uses PEFT and Accelerate alone.

\`\`\`sh
pip install -r requirements.txt
accelerate config default
accelerate launch train.py --base-model ${shellWord(baseModel)}
\`\`\`

- \`--base-model\` is the model's PyTorch repository on the hub, or a folder. This run was on ${oneLine(baseModel)}; where that
  is a repository of ONNX files alone, give the one it was made from. Its weights are not rounded to few bits, so losses
  differ a little from those in the browser.
- \`train.py --help\` names the options: steps, micro-batch, number format. \`accelerate launch --help\` those for several
  GPUs or machines. The same batches give the same adapter on any number of them, up to rounding.
- ${train.length} rows train and ${validation.length} are held out. Each line of \`data/\` has the text, its token ids, and
  where the target starts.
- It makes ${hyperparameters.steps} further steps of ${hyperparameters.method.type === 'lora' ? 'LoRA' : `${hyperparameters.method.type} tuning`}, with a warm-up and an optimiser state of their own.
- The result is in \`tuned/\`, in PEFT's format. Drop its files on Prelude to import it.
`;

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** A name as one word of a shell. */
const shellWord = (text: string): string =>
  /^[\w./-]+$/.test(text) ? text : `'${oneLine(text).replaceAll("'", "'\\''")}'`;
