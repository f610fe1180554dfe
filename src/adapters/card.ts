/** README.md of an exported adapter: what it is, what it was trained on, and the Python lines that load it. */
import type { AdapterValues } from '../tuning';
import type { PreludeRecord } from './record';

export function modelCard(adapter: AdapterValues, baseModel: string, record: PreludeRecord): string {
  const facts = [
    `Base model: ${baseModel}`,
    `Method: ${methodLine(adapter)}`,
    `Numbers: ${adapter.values.length}`,
    ...measured('Validation loss (nats per token)', record.baseLoss, record.loss, (loss) => loss.toFixed(3)),
    ...measured(
      'Validation accuracy',
      record.baseAccuracy,
      record.accuracy,
      (accuracy) => `${(100 * accuracy).toFixed(1)} %`,
    ),
    ...(record.steps == null ? [] : [`Steps: ${record.steps}`]),
    ...(record.seed == null ? [] : [`Seed: ${record.seed}`]),
  ];
  return [
    '---',
    `base_model: ${JSON.stringify(baseModel)}`,
    'library_name: peft',
    `tags: [${TAGS[adapter.method]}, prelude]`,
    '---',
    '',
    heading(record.name ?? `Adapter for ${baseModel}`),
    '',
    'Tuned in the browser with Prelude. The base model itself is unchanged.',
    '',
    ...facts.map((fact) => `- ${oneLine(fact)}`),
    '',
    ...(record.template == null ? [] : [form(record), '', indented(record.template), '']),
    ...wordsOf(record),
    'To use it in Python, with the PyTorch weights of the base model:',
    '',
    '```python',
    'from peft import PeftModel',
    'from transformers import AutoModelForCausalLM, AutoTokenizer',
    '',
    `base = ${JSON.stringify(baseModel)}`,
    'tokenizer = AutoTokenizer.from_pretrained(base)',
    'model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), ".")',
    'inputs = tokenizer("…", return_tensors="pt")',
    'print(tokenizer.decode(model.generate(**inputs, max_new_tokens=40)[0]))',
    '```',
    '',
  ].join('\n');
}

export const renameCard = (card: string, name: string): string => card.replace(/^# .*$/m, () => heading(name));

function form({ kind, system }: PreludeRecord): string {
  const first = system == null ? '' : `, with {${system}} as the system message`;
  return kind === 'chat'
    ? `It was trained on conversations in the base model's chat template${first}: the last line of this is the answer, what stands before it the user's turn.`
    : `It was trained on text of this form${system == null ? '' : `, with {${system}} as a paragraph before it`}:`;
}

function wordsOf({ words }: PreludeRecord): string[] {
  const said = Object.entries(words ?? {}).map(([label, word]) => `\`${oneLine(word)}\` for \`${oneLine(label)}\``);
  return said.length === 0 ? [] : [`Labels are written as words: ${said.join(', ')}.`, ''];
}

const heading = (name: string): string => `# ${oneLine(name)}`;

const TAGS: Readonly<Record<AdapterValues['method'], string>> = {
  prefix: 'prefix-tuning',
  prompt: 'prompt-tuning',
  lora: 'lora',
};

function methodLine(adapter: AdapterValues): string {
  switch (adapter.method) {
    case 'prefix': {
      const { layers, kvHeads, headDim } = adapter.geometry;
      return `prefix-tuning, ${adapter.length} virtual tokens (${layers} layers, ${kvHeads} key/value heads of ${headDim})`;
    }
    case 'prompt':
      return `prompt tuning, ${adapter.length} virtual tokens of ${adapter.hidden} numbers`;
    case 'lora':
      return `LoRA of rank ${adapter.rank}, alpha ${adapter.alpha}, on ${adapter.modules.length} linear layers`;
    default:
      return adapter satisfies never;
  }
}

function measured(
  what: string,
  before: number | null | undefined,
  after: number | null | undefined,
  show: (value: number) => string,
): string[] {
  if (after == null) return [];
  return [before == null ? `${what}: ${show(after)}` : `${what}: ${show(after)}, without the adapter ${show(before)}`];
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** A Markdown code block that nothing in the text can close. */
function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
}
