/** What a classification chooses from. */
import type { LabelChoices } from '../evaluation';
import type { PreparedDataset } from './preparedDataset';

/** Null where the task is to write. */
export function labelChoicesOf({ summary, labelTargets }: PreparedDataset): LabelChoices | null {
  if (summary.mapping.task !== 'classification') return null;
  return { labels: summary.labels.map(({ label }) => label), targets: labelTargets };
}
