/** What the model is, in figures; skeletons while it is on its way. */
import type { ModelSummary } from '../../worker';
import { formatBytes, formatCount, formatMillions } from '../format';
import { Figure, Figures } from '../parts/Figure';
import { Term } from '../parts/Term';

export function ModelFacts({ summary, pending }: { readonly summary: ModelSummary | null; readonly pending: boolean }) {
  const show = <T,>(pick: (summary: ModelSummary) => T): T | null => (summary === null ? null : pick(summary));
  return (
    <Figures label="The model">
      <Figure name="Kind" pending={pending} value={show(({ family }) => family)} />
      <Figure
        name={<Term means="All weights of the model. They are never changed.">Parameters</Term>}
        pending={pending}
        value={show(({ parameters }) => formatMillions(parameters))}
      />
      <Figure
        name={
          <Term means="How the weights are stored: q4 is 4-bit quantized, in blocks with a scale each.">Stored as</Term>
        }
        pending={pending}
        value={show(({ dtype, fileBytes }) => `${dtype}, ${formatBytes(fileBytes)}`)}
      />
      <Figure name="Layers" pending={pending} value={show(({ layers }) => layers)} />
      <Figure
        name={
          <Term means="KV heads × head dimension: what one layer keeps of each token as key and as value, and what a prefix adds to.">
            Memory per token
          </Term>
        }
        pending={pending}
        value={show(({ kvHeads, headDim }) => `${kvHeads} × ${headDim}`)}
      />
      <Figure
        name={<Term means="Context length: virtual tokens and text must fit in it together.">Holds</Term>}
        pending={pending}
        value={show(({ contextLength }) => `${formatCount(contextLength)} tokens`)}
      />
      <Figure name="Vocabulary" pending={pending} value={show(({ vocabSize }) => `${formatCount(vocabSize)} tokens`)} />
    </Figures>
  );
}
