/** What kind of answer comes out; it decides what is measured. */
import { NativeSelect } from '@mantine/core';
import { isTask } from '../../state';
import type { Task } from '../../worker';
import { Term } from '../parts/Term';
import { useSession } from '../session';

export const TASK_WORDS: Readonly<Record<Task, { readonly plain: string; readonly term: string }>> = {
  classification: { plain: 'one of some labels', term: 'classification' },
  extraction: { plain: 'entities in a text', term: 'extraction' },
  generation: { plain: 'free text', term: 'generation' },
  persona: { plain: 'a persona’s answers', term: 'persona' },
};

export function TaskField({ task }: { readonly task: Task }) {
  const { dataset } = useSession();
  return (
    <NativeSelect
      label={
        <Term means="It decides what is measured: accuracy and F1 for labels, entity F1, overlap with the target (ROUGE-L, chrF, BLEU), or perplexity and variety for a persona.">
          What comes out is
        </Term>
      }
      size="xs"
      value={task}
      data={Object.entries(TASK_WORDS).map(([value, { plain, term }]) => ({ value, label: `${plain} (${term})` }))}
      onChange={({ currentTarget: { value } }) => {
        if (isTask(value)) dataset.remap({ task: value });
      }}
    />
  );
}
