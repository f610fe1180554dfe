/** README.md of an exported adapter: what it is, what it was trained on, and the Python lines that load it. */
import type { PrefixValues } from '../tuning';
import type { PreludeRecord } from './record';

export function modelCard(
  { geometry, length, values }: PrefixValues,
  baseModel: string,
  record: PreludeRecord,
): string {
  const { layers, kvHeads, headDim } = geometry;
  const facts = [
    `Base model: ${baseModel}`,
    `Method: prefix-tuning, ${length} virtual tokens (${layers} layers, ${kvHeads} key/value heads of ${headDim})`,
    `Numbers learned: ${values.length}`,
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
    'tags: [prefix-tuning, prelude]',
    '---',
    '',
    `# ${oneLine(record.name ?? `Prefix for ${baseModel}`)}`,
    '',
    'A prefix tuned in the browser with Prelude. The base model itself is unchanged.',
    '',
    ...facts.map((fact) => `- ${oneLine(fact)}`),
    '',
    ...(record.template == null ? [] : ['It was trained on text of this form:', '', indented(record.template), '']),
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

function measured(
  what: string,
  before: number | null | undefined,
  after: number | null | undefined,
  show: (value: number) => string,
): string[] {
  if (after == null) return [];
  return [before == null ? `${what}: ${show(after)}` : `${what}: ${show(after)}, without the prefix ${show(before)}`];
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
